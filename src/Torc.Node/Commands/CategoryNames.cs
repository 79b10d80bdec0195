namespace Torc.Node.Commands;

/// <summary>The ACL categories of most commands, as Redis assigns them.</summary>
internal static class CategoryNames
{
    public static readonly IReadOnlyList<string> StringRead = ["read", "string", "fast"];
    public static readonly IReadOnlyList<string> StringReadSlow = ["read", "string", "slow"];
    public static readonly IReadOnlyList<string> StringWrite = ["write", "string", "fast"];
    public static readonly IReadOnlyList<string> StringWriteSlow = ["write", "string", "slow"];
    public static readonly IReadOnlyList<string> KeyspaceRead = ["keyspace", "read", "fast"];
    public static readonly IReadOnlyList<string> KeyspaceReadSlow = ["keyspace", "read", "slow"];
    public static readonly IReadOnlyList<string> KeyspaceWrite = ["keyspace", "write", "fast"];
    public static readonly IReadOnlyList<string> KeyspaceWriteSlow = ["keyspace", "write", "slow"];
    public static readonly IReadOnlyList<string> KeyspaceDangerous = ["keyspace", "read", "slow", "dangerous"];
    public static readonly IReadOnlyList<string> Flush = ["keyspace", "write", "slow", "dangerous"];
    public static readonly IReadOnlyList<string> Connection = ["fast", "connection"];
    public static readonly IReadOnlyList<string> ConnectionSlow = ["slow", "connection"];
    public static readonly IReadOnlyList<string> ConnectionAdmin = ["admin", "slow", "dangerous", "connection"];
    public static readonly IReadOnlyList<string> Slow = ["slow"];
    public static readonly IReadOnlyList<string> Fast = ["fast"];
    public static readonly IReadOnlyList<string> Administration = ["admin", "slow", "dangerous"];
    public static readonly IReadOnlyList<string> Dangerous = ["slow", "dangerous"];
}
