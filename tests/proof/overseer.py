"""Who watches an installation as its operators do: Prometheus with our rules, and the status page.

Prometheus is Debian's, the rules are the published ones. So that a proof need not last as long as
a night, every duration in them is a twentieth of itself (of a rule that looks back over a short
range, somewhat more), and so are the page's objectives.
"""

import asyncio
import re
import shutil
import subprocess
import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from pathlib import Path
from typing import Any

import httpx
import yaml

from headway.local.ports import HOST, free_ports
from tests.proof.installation import ROOT, Installation

RULES = ROOT / "deploy" / "alerts" / "headway.rules.yml"
FASTER = 20
LEAST_RANGE = 15
"""Seconds."""
_RANGE = re.compile(r"\[(\w+)\]")
_OF_GROUPS = re.compile(r'(group=~?")headway-')
_SECONDS = {"s": 1, "m": 60, "h": 3600}
_TIMED = ("headway_outbox_oldest_age_seconds", "kafka_consumergroup_group_max_lag_seconds",
          "headway_job_overdue_seconds")  # fmt: skip


def hurried(rules: str, group_prefix: str) -> str:
    """The rules for groups of that prefix, each duration a twentieth of itself. Within a rule all
    are shortened alike, or one that never fires in earnest could fire here."""
    document = yaml.safe_load(rules)
    for group in document["groups"]:
        for rule in group["rules"]:
            _hurry(rule)
            rule["expr"] = _OF_GROUPS.sub(rf"\g<1>{group_prefix}", rule["expr"])
    return yaml.safe_dump(document)


def _hurry(rule: dict[str, Any]) -> None:
    faster = _faster(rule["expr"])
    if "for" in rule:
        rule["for"] = f"{max(_seconds(rule['for']) // faster, 1)}s"
    expression = _RANGE.sub(lambda m: f"[{_seconds(m[1]) // faster}s]", rule["expr"])
    if any(metric in expression for metric in _TIMED):
        expression = re.sub(r"> (\d+)", lambda m: f"> {int(m[1]) / FASTER}", expression)
    rule["expr"] = expression


def _faster(expression: str) -> int:
    """How much shorter the durations of a rule become: a range still holds several tries of
    whoever waits longer each time."""
    shortest = min((_seconds(found) for found in _RANGE.findall(expression)), default=None)
    return FASTER if shortest is None else min(FASTER, shortest // LEAST_RANGE)


def _seconds(duration: str) -> int:
    return sum(int(n) * _SECONDS[unit] for n, unit in re.findall(r"(\d+)([smh])", duration))


class Overseer:
    """Prometheus and the status page of one installation."""

    def __init__(self, place: Installation, folder: Path) -> None:
        self._place = place
        self._folder = folder
        self._port = free_ports(["prometheus"])["prometheus"]
        self._prometheus: subprocess.Popen[bytes] | None = None

    @staticmethod
    def missing() -> str:
        """What this machine lacks for it; '' for nothing."""
        return "" if shutil.which("prometheus") else "Debian's prometheus is not installed"

    async def begin(self, jobs: Sequence[tuple[str, Sequence[str]]]) -> None:
        """Watch these processes, by the job that Prometheus calls them by."""
        self._place.start(
            "status", status_port=str(self._place.port("status")), status_every="1",
            status_offset_refresh="1",
            status_lag_seconds=str(120 / FASTER), status_outbox_seconds=str(60 / FASTER),
        )  # fmt: skip
        self._launch(jobs)
        await self._place.ready("status")
        await self._until(self._sees_everything, 60, "Prometheus reads every process")

    def _launch(self, jobs: Sequence[tuple[str, Sequence[str]]]) -> None:
        self._folder.mkdir()
        rules, config = self._folder / "rules.yml", self._folder / "prometheus.yml"
        rules.write_text(hurried(RULES.read_text(), self._place.settings.group_prefix))
        scraped = [
            {
                "job_name": job,
                "static_configs": [
                    {"targets": [f"{HOST}:{self._place.port(name)}" for name in names]}
                ],
            }
            for job, names in (*jobs, ("headway-status", ["status"]))
        ]
        every = {"scrape_interval": "1s", "evaluation_interval": "1s"}
        document = {"global": every, "rule_files": [str(rules)], "scrape_configs": scraped}
        config.write_text(yaml.safe_dump(document))
        command = [
            "prometheus", f"--config.file={config}", f"--storage.tsdb.path={self._folder}/data",
            f"--web.listen-address={HOST}:{self._port}",
        ]  # fmt: skip
        with (self._folder / "log").open("wb") as log:
            self._prometheus = subprocess.Popen(command, stdout=log, stderr=log)

    def end(self) -> None:
        """Stop Prometheus; the installation ends the page."""
        if self._prometheus is not None:
            self._prometheus.terminate()
            self._prometheus.wait(20)

    async def fires(self, alert: str, within: float) -> float:
        """Wait until it fires; seconds waited."""
        return await self._until(lambda: self.is_firing(alert), within, f"{alert} fires")

    async def calms(self, alert: str, within: float) -> float:
        """Wait until it does not fire any more; seconds waited."""

        async def calm() -> bool:
            return not await self.is_firing(alert)

        return round(await self._until(calm, within, f"{alert} ends"), 1)

    async def says(self, word: str | None, sections: Collection[str], within: float) -> None:
        """Wait until the status page has earn's group, or a partition of it, under that word, and
        names one of those sections of the runbook, if there are any."""

        async def told() -> bool:
            status = await self._status()
            anchors = {problem["runbook"] for problem in status["judgement"]["problems"]}
            shown = not sections or not anchors.isdisjoint(sections)
            return shown and (word is None or self._has(status, word))

        await self._until(told, within, f"the page says {word} and one of {sections}")

    def _has(self, status: dict[str, Any], word: str) -> bool:
        """Whether earn's group is under that word: all of it, if it is a good one."""
        earn = f"{self._place.settings.group_prefix}earn"
        groups = [group for group in status["snapshot"]["groups"] if group["group"] == earn]
        if word == "OK":
            return [group["state"] for group in groups] == [word]
        return any(part["state"] == word for group in groups for part in group["partitions"])

    async def _status(self) -> dict[str, Any]:
        code, text = await self._place.page("status", "/api/status")
        assert code == 200, text
        document: dict[str, Any] = yaml.safe_load(text)
        return document

    async def is_firing(self, alert: str) -> bool:
        """Whether it fires now."""
        alerts = (await self._ask("alerts"))["alerts"]
        return any(
            one["labels"]["alertname"] == alert and one["state"] == "firing" for one in alerts
        )

    async def _sees_everything(self) -> bool:
        targets = (await self._ask("targets"))["activeTargets"]
        return bool(targets) and all(one["health"] == "up" for one in targets)

    async def _ask(self, what: str) -> dict[str, Any]:
        async with httpx.AsyncClient(timeout=10) as client:
            answer = await client.get(f"http://{HOST}:{self._port}/api/v1/{what}")
        document: dict[str, Any] = answer.json()["data"]
        return document

    async def _until(self, met: Callable[[], Awaitable[bool]], within: float, what: str) -> float:
        began = time.monotonic()
        while True:
            try:
                if await met():
                    return time.monotonic() - began
            except httpx.TransportError:
                pass
            if time.monotonic() - began > within:
                raise AssertionError(f"not within {within:.0f} s: {what}; {await self._seen()}")
            await asyncio.sleep(0.5)

    async def _seen(self) -> str:
        """What is told instead, for whoever reads why a proof failed."""
        try:
            alerts = [(one["labels"]["alertname"], one["state"])
                      for one in (await self._ask("alerts"))["alerts"]]  # fmt: skip
            judgement = (await self._status())["judgement"]
        except (httpx.TransportError, AssertionError) as error:
            return repr(error)
        return f"{sorted(set(alerts))}; {judgement}"
