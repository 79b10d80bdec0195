using Torc.Simulator.Changes;
using Torc.Simulator.Checkers;
using Torc.Simulator.Cluster;

namespace Torc.Simulator.Runs;

/// <summary>
/// Compares, every few seconds while clients and faults are at work, one node's Merkle trees with its rows: <see cref="TreeChecker"/>'s invariant holds
/// at every moment, and a tree that was wrong is built anew sooner or later, so that looking at the end would be too late.
/// </summary>
/// <param name="machines">Of the run; those in service take turns.</param>
/// <param name="isExcused">Nodes that met records which they cannot read.</param>
internal sealed class TreeSampling(Machines machines, Func<int, bool> isExcused)
{
    private const long IntervalMicros = 4_000_000;
    private readonly List<Violation> _violations = [];
    private long _nextMicros;
    private int _turn;

    public IReadOnlyList<Violation> Violations => _violations;

    public void Look(long nowMicros)
    {
        if (nowMicros < _nextMicros)
            return;
        _nextMicros = nowMicros + IntervalMicros;
        SimulatedMachine machine = machines.InService[_turn++ % machines.InService.Count];
        if (machine.Host is not { Node.View.Map: not null } host || isExcused(machine.Id))
            return;
        var trees = new List<ReplicaTree>();
        var contents = new ReplicaContents(host.Node.Identity.Self.Id, [], trees, []);
        foreach (ShardHost shard in host.Shards)
            contents.Collect(shard.Shard, machine.Disks[shard.Shard.Index], host.Node);
        foreach (Violation violation in TreeChecker.Check(trees.Where(tree => tree.WereRead && host.Node.IsCompleteHere(tree.Partition))))
            _violations.Add(violation with { What = $"at {nowMicros} us: {violation.What}" });
    }
}
