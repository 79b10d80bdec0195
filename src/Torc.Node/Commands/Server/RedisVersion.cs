namespace Torc.Node.Commands.Server;

/// <summary>What clients are told they talk to: they choose commands and parse replies by it.</summary>
internal static class RedisVersion
{
    /// <summary>The Redis whose commands, options and replies Torc follows.</summary>
    public const string Text = "7.2.0";

    /// <summary>
    /// INFO's redis_mode and HELLO's mode. "standalone" although CLUSTER answers: clients that read "cluster" here (StackExchange.Redis)
    /// forbid SELECT and commands across slots, both of which work. Cluster clients go by CLUSTER SLOTS, SHARDS and NODES, and by
    /// cluster_enabled:1, which redis-py's RedisCluster insists on and no plain client minds.
    /// </summary>
    public const string Mode = "standalone";
}
