using Torc.Core.Placement;

namespace Torc.Simulator.Checkers;

/// <summary>The sets that have to meet a level for a partition by one map, and where their nodes are. Nodes are the ids of the map.</summary>
/// <param name="Present">The replicas.</param>
/// <param name="Pending">The set that the partition is moving to; empty without a move.</param>
/// <param name="Members">By whose index nodes say whom they counted.</param>
/// <param name="DataCentreOf">A number for a node's data centre.</param>
public sealed record DecidedSets(IReadOnlyList<int> Present, IReadOnlyList<int> Pending, IReadOnlyList<int> Members, Func<int, int> DataCentreOf)
{
    /// <summary>Counts towards the pending set alone, whether its copy is complete or not: what it may not know, the present set tells.</summary>
    public bool IsNewcomer(int node) => Pending.Contains(node) && !Present.Contains(node);
}

/// <summary>
/// Every map that was decided in a run, in the order in which the first node made each durable, and what follows for the history of a partition:
/// from when on its copies were others than at first, and how few there were at the least.
/// </summary>
public sealed class PlacementLog
{
    private readonly SortedDictionary<ulong, ClusterMap> _maps = [];
    private readonly Dictionary<(ulong Epoch, int Partition), DecidedSets> _sets = [];
    private long[] _movedMicros = [];
    private int[] _copiesLeast = [];

    /// <summary>Null until the cluster is formed.</summary>
    public ClusterMap? Newest { get; private set; }

    /// <summary>Hints counted at some time.</summary>
    public bool WasSloppy { get; private set; }

    /// <summary>Changes that came to their end or were cancelled.</summary>
    public int ChangesEnded { get; private set; }

    public int MapCount => _maps.Count;

    /// <summary>A node made a map durable; true when it is the newest so far.</summary>
    public bool TryAdd(ClusterMap map, long atMicros)
    {
        if (!_maps.TryAdd(map.Epoch, map))
            return false;
        if (_movedMicros.Length == 0)
        {
            _movedMicros = new long[map.PartitionCount];
            Array.Fill(_movedMicros, long.MaxValue);
            _copiesLeast = new int[map.PartitionCount];
            Array.Fill(_copiesLeast, int.MaxValue);
        }
        for (int partition = 0; partition < map.PartitionCount; partition++)
        {
            if (map.EpochOf(partition) != Planner.FirstEpoch)
                _movedMicros[partition] = Math.Min(_movedMicros[partition], atMicros);
            int copies = map.IsPending(partition) ? Math.Min(map.ReplicasOf(partition).Length, map.PendingOf(partition).Length) : map.ReplicasOf(partition).Length;
            _copiesLeast[partition] = Math.Min(_copiesLeast[partition], copies);
        }
        WasSloppy |= map.IsSloppy(0);
        if (Newest is not null && map.Epoch < Newest.Epoch)
            return false;
        ChangesEnded += Newest is { IsChanging: true } && !map.IsChanging ? 1 : 0;
        Newest = map;
        return true;
    }

    /// <summary>The map of an epoch, which some node has made durable.</summary>
    public ClusterMap MapOf(ulong epoch) => _maps[epoch];

    /// <summary>From when on some node may go by other sets than the partition's first; never: <see cref="long.MaxValue"/>.</summary>
    public long MovedMicros(int partition) => _movedMicros.Length == 0 ? long.MaxValue : _movedMicros[partition];

    /// <summary>The fewest copies that the partition had by any map.</summary>
    public int CopiesLeast(int partition) => _copiesLeast[partition];

    public DecidedSets SetsOf(ulong epoch, int partition)
    {
        ClusterMap map = _maps[epoch];
        (ulong, int) key = (map.EpochOf(partition), partition);
        if (!_sets.TryGetValue(key, out DecidedSets? sets))
        {
            sets = new DecidedSets(
                Ids(map.ReplicasOf(partition)), Ids(map.PendingOf(partition)), Ids(map.MembersOf(partition)), node => map.DataCentreOf((ushort)node));
            _sets.Add(key, sets);
        }
        return sets;
    }

    private static int[] Ids(ReadOnlySpan<ushort> nodes)
    {
        var ids = new int[nodes.Length];
        for (int index = 0; index < ids.Length; index++)
            ids[index] = nodes[index];
        return ids;
    }
}
