"""One meeting of two contenders: started once, warmed up, then measured in turn, A B A B, load by load, for several rounds.

Both stay up for the whole meeting, so that the second measurement of a pair follows the first within seconds and a slow
minute of the machine meets both; ratios are taken within such a pair. The one that is not measured is idle.
"""
import statistics
import sys
import time
from dataclasses import dataclass, field

from comparison import loads, machine
from comparison.processes import Trouble

WARM_UP_SHARE = 0.4  # of a measured run's time, for the last of the warm-up runs of each load
WARM_UP_PASSES = 2


@dataclass(frozen=True)
class Contest:
    """`first` and `second` make a contender, given a port and the path of torc; `why` explains it to the reader of the table."""

    name: str
    why: str
    first: callable
    second: callable
    loads: tuple


@dataclass
class Sample:
    """One measured run of one contender."""

    rate: float
    p50_ms: float
    p99_ms: float
    cpu_us: float
    client_cpu_us: float
    errors: int
    busy_before: float


FIGURES = ("rate", "p50_ms", "p99_ms", "cpu_us", "client_cpu_us")


@dataclass
class Outcome:
    """All samples by load and contender, in the order of the rounds."""

    contest: Contest
    names: list
    samples: dict = field(default_factory=dict)
    base_bytes: dict = field(default_factory=dict)
    resident_bytes: dict = field(default_factory=dict)

    def median(self, load, name, figure):
        return statistics.median(getattr(sample, figure) for sample in self.samples[load][name])

    def ratios(self, load, figure):
        """The first's figure through the second's, within each round; empty when it cannot be told."""
        pairs = zip(*(self.samples[load][name] for name in self.names))
        return [
            getattr(first, figure) / getattr(second, figure) for first, second in pairs if getattr(second, figure) > 0]

    def paired_ratio(self, load, figure):
        ratios = self.ratios(load, figure)
        return statistics.median(ratios) if ratios else float("nan")

    def busiest(self, load):
        return max(sample.busy_before for samples in self.samples[load].values() for sample in samples)


@dataclass(frozen=True)
class Settings:
    torc: str
    rounds: int
    seconds: float
    wait_s: float
    deadline: float
    base_port: int


def hold(contest, settings):
    contenders = []
    try:
        for number, make in enumerate((contest.first, contest.second)):
            contenders.append(make(settings.base_port + 20 * number, settings.torc))
            contenders[-1].start()
        outcome = Outcome(contest, [contender.name for contender in contenders])
        outcome.base_bytes = {contender.name: contender.resident_bytes() for contender in contenders}
        requests = {contender.name: prepare(contender, contest, settings) for contender in contenders}
        for number in range(settings.rounds):
            if not hold_round(number, contenders, requests, outcome, settings):
                break
        outcome.resident_bytes = {contender.name: contender.resident_bytes() for contender in contenders}
        return outcome
    finally:
        for contender in contenders:
            contender.end()


def prepare(contender, contest, settings):
    """Fills the contender, drives it until its code is compiled and its tables have grown; requests that each load is worth."""
    tell(f"{contest.name}: filling and warming up {contender.name}")
    for load in {load.tool: load for load in contest.loads}.values():
        loads.FILLS[load.tool](load, contender, settings.torc)
    rates = {load: loads.run(load, contender, load.first_guess, settings.torc).rate for load in contest.loads}
    for _ in range(WARM_UP_PASSES):
        for load in contest.loads:
            requests = whole_pipelines(rates[load] * settings.seconds * WARM_UP_SHARE, load)
            rates[load] = loads.run(load, contender, requests, settings.torc).rate
    return {load: whole_pipelines(rates[load] * settings.seconds, load) for load in contest.loads}


def whole_pipelines(requests, load):
    batch = load.pipeline * loads.CONNECTIONS
    return max(1, round(requests / batch)) * batch


def hold_round(number, contenders, requests, outcome, settings):
    """False when the time is up; what was measured until then counts if it has both sides."""
    for load in outcome.contest.loads:
        if time.monotonic() > settings.deadline:
            if number == 0:
                raise Trouble("the time is up (--minutes) before the first round was complete")
            tell(f"{outcome.contest.name}: the time is up (--minutes) in round {number + 1}")
            return False
        pair = [measure(load, contender, requests[contender.name][load], settings) for contender in contenders]
        by_name = outcome.samples.setdefault(load, {name: [] for name in outcome.names})
        for contender, sample in zip(contenders, pair):
            by_name[contender.name].append(sample)
        tell(f"{outcome.contest.name} round {number + 1}: {load.name}: " + ", ".join(
            f"{name} {by_name[name][-1].rate:,.0f}/s [{by_name[name][-1].cpu_us:.1f} µs]" for name in outcome.names))
    return True


def measure(load, contender, requests, settings):
    busy = machine.wait_until_quiet(settings.wait_s)
    before = contender.processor_seconds()
    run = loads.run(load, contender, requests, settings.torc)
    used = contender.processor_seconds() - before
    return Sample(
        run.rate, run.p50_ms, run.p99_ms, used * 1e6 / run.requests, run.client_seconds * 1e6 / run.requests, run.errors, busy)


def tell(line):
    print(line, file=sys.stderr, flush=True)
