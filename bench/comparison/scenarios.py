"""Who meets whom, under which loads. A scenario is a name and its contests; the first contender is always Torc."""
from comparison.contenders import Answering, Etcd, Memcached, Redis, Torc
from comparison.contests import Contest
from comparison.loads import Load

PIPELINES = (1, 16, 64)
ETCD_KEYS = 10_000  # etcd writes some thousand a second: filling a million would take minutes and say nothing more


def torc(name, *options, nodes=1):
    return lambda port, program: Torc(name, port, program, options, nodes)


def redis(name, fsync=None, replicas=0, wait_each=False):
    return lambda port, _: Redis(name, port, fsync, replicas, wait_each)


def through_redis_benchmark():
    return tuple(Load(command, pipeline) for pipeline in PIPELINES for command in ("set", "get"))


def one_node(name, why, torc_option, fsync):
    return [Contest(name, why, torc(f"torc {name}", torc_option), redis(f"redis {name}", fsync), through_redis_benchmark())]


def floor():
    return [Contest(
        "floor", "what Torc does for a request, beside a server on the same transport that answers and keeps nothing: what redis-benchmark can do here",
        torc("torc memory", "--storage=memory"), lambda port, _: Answering("answering", port), through_redis_benchmark())]


def through_torc_bench(*loads, keys=1_000_000):
    return tuple(Load(command, pipeline, "torc-bench", keys) for command, pipeline in loads)


def quorum():
    three = torc("torc 3 nodes os", "--durability=os", nodes=3)
    return [
        Contest(
            "quorum: SET", "each write on two of three nodes; Redis: primary and two replicas, WAIT 1 after each pipeline",
            three, redis("redis + 2 replicas, WAIT 1", replicas=2), through_torc_bench(("set", 1), ("set", 16))),
        Contest(
            "quorum: SET, WAIT each", "the same, but WAIT 1 after each write, so that each reply keeps the promise that Torc's keeps",
            three, redis("redis + 2 replicas, WAIT 1 each", replicas=2, wait_each=True), through_torc_bench(("set", 16))),
        Contest(
            "quorum: GET", "each read asks a quorum of three nodes; Redis: one node, which asks nobody",
            three, redis("redis 1 node"), through_torc_bench(("get", 16))),
        Contest(
            "quorum: cost", "a replicated write beside one that is not: processor time of all nodes together",
            three, torc("torc 1 node os", "--durability=os"), through_torc_bench(("set", 16))),
    ]


def etcd():
    return [Contest(
        "etcd", "three nodes each, each write synced on two; reads linearizable (etcd) and at quorum (Torc); etcd over gRPC",
        torc("torc 3 nodes always", "--durability=always", nodes=3), lambda port, _: Etcd("etcd 3 nodes", port),
        through_torc_bench(("set", 1), ("get", 1), keys=ETCD_KEYS))]


def memcached():
    return [Contest(
        "memcached", "one node in memory; memcached through its text protocol",
        torc("torc memory", "--storage=memory"), lambda port, _: Memcached("memcached", port),
        through_torc_bench(*((command, pipeline) for pipeline in PIPELINES for command in ("set", "get"))))]


SCENARIOS = {
    "memory": lambda: one_node("memory", "nothing on disk; Redis: appendonly no", "--storage=memory", None),
    "everysec": lambda: one_node("everysec", "on disk within a second; Redis: appendfsync everysec", "--durability=everysec", "everysec"),
    "always": lambda: one_node("always", "on disk before the reply; Redis: appendfsync always", "--durability=always", "always"),
    "floor": floor,
    "quorum": quorum,
    "etcd": etcd,
    "memcached": memcached,
}
PROGRAMS = {"floor": ["redis-benchmark"], "cold": [], "join": [], "size": ["redis-server"], "etcd": ["etcd"], "memcached": ["memcached"], "quorum": ["redis-server"]}
SIZE = "size"
JOIN = "join"
COLD = "cold"
NAMES = (*SCENARIOS, SIZE, JOIN, COLD)


def programs(name):
    """What has to be installed beside Torc."""
    return PROGRAMS.get(name, ["redis-server", "redis-benchmark"])
