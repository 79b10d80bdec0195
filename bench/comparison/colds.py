"""What reads of records in memory notice of reads of records on disk, on Torc alone.

A data set four times the resident budget. Some clients read a few keys, which are in memory all the time, at a rate that leaves the machine room;
their latencies are taken without and with other clients that read all keys with a Zipfian distribution. Latencies count from when an operation was due.
The files are in the page cache, as far as the machine has memory.
"""
import json
import re
import statistics
import subprocess
import urllib.request
from dataclasses import dataclass

from comparison import loads, machine
from comparison.contenders import torc_command
from comparison.contests import tell
from comparison.processes import Trouble
from comparison.scenarios import torc

BUDGET_MB = 64
TIMES_THE_BUDGET = 4
RECORD_BYTES = 150  # about, key and value included
KEYS = TIMES_THE_BUDGET * (BUDGET_MB << 20) // RECORD_BYTES
RESIDENT_KEYS = 5_000
RATE = 4_000  # of each of the two
WARM_UP_S = 10
WINDOW_S = 5
WINDOWS = 3  # without and with, in turn
P99_GROWTH_MAX = 2.0
PERCENTILES = {"p50": "p50", "p99": "p99", "p999": "p99.9"}  # as torc bench calls them, and as people do


@dataclass
class Window:
    """Latencies in milliseconds; `cold_share` is of the reads of all keys, and 0 when there were none."""

    phase: str
    resident: dict
    all_keys: dict
    cold_share: float


def measure(settings):
    server = torc("torc with a small budget", f"--resident-bytes-max={BUDGET_MB}mb", "--segment-bytes=8mb", "--durability=everysec")(
        settings.base_port, settings.torc)
    try:
        busy = machine.wait_until_quiet(settings.wait_s)
        server.start()
        loads.fill_with_torc_bench(loads.Load("get", 1, "torc-bench", KEYS), server, settings.torc)
        window("warm-up", server, settings, WARM_UP_S)
        windows = []
        for number in range(2 * WINDOWS):
            windows.append(window("with" if number % 2 else "without", server, settings, WINDOW_S))
            tell(f"cold: {windows[-1]}")
        return {"keys": KEYS, "budgetMb": BUDGET_MB, "residentBytes": server.resident_bytes(), "rate": RATE, "busyBefore": busy,
                "windows": [vars(each) for each in windows]}
    finally:
        server.end()


def window(phase, server, settings, seconds):
    before = cold_reads(server)
    others = None if phase == "without" else reader(server, settings, seconds + 1, KEYS, "zipfian")
    resident = read_result(reader(server, settings, seconds, RESIDENT_KEYS, "uniform"))
    if others is None:
        return Window(phase, latencies(resident), {}, 0)
    found = read_result(others)
    return Window(phase, latencies(resident), latencies(found), (cold_reads(server) - before) / (found["operations"] + found["warmUpOperations"]))


def reader(server, settings, seconds, keys, distribution):
    return subprocess.Popen(
        torc_command(settings.torc) + [
            "bench", "--workload", "get", "--targets", f"127.0.0.1:{server.ports[0]}", "--keys", str(keys), "--distribution", distribution,
            "--value-bytes", str(loads.VALUE_BYTES), "--connections", str(loads.CONNECTIONS), "--rate", str(RATE),
            "--seconds", str(seconds), "--warm-up", str(loads.CLIENT_WARM_UP_S), "--json"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)


def read_result(process):
    output, _ = process.communicate(timeout=loads.RUN_TIMEOUT_S)
    result = json.loads(output)
    if process.returncode != 0 or sum(result["errors"].values()) > 0:
        raise Trouble(f"torc bench failed: {output[-2000:]}")
    return result


def latencies(result):
    return {percentile: result["latencyMs"]["all"][percentile] for percentile in PERCENTILES}


def cold_reads(server):
    [process] = server.processes
    with urllib.request.urlopen(f"http://127.0.0.1:{process.port + 2}/metrics", timeout=10) as page:
        return sum(float(value) for value in re.findall(r"^torc_cold_reads_total(?:{[^}]*})? (\S+)$", page.read().decode(), re.MULTILINE))


def median(figures, phase, of, percentile):
    return statistics.median(each[of][percentile] for each in figures["windows"] if each["phase"] == phase)


def growth(figures):
    """p99 of reads in memory, with reads from disk beside them over without."""
    return median(figures, "with", "resident", "p99") / median(figures, "without", "resident", "p99")
