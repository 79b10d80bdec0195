using System.Collections.Immutable;
using Torc.Core.Membership;
using Torc.Core.Placement;
using Torc.Node.Peers;

namespace Torc.Node.Control;

/// <summary>A node to keep a link open to: a member, or with <see cref="Node"/> null whoever answers at a seed's address.</summary>
public sealed record LinkTarget(ushort? Node, string Address);

/// <summary>
/// Whom this node dials. Of two members, or first nodes, the one with the lower id does, so that there is one link for a pair. A node that has had no link with
/// any for a while dials all that it ever knew: the map may have changed behind its back so that nobody dials it. And a member that has had no link with another for a
/// while dials it whatever their ids: that one may have been away until nobody whom it knows is left.
/// </summary>
internal sealed class LinkTargets(FormationSettings settings)
{
    private const long AloneMs = 5_000;
    private readonly Dictionary<ushort, long> _seenMicros = []; // by member: the last time that there was a link with it
    private long _linkedMicros = -1;
    private (Standing Standing, ushort Self, ClusterMap? Map, bool IsAlone)? _made;
    private ImmutableArray<ushort> _missing = [];

    /// <summary>Replaced, never changed: readable from anywhere.</summary>
    public ImmutableArray<LinkTarget> Present { get; private set; } = [];

    public void Update(Standing standing, NodeInfo self, ClusterMap? map, IReadOnlyCollection<ushort> linked, Instant now)
    {
        if (_linkedMicros < 0 || linked.Any(node => map is null ? !GuestLinks.IsGuest(node) : map.PlaceOf(node) >= 0))
            _linkedMicros = now.MonotonicMicros;
        bool isAlone = now.MonotonicMicros - _linkedMicros > AloneMs * Instant.MicrosPerMs;
        ImmutableArray<ushort> missing = MissingMembers(map, linked, now);
        if (_made == (standing, self.Id, map, isAlone) && missing.SequenceEqual(_missing))
            return;
        _made = (standing, self.Id, map, isAlone);
        _missing = missing;
        ImmutableArray<LinkTarget> targets = [.. Choose(standing, self, map, isAlone)];
        if (!targets.SequenceEqual(Present))
            Present = targets;
    }

    /// <summary>In order of id; who is new in the map has as long as any to open its link.</summary>
    private ImmutableArray<ushort> MissingMembers(ClusterMap? map, IReadOnlyCollection<ushort> linked, Instant now)
    {
        if (map is null)
            return [];
        ImmutableArray<ushort>.Builder missing = ImmutableArray.CreateBuilder<ushort>();
        foreach (NodeInfo member in map.Nodes)
        {
            if (linked.Contains(member.Id) || !_seenMicros.TryGetValue(member.Id, out long seen))
                _seenMicros[member.Id] = now.MonotonicMicros;
            else if (now.MonotonicMicros - seen > AloneMs * Instant.MicrosPerMs)
                missing.Add(member.Id);
        }
        return missing.ToImmutable();
    }

    private IEnumerable<LinkTarget> Choose(Standing standing, NodeInfo self, ClusterMap? map, bool isAlone) => standing switch
    {
        Standing.Removed => [],
        Standing.Joining => Seeds(self, null),
        Standing.Forming => Enumerable.Range(0, settings.FirstNodes.Count)
            .Where(node => node > self.Id || (isAlone && node < self.Id)).Select(node => new LinkTarget((ushort)node, settings.FirstNodes[node])),
        _ => map!.Nodes.Where(node => node.Id > self.Id || (node.Id < self.Id && (isAlone || _missing.Contains(node.Id))))
            .Select(static node => new LinkTarget(node.Id, node.PeerAddress))
            .Concat(isAlone ? Seeds(self, map) : []),
    };

    private IEnumerable<LinkTarget> Seeds(NodeInfo self, ClusterMap? map) => settings.Seeds.Concat(settings.FirstNodes)
        .Where(address => address != self.PeerAddress && map?.Nodes.Any(node => node.PeerAddress == address) != true)
        .Distinct(StringComparer.Ordinal)
        .Select(static address => new LinkTarget(null, address));
}
