"""What this machine is, and whether anything else keeps it busy."""
import os
import platform
import time

SAMPLE_S = 0.5
BUSY_MAX = 0.10  # share of all processors; above it a measurement says more about the neighbours than about the server
WAIT_MAX_S = 20


def description(directory):
    return {
        "fileSystem": file_system(directory),
        "processors": os.cpu_count(),
        "model": processor_model(),
        "kernel": platform.release(),
        "loadavg": os.getloadavg(),
    }


def processor_model():
    with open("/proc/cpuinfo") as cpuinfo:
        return next((line.split(":")[1].strip() for line in cpuinfo if line.startswith("model name")), platform.machine())


def file_system(directory):
    """Type of the file system of a directory: on tmpfs a sync costs nothing, and says nothing."""
    path = os.path.realpath(directory)
    with open("/proc/mounts") as mounts:
        points = {fields[1]: fields[2] for fields in map(str.split, mounts)}
    while path not in points:
        path = os.path.dirname(path)
    return points[path]


def processor_ticks():
    """Busy and all ticks of all processors since the machine started."""
    with open("/proc/stat") as stat:
        ticks = [int(word) for word in stat.readline().split()[1:9]]
    idle = ticks[3] + ticks[4]
    return sum(ticks) - idle, sum(ticks)


def busy_share(seconds=SAMPLE_S):
    busy, everything = processor_ticks()
    time.sleep(seconds)
    busy_after, everything_after = processor_ticks()
    return (busy_after - busy) / max(1, everything_after - everything)


def wait_until_quiet(wait_max_s=WAIT_MAX_S):
    """How busy the machine was when the waiting ended, which is bounded: 0 to 1."""
    deadline = time.monotonic() + wait_max_s
    while True:
        busy = busy_share()
        if busy <= BUSY_MAX or time.monotonic() >= deadline:
            return busy
