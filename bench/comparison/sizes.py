"""What a key costs in memory, and how long millions of them take to come back.

The slope between one million and N million keys leaves out what the process needs anyway, which is given beside it. Time to
recover is from exec until the key written last is answered and all are counted, with the files in the page cache.
"""
import base64
import os
import random
import signal
import time
from dataclasses import asdict, dataclass

from comparison import loads, machine
from comparison.contests import tell
from comparison.processes import Trouble, ask
from comparison.scenarios import redis, torc

KEY_FORMAT = b"compare:%014d"
KEY_BYTES = 22
FIRST_KEYS = 1_000_000
SETTLE_S = 2.5  # what is still written behind the replies: Redis may hold its log back for two seconds
VALUE = base64.b64encode(random.Random(1).randbytes(loads.VALUE_BYTES))[:loads.VALUE_BYTES]  # does not compress


@dataclass
class SizeFigures:
    base_mb: float
    slope_bytes_beyond: float
    resident_bytes_a_key: float
    fill_s: float
    after_overwrites_bytes_beyond: float
    disk_bytes_a_key: float
    clean_stop_s: float
    recovery_after_stop_s: float
    recovery_after_kill_s: float
    resident_after_recovery_bytes_a_key: float
    busy_before: float


TITLES = {
    "base_mb": "process without keys, MB",
    "slope_bytes_beyond": "bytes a key beyond key and value, slope",
    "resident_bytes_a_key": "resident bytes a key, all in all",
    "fill_s": "seconds to fill, one connection",
    "after_overwrites_bytes_beyond": "bytes a key beyond key and value after overwrites",
    "disk_bytes_a_key": "disk bytes a key",
    "clean_stop_s": "seconds to stop cleanly",
    "recovery_after_stop_s": "seconds to come back after a clean stop",
    "recovery_after_kill_s": "seconds to come back after kill -9",
    "resident_after_recovery_bytes_a_key": "resident bytes a key after that",
    "busy_before": "machine busy before, share",
}


def contenders():
    return {
        "torc everysec": torc("torc everysec", "--durability=everysec"),
        "redis everysec": redis("redis everysec", "everysec"),
    }


def measure_all(keys, overwrites, settings):
    if keys <= FIRST_KEYS:
        raise Trouble(f"--keys has to be more than {FIRST_KEYS:,}: the slope of memory begins there")
    found = {}
    for name, make in contenders().items():
        if time.monotonic() > settings.deadline:
            tell(f"size: the time is up (--minutes): {name} is left out")
            break
        tell(f"size: {name}, {keys:,} keys")
        found[name] = asdict(measure(make, keys, overwrites, settings))
    return found


def measure(make, keys, overwrites, settings):
    contender = make(settings.base_port, settings.torc)
    try:
        busy = machine.wait_until_quiet(settings.wait_s)
        contender.start()
        return measure_started(contender, keys, overwrites, busy)
    finally:
        contender.end()


def measure_started(contender, keys, overwrites, busy):
    [server] = contender.processes
    payload = KEY_BYTES + loads.VALUE_BYTES
    base = server.resident_bytes()
    began = time.monotonic()
    loads.fill(server.port, KEY_FORMAT, range(FIRST_KEYS), VALUE)
    first = settled_bytes(server)
    loads.fill(server.port, KEY_FORMAT, range(FIRST_KEYS, keys), VALUE)
    seconds = time.monotonic() - began - SETTLE_S
    full = settled_bytes(server)
    for _ in range(overwrites):
        loads.fill(server.port, KEY_FORMAT, range(keys), VALUE)
    overwritten = settled_bytes(server)
    disk = disk_bytes(contender.directory)
    began = time.monotonic()
    server.end(signal.SIGTERM)
    stop_s = time.monotonic() - began
    after_stop_s = recovery_seconds(server, keys)
    server.end(signal.SIGKILL)
    after_kill_s = recovery_seconds(server, keys)
    return SizeFigures(
        base_mb=base / 1e6,
        slope_bytes_beyond=(full - first) / (keys - FIRST_KEYS) - payload,
        resident_bytes_a_key=full / keys,
        fill_s=seconds,
        after_overwrites_bytes_beyond=(overwritten - base) / keys - payload if overwrites else float("nan"),
        disk_bytes_a_key=disk / keys,
        clean_stop_s=stop_s,
        recovery_after_stop_s=after_stop_s,
        recovery_after_kill_s=after_kill_s,
        resident_after_recovery_bytes_a_key=server.resident_bytes() / keys,
        busy_before=busy)


def settled_bytes(server):
    time.sleep(SETTLE_S)
    return server.resident_bytes()


def recovery_seconds(server, keys):
    """From exec to the answer for the key that was written last."""
    last = f"GET {(KEY_FORMAT % (keys - 1)).decode()}"
    began = time.monotonic()
    server.start()
    server.wait_until(lambda: VALUE in ask(server.port, last), "answering for the last key")
    seconds = time.monotonic() - began
    counted = ask(server.port, "DBSIZE")
    if counted != b":%d\r\n" % keys:
        raise Trouble(f"{' '.join(server.arguments)} came back with {counted!r} of {keys:,} keys")
    return seconds


def disk_bytes(directory):
    """What the files occupy, which is less than their length where they are sparse."""
    total = 0
    for folder, _, names in os.walk(directory):
        total += sum(os.stat(os.path.join(folder, name)).st_blocks * 512 for name in names)
    return total
