namespace Torc.Simulator.Checkers;

/// <summary>
/// Invariant 3, of what was counted: a coordinator counts another replica towards a write only when that very write had come to the replica. An
/// acknowledgement of something else, however true, does not count. Invariant 9, of epochs: and it came while the replica did not go by a later map of the
/// partition than the coordinator, because then it is refused.
/// </summary>
public sealed class ArrivalChecker
{
    /// <summary>The oldest epoch of the partition by which a replica went when the write came to it.</summary>
    private readonly Dictionary<(UInt128 Version, int Node), ulong> _arrived = [];

    private readonly List<Violation> _violations = [];

    public IReadOnlyList<Violation> Violations => _violations;

    /// <summary>A write of this version came to a replica.</summary>
    /// <param name="node">The replica.</param>
    /// <param name="version">Which no other write has.</param>
    /// <param name="epoch">At which the partition last changed, by the replica's map.</param>
    public void Arrived(int node, UInt128 version, ulong epoch) =>
        _arrived[(version, node)] = Math.Min(epoch, _arrived.GetValueOrDefault((version, node), ulong.MaxValue));

    /// <summary>A write was acknowledged to its client.</summary>
    /// <param name="write">Who counted.</param>
    /// <param name="version">Its version.</param>
    /// <param name="epoch">At which the partition last changed, by the coordinator's map.</param>
    public void Decided(WriteDecided write, UInt128 version, ulong epoch)
    {
        foreach (int node in write.Counted)
        {
            if (node == write.Coordinator)
                continue;
            if (_arrived.TryGetValue((version, node), out ulong held) && held > epoch)
                _violations.Add(new Violation(9, $"{write}, by the map of epoch {epoch}: counted node {node}, which went by that of epoch {held}"));
            else if (!_arrived.ContainsKey((version, node)))
                _violations.Add(new Violation(3, $"{write}: counted node {node}, to which the write had not come"));
        }
    }
}
