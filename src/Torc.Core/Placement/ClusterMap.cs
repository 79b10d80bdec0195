using System.Diagnostics.CodeAnalysis;

namespace Torc.Core.Placement;

/// <summary>
/// Who owns what: an immutable value that is replaced, never mutated, and that every node of one epoch holds with the
/// same bytes. Nodes, removed nodes, voters and keyspaces are in ascending order of id; each partition has distinct replicas
/// in order of preference, and while a change is under way perhaps a set that it is to move to.
/// </summary>
public sealed class ClusterMap
{
    public const int PartitionsMax = Slots.Count;
    public const int NodesMax = 1024;
    public const int RemovedMax = 16384;
    public const ushort NodeIdMax = 0xFEFF; // above are numbers of links with nodes that are no members
    public const int VotersMax = 5;

    private readonly ushort[] _replicas;
    private readonly byte[] _counts;
    private readonly ReplicaMove?[]? _moves;
    private readonly ushort[]?[]? _members;
    private readonly int _partitionShift;
    private readonly ulong[] _partitionEpochs;
    private readonly ushort[] _places; // by node id: 1 + its place in Nodes, or 0
    private readonly ushort[] _dataCentres;

    /// <summary>Takes the parts of a draft that was checked.</summary>
    internal ClusterMap(ClusterMapDraft draft)
    {
        Level = draft.Level;
        ClusterId = draft.ClusterId;
        Epoch = draft.Epoch;
        Copies = draft.Copies;
        Nodes = draft.Nodes;
        Removed = draft.Removed;
        Voters = draft.Voters;
        Keyspaces = draft.Keyspaces;
        _partitionEpochs = draft.PartitionEpochs;
        _moves = draft.Moves.Any(move => move is not null) ? draft.Moves : null;
        _places = new ushort[draft.Nodes[^1].Id + 1];
        _dataCentres = new ushort[_places.Length];
        var names = new List<string>();
        int place = 0;
        foreach (NodeInfo node in draft.Nodes)
        {
            _places[node.Id] = (ushort)(++place);
            if (!names.Contains(node.DataCentre))
                names.Add(node.DataCentre);
            _dataCentres[node.Id] = (ushort)names.IndexOf(node.DataCentre);
        }
        DataCentreCount = names.Count;
        ReplicasPerPartition = draft.Replicas.Max(replicas => replicas.Length);
        _replicas = new ushort[PartitionCount * ReplicasPerPartition];
        _counts = new byte[PartitionCount];
        for (int partition = 0; partition < PartitionCount; partition++)
        {
            draft.Replicas[partition].CopyTo(_replicas, partition * ReplicasPerPartition);
            _counts[partition] = (byte)draft.Replicas[partition].Length;
        }
        _members = MembersOfPending(draft);
        SlotsPerPartition = Slots.Count / PartitionCount;
        _partitionShift = System.Numerics.BitOperations.Log2((uint)SlotsPerPartition);
    }

    /// <summary>What all members know; see <see cref="ClusterLevel"/>.</summary>
    public byte Level { get; }

    public ulong ClusterId { get; }

    public ulong Epoch { get; }

    public int PartitionCount => _partitionEpochs.Length;

    /// <summary>The members.</summary>
    public IReadOnlyList<NodeInfo> Nodes { get; }

    /// <summary>Former members, fenced for ever.</summary>
    public IReadOnlyList<RemovedNode> Removed { get; }

    /// <summary>The members that decide the next map.</summary>
    public IReadOnlyList<ushort> Voters { get; }

    public IReadOnlyList<KeyspaceSettings> Keyspaces { get; }

    /// <summary>Copies wanted of each key, in all or in each data centre.</summary>
    public CopiesWanted Copies { get; }

    /// <summary>Copies wanted of each key, in all data centres together.</summary>
    public int ReplicationFactor => Copies.Total;

    /// <summary>Copies that the partition with most of them has: fewer than wanted while there are fewer nodes; not the same for all during a change.</summary>
    public int ReplicasPerPartition { get; }

    /// <summary>A power of two, as the number of partitions is.</summary>
    public int SlotsPerPartition { get; }

    public int PartitionOf(int slot) => slot >> _partitionShift;

    /// <summary>First and last slot of a partition, both inclusive.</summary>
    public (int First, int Last) SlotsOf(int partition) =>
        (partition * SlotsPerPartition, (partition + 1) * SlotsPerPartition - 1);

    /// <summary>Node ids in order of preference.</summary>
    public ReadOnlySpan<ushort> ReplicasOf(int partition) =>
        _replicas.AsSpan(partition * ReplicasPerPartition, _counts[partition]);

    /// <summary>The set that a partition is moving to, in order of preference; empty unless the move has begun.</summary>
    public ReadOnlySpan<ushort> PendingOf(int partition) =>
        _moves?[partition] is { Stage: MoveStage.Pending } move ? move.Replicas : default;

    /// <summary>Whether a move of the partition has begun and not ended.</summary>
    public bool IsPending(int partition) => _members?[partition] is not null;

    /// <summary>All that requests go to: the replicas, and behind them, while a move is pending, those of the new set that are none yet.</summary>
    public ReadOnlySpan<ushort> MembersOf(int partition) => _members?[partition] is { } members ? members : ReplicasOf(partition);

    public bool IsMember(int partition, ushort node) => MembersOf(partition).Contains(node);

    /// <summary>Whether a node is only becoming a replica of a partition: its copy may lack anything that was written before the move began.</summary>
    public bool IsNewcomer(int partition, ushort node) => IsPending(partition) && !IsReplica(partition, node) && PendingOf(partition).Contains(node);

    /// <summary>The move that a change plans for a partition or has begun, or null.</summary>
    public ReplicaMove? MoveOf(int partition) => _moves?[partition];

    /// <summary>A change is under way: it has moves left, or nodes that are joining or leaving.</summary>
    public bool IsChanging => _moves is not null || Nodes.Any(node => node.State != NodeState.Normal);

    /// <summary>Whether hints count in a keyspace. One that is not listed is strict.</summary>
    public bool IsSloppy(byte keyspace)
    {
        for (int index = 0; index < Keyspaces.Count; index++)
        {
            if (Keyspaces[index].Id == keyspace)
                return Keyspaces[index].Sloppy;
        }
        return false;
    }

    public bool IsReplica(int partition, ushort node) => ReplicasOf(partition).Contains(node);

    /// <summary>Partitions of which the node is a replica.</summary>
    public int CountReplicasOn(ushort node)
    {
        int held = 0;
        for (int partition = 0; partition < PartitionCount; partition++)
            held += IsReplica(partition, node) ? 1 : 0;
        return held;
    }

    /// <summary>The epoch at which this partition last changed: what requests for it carry.</summary>
    public ulong EpochOf(int partition) => _partitionEpochs[partition];

    /// <summary>The place of a member in <see cref="Nodes"/>, or -1. Ids have gaps: those of removed nodes are never given again.</summary>
    public int PlaceOf(ushort id) => id < _places.Length ? _places[id] - 1 : -1;

    public NodeInfo? NodeOf(ushort id) => PlaceOf(id) is >= 0 and int place ? Nodes[place] : null;

    public int DataCentreCount { get; }

    /// <summary>A number for the node's data centre: the same for nodes of the same one, in this map.</summary>
    public int DataCentreOf(ushort node) => _dataCentres[node];

    /// <summary>The node was a member once and may never take part again.</summary>
    public bool IsRemoved(ushort id) => Removed.Any(node => node.Id == id);

    /// <summary>An id that no node ever had, or -1 when all were given.</summary>
    public int NextNodeId()
    {
        int highest = Math.Max(Nodes[^1].Id, Removed.Count == 0 ? -1 : Removed[^1].Id);
        return highest < NodeIdMax ? highest + 1 : -1;
    }

    public KeyspaceSettings? KeyspaceOf(byte id)
    {
        foreach (KeyspaceSettings keyspace in Keyspaces)
        {
            if (keyspace.Id == id)
                return keyspace;
        }
        return null;
    }

    public void Encode(ByteWriter to) => ClusterMapCodec.Write(to, this);

    private static ushort[]?[]? MembersOfPending(ClusterMapDraft draft)
    {
        ushort[]?[]? members = null;
        for (int partition = 0; partition < draft.Moves.Length; partition++)
        {
            if (draft.Moves[partition] is { Stage: MoveStage.Pending } move)
                (members ??= new ushort[]?[draft.Moves.Length])[partition] = [.. draft.Replicas[partition].Union(move.Replicas.ToArray())];
        }
        return members;
    }

    /// <summary>False for anything that is not the encoding of a valid map.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out ClusterMap? map) =>
        ClusterMapCodec.TryRead(bytes, out map);
}
