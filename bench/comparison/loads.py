"""The programs that load a server, and what one run of them says.

redis-benchmark where it can express the load: a program that neither side wrote. `torc bench` for the rest (SET and WAIT in
pairs, several nodes, memcached's and etcd's protocols), with the same loop of the same program for both sides.
"""
import csv
import json
import resource
import socket
import subprocess
from dataclasses import dataclass

from comparison.contenders import torc_command
from comparison.processes import Trouble

CONNECTIONS = 50
VALUE_BYTES = 100
RUN_TIMEOUT_S = 300
FILL_BATCH = 5_000
CLIENT_WARM_UP_S = 1.0  # `torc bench` is compiled while it runs; what it does in that time is not measured


@dataclass(frozen=True)
class Load:
    """What to send: `command` is set or get, `tool` is redis-benchmark or torc-bench."""

    command: str
    pipeline: int
    tool: str = "redis-benchmark"
    keys: int = 1_000_000

    @property
    def name(self):
        return f"{self.command.upper()} -P {self.pipeline}"

    @property
    def first_guess(self):
        return 1_000 * self.pipeline


@dataclass
class Run:
    """`requests` counts all that the server did for it; `rate`, `p50_ms` and `p99_ms` are of the measured part."""

    requests: int
    rate: float
    p50_ms: float
    p99_ms: float
    client_seconds: float
    errors: int = 0


def run(load, contender, requests, torc):
    before = client_seconds()
    result = TOOLS[load.tool](load, contender, requests, torc)
    result.client_seconds = client_seconds() - before
    return result


def client_seconds():
    """Processor time of programs that ran and ended; servers under test are not among them while they run."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def redis_benchmark(load, contender, requests, _):
    output = checked([
        "redis-benchmark", "-p", str(contender.ports[0]), "-c", str(CONNECTIONS), "-d", str(VALUE_BYTES), "-r", str(load.keys),
        "-n", str(requests), "-P", str(load.pipeline), "-t", load.command, "--csv"])
    row = next(csv.DictReader(output.splitlines()), None)
    if row is None:
        raise Trouble(f"redis-benchmark against {contender.name} printed no figures:\n{output}")
    return Run(requests, float(row["rps"]), float(row["p50_latency_ms"]), float(row["p99_latency_ms"]), 0)


def torc_bench(load, contender, requests, torc, pace=()):
    command = torc_command(torc) + [
        "bench", "--workload", load.command, "--protocol", contender.protocol,
        "--targets", ",".join(f"127.0.0.1:{port}" for port in contender.ports), "--connections", str(CONNECTIONS),
        "--pipeline", str(load.pipeline), "--keys", str(load.keys), "--value-bytes", str(VALUE_BYTES),
        "--requests", str(requests), "--warm-up", str(CLIENT_WARM_UP_S), "--json", *pace]
    if contender.wait_replicas:
        command += ["--wait-replicas", str(contender.wait_replicas)]
    if contender.wait_each:
        command.append("--wait-each")
    result = json.loads(checked(command))
    errors = sum(result["errors"].values())
    if errors > result["operations"] / 100:
        raise Trouble(f"{contender.name}, {load.name}: {errors} of {result['operations']} requests failed: {result['errors']}")
    latency = result["latencyMs"]["all"]
    return Run(
        result["operations"] + result["warmUpOperations"], result["operationsPerSecond"], latency["p50"], latency["p99"], 0, errors)


def fill_with_torc_bench(load, contender, torc):
    """Writes each key that the loads of `torc bench` use."""
    checked(torc_command(torc) + [
        "bench", "--workload", "load", "--protocol", contender.protocol,
        "--targets", ",".join(f"127.0.0.1:{port}" for port in contender.ports), "--connections", str(CONNECTIONS),
        "--pipeline", "1" if contender.protocol == "etcd" else "16", "--keys", str(load.keys), "--value-bytes", str(VALUE_BYTES), "--json"])


def fill_with_redis_benchmark_keys(load, contender, _):
    """Writes each key that redis-benchmark uses, which by itself it would only draw at random."""
    fill(contender.ports[0], b"key:%012d", range(load.keys))


def fill(port, key_format, keys, value=b"x" * VALUE_BYTES):
    """Writes keys over one connection, as many to a batch as keeps both ends busy."""
    with socket.create_connection(("127.0.0.1", port), timeout=RUN_TIMEOUT_S) as connection:
        sample = key_format % 0
        command = b"*3\r\n$3\r\nSET\r\n$%d\r\n%s\r\n$%d\r\n%s\r\n" % (
            len(sample), key_format, len(value), value.replace(b"%", b"%%"))
        for first in range(0, len(keys), FILL_BATCH):
            batch = keys[first:first + FILL_BATCH]
            connection.sendall(b"".join([command % key for key in batch]))
            expect_ok(connection, len(batch))


def expect_ok(connection, count):
    left = count * len(b"+OK\r\n")
    while left > 0:
        part = connection.recv(1 << 16)
        if not part or b"-" in part:
            raise Trouble(f"a write was refused: {part[:200]}")
        left -= len(part)


def checked(command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=RUN_TIMEOUT_S)
    except subprocess.TimeoutExpired as error:
        raise Trouble(f"{' '.join(command)} took longer than {RUN_TIMEOUT_S} s") from error
    if done.returncode != 0:
        raise Trouble(f"{' '.join(command)} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


TOOLS = {"redis-benchmark": redis_benchmark, "torc-bench": torc_bench}
FILLS = {"redis-benchmark": fill_with_redis_benchmark_keys, "torc-bench": fill_with_torc_bench}
