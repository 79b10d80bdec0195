// ioredis against the nodes whose ports are the arguments: node checks.js CHECK PORT...
"use strict";
const assert = require("node:assert/strict");
const Redis = require("ioredis");

const options = { maxRetriesPerRequest: 2, commandTimeout: 20000 };

async function plain(ports) {
  const nodes = ports.map((port) => new Redis({ ...options, host: "127.0.0.1", port }));
  try {
    for (const [writer, node] of nodes.entries()) {
      const key = `io:plain:${writer}`;
      assert.equal(await node.set(key, "välue"), "OK");
      for (const reader of nodes) assert.equal(await reader.get(key), "välue");
      assert.equal(await node.set(key, "x", "NX"), null);
      assert.equal(await node.set(key, "1", "PX", 60000), "OK");
      assert.equal(await nodes[(writer + 1) % nodes.length].incrby(key, 9), 10);
      assert.ok((await node.pttl(key)) > 50000, "INCRBY keeps the expiry");
      assert.deepEqual(await node.getBuffer(key), Buffer.from("10"));
      await assert.rejects(node.call("NOSUCH", "a"), /unknown command/);
    }
    const pipeline = nodes[0].pipeline();
    for (let number = 0; number < 1000; number++) pipeline.set(`io:p:${number}`, number);
    const replies = await pipeline.exec();
    assert.ok(replies.every(([error, reply]) => error === null && reply === "OK"));
    const values = await Promise.all(Array.from({ length: 1000 }, (_, number) => nodes[number % nodes.length].get(`io:p:${number}`)));
    assert.deepEqual(values, Array.from({ length: 1000 }, (_, number) => `${number}`));
    const seen = new Set();
    for await (const keys of nodes[1].scanStream({ match: "io:p:*", count: 100 })) for (const key of keys) seen.add(key);
    assert.equal(seen.size, 1000);
  } finally {
    for (const node of nodes) node.disconnect();
  }
}

async function cluster(ports) {
  for (const port of ports) {
    const client = new Redis.Cluster([{ host: "127.0.0.1", port }], { redisOptions: options, slotsRefreshTimeout: 10000 });
    try {
      await Promise.all(Array.from({ length: 500 }, (_, number) => client.set(`io:cluster:${number}`, `${port}-${number}`)));
      const values = await Promise.all(Array.from({ length: 500 }, (_, number) => client.get(`io:cluster:${number}`)));
      assert.deepEqual(values, Array.from({ length: 500 }, (_, number) => `${port}-${number}`));
      assert.equal(client.nodes("master").length, ports.length);
      assert.equal(await client.del("io:cluster:0"), 1);
      assert.equal(await client.get("io:cluster:0"), null);
      assert.equal(await client.mset("{io}a", 1, "{io}b", 2), "OK");
      assert.deepEqual(await client.mget("{io}a", "{io}b"), ["1", "2"]);
    } finally {
      client.disconnect();
    }
  }
}

const [check, ...ports] = process.argv.slice(2);
({ plain, cluster })[check](ports.map(Number)).then(
  () => console.log("ok"),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
