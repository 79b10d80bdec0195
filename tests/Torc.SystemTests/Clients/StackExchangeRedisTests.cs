using System.Net;
using StackExchange.Redis;
using Torc.SystemTests.Harness;
using Torc.SystemTests.Processes;

namespace Torc.SystemTests.Clients;

/// <summary>StackExchange.Redis in this process: with one node as its endpoint, and with all three.</summary>
[Collection(SharedClusterTests.Name)]
public sealed class StackExchangeRedisTests(SharedCluster shared)
{
    [SystemTheory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void Strings_and_expiry_work_through_one_node(int node)
    {
        using ConnectionMultiplexer connection = Connect(shared.Cluster[node]);
        IDatabase database = connection.GetDatabase();
        RedisKey key = $"{{se:{node}}}"; // A cluster client deletes many keys at once only when they share a slot.

        database.StringSet(key, "one", TimeSpan.FromMinutes(1)).ShouldBeTrue();
        database.StringSet(key, "two", when: When.NotExists).ShouldBeFalse();
        database.StringAppend(key, "!").ShouldBe(4);
        ((string?)database.StringGet(key)).ShouldBe("one!");
        database.KeyTimeToLive(key)!.Value.TotalSeconds.ShouldBeInRange(50, 60);
        database.KeyPersist(key).ShouldBeTrue();
        database.KeyTimeToLive(key).ShouldBeNull();
        database.StringIncrement($"{key}:count", 5).ShouldBe(5);
        database.KeyDelete([key, $"{key}:count"]).ShouldBe(2);
        database.StringGet(key).IsNull.ShouldBeTrue();
    }

    [SystemFact]
    public void Many_calls_in_flight_over_all_nodes_get_their_own_replies()
    {
        const int keys = 2_000;
        using ConnectionMultiplexer connection = Connect(shared.Cluster.Nodes);
        IDatabase database = connection.GetDatabase();

        Task<bool>[] writes = [.. Enumerable.Range(0, keys).Select(key => database.StringSetAsync($"se:many:{key}", key))];
        Task.WaitAll(writes);
        Task<RedisValue>[] reads = [.. Enumerable.Range(0, keys).Select(key => database.StringGetAsync($"se:many:{key}"))];
        Task.WaitAll(reads);

        reads.Select(static read => (int)read.Result).ShouldBe(Enumerable.Range(0, keys));
    }

    private static ConnectionMultiplexer Connect(params TorcNode[] nodes)
    {
        var options = new ConfigurationOptions { SyncTimeout = 20_000, ConnectTimeout = 10_000, AbortOnConnectFail = true };
        foreach (TorcNode node in nodes)
            options.EndPoints.Add(IPAddress.Loopback, node.Port);
        return ConnectionMultiplexer.Connect(options);
    }
}
