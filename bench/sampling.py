"""What a run costs: CPU time and memory of the processes in it, sampled while it runs."""

import time
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field

import psutil


@dataclass(frozen=True, slots=True)
class Sample:
    """Seconds of CPU since each process began, and bytes the measured program holds."""

    at: float
    cpu: dict[str, float]
    resident: int


def _own(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _family(process: psutil.Process) -> float:
    """CPU of a process, its live children and those it has already waited for."""
    times = process.cpu_times()
    total = float(times.user + times.system + times.children_user + times.children_system)
    for child in process.children():
        try:
            total += _own(child)
        except psutil.NoSuchProcess:
            continue
    return total


@dataclass
class Sampler:
    """Samples the program, Postgres with all its backends, and Kafka."""

    program: psutil.Process
    postgres: psutil.Process
    kafka: psutil.Process | None
    samples: list[Sample] = field(default_factory=list)

    def take(self) -> None:
        """One sample; nothing when the program has ended."""
        try:
            cpu = {"program": _family(self.program), "postgres": _family(self.postgres)}
            resident = self.program.memory_info().rss
        except (psutil.NoSuchProcess, psutil.ZombieProcess):
            return
        if self.kafka is not None:
            cpu["kafka"] = _own(self.kafka)
        self.samples.append(Sample(time.time(), cpu, resident))

    def spent(self, start: float, end: float) -> dict[str, float]:
        """Seconds of CPU by process between two times, interpolated between samples."""
        times = [sample.at for sample in self.samples]
        spent = {}
        for name in self.samples[0].cpu:
            used = [sample.cpu[name] for sample in self.samples]
            spent[name] = interpolate(times, used, end) - interpolate(times, used, start)
        return spent

    def peak(self) -> int:
        """The most bytes the program held in any sample."""
        return max(sample.resident for sample in self.samples)


def interpolate(times: Sequence[float], values: Sequence[float], moment: float) -> float:
    """The value at `moment` on the line through the samples; the nearest one outside of them."""
    at = bisect_left(times, moment)
    if at == 0:
        return values[0]
    if at == len(times):
        return values[-1]
    share = (moment - times[at - 1]) / (times[at] - times[at - 1])
    return values[at - 1] + share * (values[at] - values[at - 1])


def listener(port: int) -> psutil.Process | None:
    """The process that listens on a port, if this user may see it."""
    try:
        for connection in psutil.net_connections("tcp"):
            listens = connection.status == psutil.CONN_LISTEN
            if listens and connection.laddr and connection.laddr.port == port:
                return psutil.Process(connection.pid) if connection.pid else None
    except psutil.AccessDenied:
        return None
    return None
