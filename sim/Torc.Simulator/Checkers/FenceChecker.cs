using Torc.Core.Placement;

namespace Torc.Simulator.Checkers;

/// <summary>
/// Invariant 9, of members: who was removed is a member in no later map, by its id or its data directory; and a node that knows that it was removed
/// neither stamps a write nor acknowledges one.
/// </summary>
public sealed class FenceChecker
{
    private const int Invariant = 9;
    private readonly Dictionary<ushort, ulong> _removedIds = [];
    private readonly Dictionary<ulong, ulong> _removedBirths = [];
    private readonly HashSet<(int Node, ulong Incarnation)> _knowing = [];
    private readonly List<Violation> _violations = [];

    public IReadOnlyList<Violation> Violations => _violations;

    /// <summary>A map was decided.</summary>
    public void Decided(ClusterMap map)
    {
        foreach (RemovedNode removed in map.Removed)
        {
            _removedIds[removed.Id] = Math.Min(map.Epoch, _removedIds.GetValueOrDefault(removed.Id, ulong.MaxValue));
            _removedBirths[removed.Birth] = Math.Min(map.Epoch, _removedBirths.GetValueOrDefault(removed.Birth, ulong.MaxValue));
        }
        foreach (NodeInfo node in map.Nodes)
        {
            if (_removedIds.GetValueOrDefault(node.Id, ulong.MaxValue) <= map.Epoch || _removedBirths.GetValueOrDefault(node.Birth, ulong.MaxValue) <= map.Epoch)
                _violations.Add(new Violation(Invariant, $"the map of epoch {map.Epoch} lists node {node.Id}, which was removed"));
        }
        foreach ((ushort id, ulong epoch) in _removedIds)
        {
            if (epoch < map.Epoch && !map.IsRemoved(id))
                _violations.Add(new Violation(Invariant, $"the map of epoch {map.Epoch} has forgotten that node {id} was removed"));
        }
    }

    /// <summary>A run of a node learned that it was removed: it says so, or holds a map that does.</summary>
    public void Learned(int node, ulong incarnation) => _knowing.Add((node, incarnation));

    /// <summary>A run of a node stamped or acknowledged a write.</summary>
    public void Acted(long atMicros, int node, ulong incarnation, string what)
    {
        if (_knowing.Contains((node, incarnation)))
            _violations.Add(new Violation(Invariant, $"at {atMicros} us node {node} {what} after it knew that it was removed"));
    }
}
