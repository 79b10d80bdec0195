"""A process that the comparison started. Only such processes are ever ended, each by its id."""
import ctypes
import os
import signal
import socket
import subprocess
import tempfile
import time

START_TIMEOUT_S = 300
STOP_TIMEOUT_S = 120
POLL_S = 0.01
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True)


class Trouble(Exception):
    """Something that ends the comparison, with a message for its user."""


def end_with_parent():
    """Runs in the child before its program does: a server does not outlive a comparison that was killed."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Process:
    """A server, started again and again with the same arguments; its standard error is kept for when it fails."""

    def __init__(self, arguments, port, environment=None):
        self.arguments = arguments
        self.port = port
        self.environment = {**os.environ, **(environment or {})}
        self.process = None
        self.log = None

    def start(self):
        self.log = tempfile.TemporaryFile(mode="w+", errors="replace")
        self.process = subprocess.Popen(
            self.arguments, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, env=self.environment,
            preexec_fn=end_with_parent)

    def end(self, how=signal.SIGKILL):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(STOP_TIMEOUT_S)

    def wait_until(self, answers, what, timeout_s=START_TIMEOUT_S):
        deadline = time.monotonic() + timeout_s
        while not answers():
            if self.process.poll() is not None:
                raise Trouble(f"{' '.join(self.arguments)} ended with {self.process.returncode}:\n{self.last_words()}")
            if time.monotonic() > deadline:
                raise Trouble(f"{' '.join(self.arguments)}: {what} took longer than {timeout_s} s:\n{self.last_words()}")
            time.sleep(POLL_S)

    def last_words(self, bytes_max=4000):
        self.log.flush()
        self.log.seek(0)
        return self.log.read()[-bytes_max:]

    def processor_seconds(self):
        """User and system time of all its threads so far."""
        with open(f"/proc/{self.process.pid}/stat") as stat:
            fields = stat.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND

    def resident_bytes(self):
        with open(f"/proc/{self.process.pid}/status") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS"))


def ask(port, command, timeout_s=60):
    """The first bytes of the reply to an inline command, or nothing when nobody answers."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=timeout_s) as connection:
            connection.sendall(command.encode() + b"\r\n")
            return connection.recv(4096)
    except OSError:
        return b""
