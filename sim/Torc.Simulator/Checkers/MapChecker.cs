using Torc.Base;
using Torc.Core.Placement;

namespace Torc.Simulator.Checkers;

/// <summary>
/// Invariant 9, of the map: one is decided for each epoch, and every node that ever holds a map of that epoch holds the same bytes; what a node
/// holds durably never goes back.
/// </summary>
public sealed class MapChecker
{
    private const int Invariant = 9;
    private readonly Dictionary<ulong, (ulong Hash, int Node)> _decided = [];
    private readonly Dictionary<(int Node, ulong Birth), ulong> _held = [];
    private readonly List<Violation> _violations = [];

    public IReadOnlyList<Violation> Violations => _violations;

    /// <summary>A node made a map durable.</summary>
    /// <param name="node">The machine.</param>
    /// <param name="birth">Of its data directory.</param>
    /// <param name="map">The map.</param>
    public void Held(int node, ulong birth, ClusterMap map)
    {
        using var bytes = new ByteWriter();
        map.Encode(bytes);
        ulong hash = StableHash.Hash64(bytes.Written);
        if (!_decided.TryAdd(map.Epoch, (hash, node)) && _decided[map.Epoch].Hash != hash)
            _violations.Add(new Violation(Invariant, $"two maps of epoch {map.Epoch}: node {_decided[map.Epoch].Node} and node {node} hold different ones"));
        if (_held.TryGetValue((node, birth), out ulong before) && before > map.Epoch)
            _violations.Add(new Violation(Invariant, $"node {node} went back from the map of epoch {before} to that of epoch {map.Epoch}"));
        _held[(node, birth)] = map.Epoch;
    }
}
