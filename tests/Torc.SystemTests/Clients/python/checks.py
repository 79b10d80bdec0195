"""redis-py against the nodes whose ports are the arguments: python3 checks.py CHECK PORT..."""
import sys
import time

import redis
from redis.cluster import ClusterNode, RedisCluster


def clients(ports, **options):
    return [redis.Redis(host="127.0.0.1", port=port, socket_timeout=20, **options) for port in ports]


def expect(actual, expected):
    assert actual == expected, f"got {actual!r}, expected {expected!r}"


def strings(ports):
    nodes = clients(ports)
    for writer, node in enumerate(nodes):
        key = f"py:string:{writer}"
        expect(node.set(key, b"\x00binary\r\n\xff"), True)
        for reader in nodes:
            expect(reader.get(key), b"\x00binary\r\n\xff")
        expect(node.set(key, "again", nx=True), None)
        expect(node.set(key, "new", get=True), b"\x00binary\r\n\xff")
        expect(nodes[(writer + 1) % len(nodes)].append(key, "er"), 5)
        expect(node.getrange(key, 0, 2), b"new")
        expect(node.setrange(key, 5, "!"), 6)
        expect(node.getset(key, "7"), b"newer!")
        expect(node.incrbyfloat(key, 0.5), 7.5)
        expect(node.getdel(key), b"7.5")
        expect(nodes[writer - 1].get(key), None)
    counter = "py:counter"
    for round in range(30):
        expect(nodes[round % len(nodes)].incr(counter), round + 1)
    expect(nodes[0].mset({"py:m1": 1, "py:m2": 2}), True)
    expect(nodes[1].mget("py:m1", "py:none", "py:m2"), [b"1", None, b"2"])
    expect(nodes[2].delete("py:m1", "py:m2", "py:none"), 2)
    try:
        nodes[0].incr(nodes[0].set("py:word", "x") and "py:word")
        raise AssertionError("INCR of a word was taken")
    except redis.ResponseError as error:
        expect(str(error), "value is not an integer or out of range")


def pipelines(ports):
    for node in clients(ports):
        pipe = node.pipeline(transaction=False)
        for number in range(500):
            pipe.set(f"py:pipe:{number}", number)
        expect(pipe.execute(), [True] * 500)
        for number in range(500):
            pipe.get(f"py:pipe:{number}").incr(f"py:pipe:{number}")
        replies = pipe.execute()
        expect(replies[0::2], [str(number).encode() for number in range(500)])
        expect(replies[1::2], [number + 1 for number in range(500)])
        steps(node)


def steps(node):
    """Commands that take several steps keep their place in a pipeline."""
    expect(node.delete("py:step:a", "py:step:b"), 0)
    keys = node.dbsize()
    pipe = node.pipeline(transaction=False)
    for number in range(100):
        pipe.set("py:step:a", number).rename("py:step:a", "py:step:b").get("py:step:b").dbsize()
        pipe.msetnx({"py:step:a": "new", "py:step:b": "new"}).copy("py:step:b", "py:step:a").append("py:step:b", "x")
        pipe.mget("py:step:a", "py:step:b").keys("py:step:*").delete("py:step:a", "py:step:b").dbsize()
    replies = pipe.execute()
    for number in range(100):
        value = str(number).encode()
        answers = replies[number * 11:(number + 1) * 11]
        answers[8] = sorted(answers[8])
        expect(answers, [
            True, True, value, keys + 1, False, True, len(value) + 1, [value, value + b"x"], [b"py:step:a", b"py:step:b"], 2, keys])


def scans(ports):
    nodes = clients(ports, decode_responses=True)
    expected = sorted(f"py:scan:{number}" for number in range(1000))
    nodes[0].mset({key: "x" for key in expected})
    for node in nodes:
        for count in (1, 10, 1000):
            found = list(node.scan_iter(match="py:scan:*", count=count))
            expect(sorted(found), expected)
    expect(nodes[1].delete(*expected), 1000)
    expect(list(nodes[2].scan_iter(match="py:scan:*")), [])


def expiry(ports):
    nodes = clients(ports)
    for index, node in enumerate(nodes):
        other = nodes[(index + 1) % len(nodes)]
        key = f"py:expiry:{index}"
        node.set(key, "x", px=400)
        assert 0 < other.pttl(key) <= 400
        node.set(key + ":long", "x", ex=100)
        assert 98 <= other.ttl(key + ":long") <= 100
        expect(other.persist(key + ":long"), True)
        expect(node.ttl(key + ":long"), -1)
        expect(other.expireat(key + ":long", int(time.time()) + 50), True)
        assert node.ttl(key + ":long") <= 50
        time.sleep(0.5)
        for reader in nodes:
            expect(reader.get(key), None)
            expect(reader.exists(key), 0)
            expect(reader.ttl(key), -2)
        expect(node.set(key, "again", nx=True), True)


def cluster(ports):
    for port in ports:
        client = RedisCluster(startup_nodes=[ClusterNode("127.0.0.1", port)], socket_timeout=20)
        assert len(client.get_nodes()) == len(ports), client.get_nodes()
        for number in range(300):
            expect(client.set(f"py:cluster:{number}", number), True)
        for number in range(300):
            expect(client.get(f"py:cluster:{number}"), str(number).encode())
        expect(client.mset_nonatomic({"py:c1": 1, "py:c2": 2}), client.mset_nonatomic({"py:c1": 1, "py:c2": 2}))
        expect(client.mget_nonatomic("py:c1", "py:c2"), [b"1", b"2"])
        expect(client.delete("py:c1"), 1)
        pipe = client.pipeline()
        for number in range(100):
            pipe.incr(f"py:cluster:{number}")
        expect(pipe.execute(), [number + 1 for number in range(100)])
        client.close()


CHECKS = {check.__name__: check for check in (strings, pipelines, scans, expiry, cluster)}

if __name__ == "__main__":
    CHECKS[sys.argv[1]]([int(port) for port in sys.argv[2:]])
    print("ok")
