"""How each server is started for a measurement: its arguments, its directory, and when it counts as ready."""
import os
import re
import shutil
import subprocess
import tempfile

from comparison.processes import Process, Trouble, ask

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TORC = os.path.join(ROOT, "src/Torc.Server/bin/Release/net10.0/torc.dll")
BENCHMARKS = os.path.join(ROOT, "bench/Torc.Benchmarks/bin/Release/net10.0/Torc.Benchmarks.dll")
INSTALL = "apt-get install -y --no-install-recommends"
PACKAGES = {"redis-server": "redis-server", "redis-benchmark": "redis-tools", "etcd": "etcd-server", "memcached": "memcached"}


def missing(program):
    """What to do about a program that is not installed, or None."""
    if shutil.which(program):
        return None
    return (f"{program} is missing: {INSTALL} {PACKAGES[program]} (to keep Debian from starting it as a service, first: "
            "printf '#!/bin/sh\\nexit 101\\n' > /usr/sbin/policy-rc.d && chmod +x /usr/sbin/policy-rc.d)")


class Contender:
    """One or more processes that together are what a client talks to. Its directory is gone afterwards."""

    protocol = "resp"
    program = None
    wait_replicas = 0
    wait_each = False

    def __init__(self, name, base_port):
        self.name = name
        self.base_port = base_port
        self.directory = tempfile.mkdtemp(prefix="torc-compare-")
        self.processes = []

    @property
    def ports(self):
        """Where clients connect."""
        return [process.port for process in self.processes]

    def start(self):
        for process in self.processes:
            process.start()
        self.wait_until_ready()

    def wait_until_ready(self):
        for process in self.processes:
            process.wait_until(lambda: ask(process.port, "DBSIZE").startswith(b":"), "answering DBSIZE")

    def end(self):
        for process in self.processes:
            process.end()
        shutil.rmtree(self.directory, ignore_errors=True)

    def processor_seconds(self):
        return sum(process.processor_seconds() for process in self.processes)

    def resident_bytes(self):
        return sum(process.resident_bytes() for process in self.processes)

    def path(self, name):
        directory = os.path.join(self.directory, name)
        os.makedirs(directory)
        return directory


class Redis(Contender):
    """One redis-server, or a primary with replicas of which writes wait for one. The log is never rewritten: Torc's is not while it holds no waste either."""

    program = "redis-server"

    def __init__(self, name, base_port, fsync=None, replicas=0, wait_each=False):
        super().__init__(name, base_port)
        self.wait_replicas = min(replicas, 1)
        self.wait_each = wait_each
        for number in range(1 + replicas):
            port = base_port + number
            arguments = [
                "redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", self.path(f"redis-{number}"), "--save", "",
                "--auto-aof-rewrite-percentage", "0", "--appendonly", "yes" if fsync else "no"]
            if fsync:
                arguments += ["--appendfsync", fsync]
            if number > 0:
                arguments += ["--replicaof", "127.0.0.1", str(base_port)]
            self.processes.append(Process(arguments, port))

    @property
    def ports(self):
        return [self.base_port]

    def wait_until_ready(self):
        super().wait_until_ready()
        for replica in self.processes[1:]:
            replica.wait_until(lambda: b"master_link_status:up" in ask(replica.port, "INFO replication"), "following the primary")


class Torc(Contender):
    """Torc nodes that form a cluster of their own."""

    def __init__(self, name, base_port, torc, options, nodes=1):
        super().__init__(name, base_port)
        ports = [base_port + 3 * node for node in range(nodes)]
        first_nodes = ",".join(f"127.0.0.1:{port + 1}" for port in ports)
        for node, port in enumerate(ports):
            arguments = torc_command(torc) + [
                "serve", f"--port={port}", f"--peer-port={port + 1}", f"--http-port={port + 2}",
                f"--data={self.path(f'node-{node}')}", *options]
            if nodes > 1:
                arguments.append(f"--first-nodes={first_nodes}")
            self.processes.append(Process(arguments, port))


class Etcd(Contender):
    """An etcd cluster: each write is synced on a majority, which etcd knows no other way of doing."""

    protocol = "etcd"
    program = "etcd"

    def __init__(self, name, base_port, nodes=3):
        super().__init__(name, base_port)
        ports = [base_port + 2 * node for node in range(nodes)]
        cluster = ",".join(f"node-{node}=http://127.0.0.1:{port + 1}" for node, port in enumerate(ports))
        for node, port in enumerate(ports):
            client, peer = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{port + 1}"
            self.processes.append(Process(
                ["etcd", "--name", f"node-{node}", "--data-dir", self.path(f"etcd-{node}"),
                 "--listen-client-urls", client, "--advertise-client-urls", client,
                 "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
                 "--initial-cluster", cluster, "--initial-cluster-state", "new", "--quota-backend-bytes", str(4 << 30)],
                port))

    def wait_until_ready(self):
        for process in self.processes:
            process.wait_until(lambda: b'"health":"true"' in ask(process.port, "GET /health HTTP/1.0\r\n"), "becoming healthy")


class Memcached(Contender):
    """memcached with its default threads, and memory enough to keep every key."""

    protocol = "memcached"
    program = "memcached"

    def __init__(self, name, base_port):
        super().__init__(name, base_port)
        self.processes.append(Process(
            ["memcached", "-p", str(base_port), "-U", "0", "-l", "127.0.0.1", "-m", "4096", "-u", "nobody"], base_port))

    def wait_until_ready(self):
        process = self.processes[0]
        process.wait_until(lambda: ask(process.port, "version").startswith(b"VERSION"), "answering version")


class Answering(Contender):
    """Torc's transport and parser with a server behind them that answers and keeps nothing."""

    def __init__(self, name, base_port):
        super().__init__(name, base_port)
        check_built(BENCHMARKS, "bench/Torc.Benchmarks")
        self.processes.append(Process(["dotnet", BENCHMARKS, "answer", str(base_port)], base_port))


def torc_command(torc):
    """A built torc.dll runs under dotnet; anything else is an executable."""
    return ["dotnet", torc] if torc.endswith(".dll") else [torc]


def versions(torc):
    """What each program says of itself; what is not installed is left out."""
    asked = {
        "torc": torc_command(torc) + ["--version"], "redis-server": ["redis-server", "--version"],
        "etcd": ["etcd", "--version"], "memcached": ["memcached", "--version"], "dotnet": ["dotnet", "--version"]}
    found = {}
    for program, command in asked.items():
        if shutil.which(command[0]):
            text = subprocess.run(command, capture_output=True, text=True, timeout=60).stdout
            number = re.search(r"\d+\.\d+[\w.+-]*", text)
            found[program] = number.group() if number else text.strip()
    return found


def check_built(program, project):
    if not os.path.exists(program):
        raise Trouble(f"{program} is missing: dotnet build -c Release {project}")
