namespace Torc.Node.Control;

/// <summary>What clients, operators and peers are told by a node that is no member.</summary>
internal static class Texts
{
    public const string Forming = "LOADING Torc is waiting for the first nodes of its cluster; see torc status";

    public const string Joining =
        "UNAVAILABLE this node is no member of a cluster yet; let it in with torc join, or connect to another node (torc status says what it waits for)";

    public const string NoCluster = "This node is in no cluster yet: ask again when it is (torc status says what it waits for).";

    public const string TakingOver =
        "This node is just taking over a newer cluster map: ask again in a moment, or ask another node. If it stays so, the disk of this node is full: free space there.";

    public const string Removed =
        "this node was removed from the cluster and is fenced for ever; connect to another node. To use the machine again, start it with an empty --data and --seeds";
}
