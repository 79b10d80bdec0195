using Torc.Core.Membership;
using Torc.Core.Placement;
using Torc.Node.Peers;

namespace Torc.Node.Control;

/// <summary>The part of a node that is no member yet: it asks members to be let in, and looks at their maps until one lists it.</summary>
internal sealed class Joiner(int partitionCount)
{
    /// <summary>The newest map that it was shown, or null.</summary>
    public ClusterMap? SeenMap { get; private set; }

    /// <summary>Why it is not let in, as far as it was told; empty while it only waits.</summary>
    public string Problem { get; private set; } = "";

    public void Ask(NodeInfo self, PeerBuffer to) => new JoinRequest(SeenMap?.Epoch ?? 0, self).Write(to);

    /// <summary>A member's greeting, when it shows a map by which this node could be a member.</summary>
    public Greeting? OnGreeting(ushort from, in PeerMessage message, Outbox outbox)
    {
        if (!Greeting.TryDecode(message.Body, out Greeting? greeting) || greeting.Map is not { } map)
            return null;
        if (SeenMap is null || map.Epoch > SeenMap.Epoch)
            SeenMap = map;
        if (map.PartitionCount == partitionCount)
            return greeting;
        // Shards are made for a number of partitions, which is fixed for the cluster's life.
        Tell($"the cluster has {map.PartitionCount} partitions and this node was started for {partitionCount}; start it with --partitions {map.PartitionCount}", from, outbox);
        return null;
    }

    public void OnAnswer(ushort from, in PeerMessage message, Outbox outbox)
    {
        if (JoinAnswer.TryRead(message.Body, out JoinAnswer? answer) && (SeenMap is null || SeenMap.PartitionCount == partitionCount))
            Tell(answer.Status == JoinStatus.Refused ? answer.Reason : "", from, outbox);
    }

    private void Tell(string problem, ushort from, Outbox outbox)
    {
        if (problem.Length > 0 && problem != Problem)
            outbox.Events.Add(new NodeEvent(NodeEventKind.PeerRefused, Node: from, Detail: $"this node cannot join: {problem}"));
        Problem = problem;
    }
}
