"""What clients notice while a node joins: the latencies of a paced load before, meanwhile and after, on Torc alone.

Three nodes with keys, clients at a rate that leaves the machine room, then a fourth node takes its share. Each window is one run of
`torc bench`, whose latencies count from when an operation was due. What runs beside the servers for the join itself, `torc join`
included, is part of what clients notice, and so is that the new node's program is compiled while it runs.
"""
import statistics
import subprocess
import time
from dataclasses import dataclass

from comparison import loads, machine
from comparison.contenders import torc_command
from comparison.contests import tell
from comparison.processes import Process, Trouble, ask
from comparison.scenarios import torc

NODES = 3
KEYS = 500_000
RATE = 3_000
LOAD = loads.Load("mixed", 1, "torc-bench", KEYS)
WARM_UP_S = 30  # nodes that have just been started are compiled still, which takes a processor, and what filled them is on its way to the disk
WINDOW_S = 4
QUIET_WINDOWS = 3  # before the join, and after it
JOIN_TIMEOUT_S = 300
P99_GROWTH_MAX = 2.0


@dataclass
class Window:
    phase: str
    p50_ms: float
    p99_ms: float
    operations: int
    errors: int


def measure(settings):
    cluster = torc("torc 3 nodes everysec", "--durability=everysec", nodes=NODES)(settings.base_port, settings.torc)
    joiner = new_node(cluster, settings)
    try:
        busy = machine.wait_until_quiet(settings.wait_s)
        cluster.start()
        loads.fill_with_torc_bench(LOAD, cluster, settings.torc)
        loads.torc_bench(LOAD, cluster, 0, settings.torc, ["--rate", str(2 * RATE), "--seconds", str(WARM_UP_S)])
        windows = [window("before", cluster, settings) for _ in range(QUIET_WINDOWS)]
        tell("join: a fourth node joins")
        joiner.start()
        joiner.wait_until(lambda: f"127.0.0.1:{joiner.port + 1}".encode() in ask(cluster.ports[0], "TORC.CLUSTER STATUS"), "asking to be let in")
        seconds, meanwhile = join(cluster, settings)
        windows += meanwhile
        windows += [window("after", cluster, settings) for _ in range(QUIET_WINDOWS)]
        return {"keys": KEYS, "rate": RATE, "joinSeconds": seconds, "busyBefore": busy, "windows": [vars(each) for each in windows]}
    finally:
        joiner.end()
        cluster.end()


def new_node(cluster, settings):
    port = settings.base_port + 3 * NODES
    return Process(
        torc_command(settings.torc) + [
            "serve", f"--port={port}", f"--peer-port={port + 1}", f"--http-port={port + 2}", f"--data={cluster.path('joiner')}",
            f"--seeds=127.0.0.1:{cluster.ports[0] + 1}", "--durability=everysec"], port)


def join(cluster, settings):
    """How long the change took, and the windows that began meanwhile."""
    began = time.monotonic()
    command = subprocess.Popen(
        torc_command(settings.torc) + ["join", "--at", f"127.0.0.1:{cluster.ports[0]}"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        windows = []
        while command.poll() is None and time.monotonic() - began < JOIN_TIMEOUT_S:
            windows.append(window("meanwhile", cluster, settings))
        said, _ = command.communicate(timeout=1)
    except subprocess.TimeoutExpired as error:
        raise Trouble(f"the join took longer than {JOIN_TIMEOUT_S} s") from error
    finally:
        command.kill()
    if command.returncode != 0:
        raise Trouble(f"torc join failed:\n{said}")
    return time.monotonic() - began, windows


def window(phase, cluster, settings):
    ran = loads.torc_bench(LOAD, cluster, 0, settings.torc, ["--rate", str(RATE), "--seconds", str(WINDOW_S)])
    return Window(phase, ran.p50_ms, ran.p99_ms, ran.requests, ran.errors)


def medians(figures, phase):
    """Median p50 and p99 of a phase's windows, in milliseconds."""
    of_phase = [each for each in figures["windows"] if each["phase"] == phase]
    return tuple(statistics.median(each[figure] for each in of_phase) for figure in ("p50_ms", "p99_ms"))


def growth(figures):
    """p99 meanwhile over p99 before."""
    return medians(figures, "meanwhile")[1] / medians(figures, "before")[1]
