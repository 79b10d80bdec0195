using System.Collections.Immutable;
using Torc.Core.Placement;
using Torc.Node.Peers;

namespace Torc.Node.Control;

/// <summary>What the other members said of themselves: which copies count, by which map they answer, under which birth they run.</summary>
internal sealed class PeerReports(TorcNode node, byte levelMax, Func<ushort, bool> isAlive) : ChangeDriver.IReports
{
    private readonly Dictionary<ushort, ImmutableArray<bool>> _incomplete = [];
    private readonly Dictionary<ushort, ImmutableArray<bool>> _behind = [];
    private readonly Dictionary<ushort, ulong> _mapEpochs = [];
    private readonly Dictionary<ushort, byte> _levels = []; // over the present link
    private readonly HashSet<ushort> _keepHints = [];
    private readonly HashSet<ushort> _stopping = []; // over the present link
    private readonly Dictionary<ushort, NodeInfo> _greeted = [];
    private readonly HashSet<ushort> _linked = []; // those whose greeting came over a link that is open

    private NodeInfo Self => node.Identity.Self;

    public void Greeted(NodeInfo sender)
    {
        _greeted[sender.Id] = sender;
        _linked.Add(sender.Id);
    }

    public void LinkDown(ushort from)
    {
        _mapEpochs.Remove(from);
        _levels.Remove(from);
        _stopping.Remove(from);
        _linked.Remove(from);
    }

    public void Take(ushort from, in HeartbeatMessage heartbeat)
    {
        _mapEpochs[from] = heartbeat.MapEpoch;
        _levels[from] = heartbeat.Level;
        Take(_keepHints, from, heartbeat.KeepsHints);
        Take(_stopping, from, heartbeat.IsStopping);
        Take(_incomplete, from, heartbeat.IncompleteBits);
        Take(_behind, from, heartbeat.BehindBits);
    }

    /// <summary>This node's own flags for the others: one bit per partition up to the last that is incomplete: nothing mostly, and never more than 2 KiB.</summary>
    public ReadOnlySpan<byte> OwnIncompleteBits() => BitsOf(static (node, partition) => !node.IsCompleteHere(partition));

    /// <summary>The same for copies that have yet to catch up.</summary>
    public ReadOnlySpan<byte> OwnBehindBits() => BitsOf(static (node, partition) => node.IsBehindHere(partition));

    /// <summary>A member as it last described itself.</summary>
    public NodeInfo Newest(NodeInfo listed) => listed.Id == Self.Id ? Self : _greeted.GetValueOrDefault(listed.Id, listed);

    /// <summary>One flag per partition up to the last that is incomplete.</summary>
    public ImmutableArray<bool> IncompleteOf(ushort of) => FlagsOf(_incomplete, of);

    /// <summary>As told by heartbeats; 0 when none came over the present link.</summary>
    public ulong ToldMapEpochOf(ushort of) => _mapEpochs.GetValueOrDefault(of);

    public ulong MapEpochOf(ushort of) => of == Self.Id ? node.MapEpochInShards : ToldMapEpochOf(of);

    public bool IsComplete(ushort of, int partition)
    {
        if (of == Self.Id)
            return node.IsCompleteHere(partition);
        ImmutableArray<bool> incomplete = IncompleteOf(of);
        return partition >= incomplete.Length || !incomplete[partition];
    }

    public bool IsBehind(ushort of, int partition)
    {
        if (of == Self.Id)
            return node.IsBehindHere(partition);
        ImmutableArray<bool> behind = FlagsOf(_behind, of);
        return partition < behind.Length && behind[partition];
    }

    public bool KeepsHints(ushort of) => of == Self.Id ? node.KeepsHints : _keepHints.Contains(of);

    public bool IsStopping(ushort of) => _stopping.Contains(of);

    public bool IsAlive(ushort of) => of == Self.Id || isAlive(of);

    public byte LevelOf(ushort of) => of == Self.Id ? levelMax : _levels.GetValueOrDefault(of);

    public ulong BirthOf(ushort of)
    {
        if (of == Self.Id)
            return Self.Birth;
        return _linked.Contains(of) ? _greeted[of].Birth : node.View.Map!.NodeOf(of)!.Birth;
    }

    private static ImmutableArray<bool> FlagsOf(Dictionary<ushort, ImmutableArray<bool>> all, ushort of) =>
        all.GetValueOrDefault(of) is { IsDefault: false } flags ? flags : [];

    private static void Take(HashSet<ushort> all, ushort from, bool belongs)
    {
        if (belongs)
            all.Add(from);
        else
            all.Remove(from);
    }

    /// <summary>Keeps what was known when nothing changed: views compare the incomplete ones by reference.</summary>
    private void Take(Dictionary<ushort, ImmutableArray<bool>> all, ushort from, ReadOnlySpan<byte> bits)
    {
        ImmutableArray<bool> known = all.GetValueOrDefault(from);
        var flags = new bool[Math.Min(bits.Length * 8, node.PartitionCount)];
        bool changed = known.IsDefault || known.Length != flags.Length;
        for (int partition = 0; partition < flags.Length; partition++)
        {
            flags[partition] = (bits[partition / 8] & 1 << partition % 8) != 0;
            changed |= !changed && known[partition] != flags[partition];
        }
        if (changed)
            all[from] = [.. flags];
    }

    private ReadOnlySpan<byte> BitsOf(Func<TorcNode, int, bool> isSet)
    {
        int partitions = node.PartitionCount, used = 0;
        var bits = new byte[(partitions + 7) / 8];
        for (int partition = 0; partition < partitions; partition++)
        {
            if (!isSet(node, partition))
                continue;
            bits[partition / 8] |= (byte)(1 << partition % 8);
            used = partition / 8 + 1;
        }
        return bits.AsSpan(0, used);
    }
}
