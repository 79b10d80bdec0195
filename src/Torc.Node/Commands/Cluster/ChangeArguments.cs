using Torc.Core.Placement;
using Torc.Core.Replication;
using Torc.Node.Control;
using Torc.Protocols.Resp;

namespace Torc.Node.Commands.Cluster;

/// <summary>The words of TORC.CLUSTER that ask for a change, read into a request; what is wrong with them is said to the operator.</summary>
internal static class ChangeArguments
{
    public const string Syntax = "JOIN [address ...] | LEAVE node [node ...] | REMOVE node [node ...] | REPLACE node [address] | WEIGHT node weight | "
        + "COPIES number-or-dc:number,... | KEYSPACE keyspace [READ level] [WRITE level]";

    /// <summary>Reads from the word at <paramref name="at"/> to the end. Null with the error in <paramref name="problem"/>.</summary>
    public static ChangeRequest? Read(CommandBuffer arguments, int at, ClusterView view, out string problem)
    {
        problem = $"ERR say what is to change: {Syntax}";
        string what = at < arguments.Count ? arguments[at].Text().ToUpperInvariant() : "";
        int count = arguments.Count - at - 1;
        switch (what)
        {
            case "JOIN":
                return Candidates(arguments, at + 1, view, out problem) is { } joining ? new ChangeRequest.Join(joining) : null;
            case "LEAVE" when count > 0:
                return Nodes(arguments, at + 1, view, isUp: true, out problem) is { } leaving ? new ChangeRequest.Leave(leaving) : null;
            case "REMOVE" when count > 0:
                return Nodes(arguments, at + 1, view, isUp: false, out problem) is { } removed ? new ChangeRequest.Remove(removed) : null;
            case "REPLACE" when count is 1 or 2:
                return Replace(arguments, at + 1, view, out problem);
            case "WEIGHT" when count == 2:
                return Number(arguments, at + 1, ushort.MaxValue, out problem) is { } node && Number(arguments, at + 2, int.MaxValue, out problem) is { } weight
                    ? new ChangeRequest.Weight((ushort)node, (int)weight) : null;
            case "COPIES" when count == 1:
                return Copies(arguments[at + 1].Text(), out problem);
            case "KEYSPACE" when count is 3 or 5:
                return Keyspace(arguments, at + 1, view, out problem);
            default:
                return null;
        }
    }

    private static List<NodeInfo>? Candidates(CommandBuffer arguments, int at, ClusterView view, out string problem)
    {
        problem = "ERR no node asks to be taken in. Start one with --seeds and the peer address of any member, then try again";
        if (at == arguments.Count)
            return view.Candidates.IsEmpty ? null : [.. view.Candidates];
        var named = new List<NodeInfo>();
        for (; at < arguments.Count; at++)
        {
            string address = arguments[at].Text();
            NodeInfo? candidate = view.Candidates.FirstOrDefault(node => node.PeerAddress == address);
            if (candidate is null)
            {
                string others = view.Candidates.IsEmpty ? "no node does" : $"these do: {string.Join(", ", view.Candidates.Select(node => node.PeerAddress))}";
                problem = $"ERR {address} does not ask to be taken in; {others}. Start it with --seeds and the peer address of any member, then try again";
                return null;
            }
            named.Add(candidate);
        }
        return named;
    }

    private static List<ushort>? Nodes(CommandBuffer arguments, int at, ClusterView view, bool isUp, out string problem)
    {
        List<ushort>? nodes = NodeIds(arguments, at, out problem);
        foreach (ushort node in nodes ?? [])
        {
            bool isMember = view.Map!.NodeOf(node) is not null;
            if (isMember && view.IsUp(node) != isUp)
            {
                problem = isUp
                    ? $"ERR node {node} is down. If it will not come back, ask to REMOVE it, or to REPLACE it by a new node"
                    : $"ERR node {node} is up: ask it to LEAVE. REMOVE is for nodes that are gone for ever";
                return null;
            }
        }
        return nodes;
    }

    /// <summary>The numbers from an argument to the end.</summary>
    public static List<ushort>? NodeIds(CommandBuffer arguments, int at, out string problem)
    {
        problem = "";
        var nodes = new List<ushort>();
        for (; at < arguments.Count; at++)
        {
            if (Number(arguments, at, ushort.MaxValue, out problem) is not { } number)
                return null;
            nodes.Add((ushort)number);
        }
        return nodes;
    }

    private static ChangeRequest.Replace? Replace(CommandBuffer arguments, int at, ClusterView view, out string problem)
    {
        if (Number(arguments, at, ushort.MaxValue, out problem) is not { } old || Candidates(arguments, at + 1, view, out problem) is not { } candidates)
            return null;
        if (candidates.Count == 1)
            return new ChangeRequest.Replace((ushort)old, candidates[0], IsGone: !view.IsAlive((ushort)old));
        problem = $"ERR several nodes ask to be taken in: name the one by its peer address: {string.Join(", ", candidates.Select(node => node.PeerAddress))}";
        return null;
    }

    private static ChangeRequest.Keyspaces? Keyspace(CommandBuffer arguments, int at, ClusterView view, out string problem)
    {
        if (Number(arguments, at, byte.MaxValue, out problem) is not { } id)
            return null;
        if (view.Map!.KeyspaceOf((byte)id) is not { } settings)
        {
            problem = $"ERR there is no keyspace {id}";
            return null;
        }
        int first = ++at;
        for (; at < arguments.Count; at += 2)
        {
            bool isRead = arguments[at].Is("READ"u8);
            if (!isRead && !arguments[at].Is("WRITE"u8))
            {
                problem = $"ERR say KEYSPACE keyspace [READ level] [WRITE level], not '{arguments[at].Text()}'";
                return null;
            }
            if (at > first && arguments[first].Is("READ"u8) == isRead)
            {
                problem = $"ERR {(isRead ? "READ" : "WRITE")} is given twice: say KEYSPACE keyspace [READ level] [WRITE level]";
                return null;
            }
            if (!Levels.TryParse(arguments[at + 1].Text(), out ConsistencyLevel level))
            {
                problem = $"ERR unknown consistency level '{arguments[at + 1].Text()}'; the levels are {Levels.AllNames}";
                return null;
            }
            settings = isRead ? settings with { Read = level } : settings with { Write = level };
        }
        return new ChangeRequest.Keyspaces([settings]);
    }

    private static ChangeRequest.ReplicationFactor? Copies(string text, out string problem)
    {
        bool isSound = CopiesWanted.TryParse(text, out CopiesWanted? copies, out problem);
        problem = $"ERR {problem}";
        return isSound ? new ChangeRequest.ReplicationFactor(copies!) : null;
    }

    private static long? Number(CommandBuffer arguments, int at, long most, out string problem)
    {
        problem = $"ERR '{arguments[at].Text()}' is no number from 0 to {most}";
        return ArgumentText.TryInteger(arguments[at], out long number) && number >= 0 && number <= most ? number : null;
    }
}
