using System.Collections.Immutable;
using Torc.Core.Placement;
using Torc.Node.Peers;

namespace Torc.Node.Control;

/// <summary>A node that asks this one to be let into the cluster.</summary>
/// <param name="Node">As it would stand in the map; it has no id yet.</param>
/// <param name="Link">The number of its link here.</param>
/// <param name="HeardMicros">When it last asked, by the monotonic clock.</param>
public sealed record JoinCandidate(NodeInfo Node, ushort Link, long HeardMicros);

/// <summary>
/// The nodes that are linked to this member and are none. A node is let in by nothing but a map that lists its birth: whoever proposes that map finds
/// here what to put into it. Candidates are told why not with <see cref="Refuse"/>.
/// </summary>
public sealed class Admissions
{
    private readonly Dictionary<ulong, string> _refusals = [];

    /// <summary>In order of birth. Replaced, never changed: readable from anywhere.</summary>
    public ImmutableArray<JoinCandidate> Candidates { get; private set; } = [];

    public ImmutableArray<NodeInfo> Nodes => [.. Candidates.Select(static candidate => candidate.Node)];

    /// <summary>Tells a candidate, each time that it asks, why it is not let in; null takes that back.</summary>
    public void Refuse(ulong birth, string? reason)
    {
        if (reason is null)
            _refusals.Remove(birth);
        else
            _refusals[birth] = reason;
    }

    /// <summary>A node asks; what it is answered.</summary>
    internal JoinAnswer Hear(ushort link, in JoinRequest request, ClusterMap map, Instant now)
    {
        NodeInfo node = request.Node;
        if (map.Nodes.FirstOrDefault(listed => listed.Birth == node.Birth) is { } listed)
            return new JoinAnswer(JoinStatus.Listed, listed.Id, "");
        if (map.Removed.Any(removed => removed.Birth == node.Birth))
            return new JoinAnswer(JoinStatus.Refused, NodeInfo.NoId, Texts.Removed);
        ImmutableArray<JoinCandidate> others = Candidates.RemoveAll(candidate => candidate.Node.Birth == node.Birth || candidate.Link == link);
        Candidates = others.Add(new JoinCandidate(node, link, now.MonotonicMicros)).Sort(static (a, b) => a.Node.Birth.CompareTo(b.Node.Birth));
        return _refusals.TryGetValue(node.Birth, out string? reason)
            ? new JoinAnswer(JoinStatus.Refused, NodeInfo.NoId, reason)
            : new JoinAnswer(JoinStatus.Waiting, NodeInfo.NoId, "");
    }

    internal void Gone(ushort link) => Candidates = Candidates.RemoveAll(candidate => candidate.Link == link);

    /// <summary>Those that the map lists, or fences, are candidates no more.</summary>
    internal void Use(ClusterMap map)
    {
        Candidates = Candidates.RemoveAll(candidate => map.Nodes.Any(node => node.Birth == candidate.Node.Birth));
        foreach (NodeInfo node in map.Nodes)
            _refusals.Remove(node.Birth);
    }
}
