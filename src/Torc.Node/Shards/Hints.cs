// Hints: writes that this node keeps, as a fallback, for replicas that are down.
//
// A hint is a row in an unreplicated keyspace of this shard's log, in the partition of its key, named target u16 | keyspace u8 | key: hints
// for the same key and target merge like any rows, so that a hot key costs one. It goes through the log's gate like a replica's own write,
// so a coordinator may count it. Nothing here ever drops a hint that was taken: only HintReplay does, after the owner's durable answer. What is
// bounded is what is taken: a budget of bytes for each target, and a time after which hints for a target are no longer taken, since a replica
// that was away for so long is brought back by exchange more cheaply.

using System.Buffers.Binary;
using Torc.Core.Cells;
using Torc.Core.Placement;
using Torc.Node.Peers;
using Torc.Storage;
using Torc.Storage.Disk;

namespace Torc.Node.Shards;

/// <summary>What became of a hint that was offered.</summary>
/// <param name="Waits">For <paramref name="Cold"/>, or for space in the log when that is null.</param>
internal readonly record struct HintTaken(WriteStatus Status, Version Winner, bool Waits = false, ColdRead? Cold = null)
{
    public static HintTaken Refused => new(WriteStatus.Refused, Version.None);
}

internal sealed class Hints(Shard shard) : IScanVisitor
{
    private const int NameHeaderBytes = 3;
    private const int RecordsPerScan = 256;

    private readonly SortedDictionary<ushort, long> _waitingBytes = [];
    private readonly Dictionary<ushort, long> _downSinceMicros = [];
    private readonly HashSet<ushort> _overBudget = [];
    private readonly ByteWriter _name = new();

    /// <summary>Bytes of hints by target; a target without any is not in it.</summary>
    public IReadOnlyDictionary<ushort, long> WaitingBytes => _waitingBytes;

    /// <summary>Of one target in this shard: an even part of the node's.</summary>
    private long BytesMax => shard.Options.HintBytesPerTargetMax / shard.ShardCount;

    /// <summary>Counts what an earlier run left. Reads the disk synchronously; nothing else runs yet.</summary>
    public void Load(IDisk disk, int partitionCount)
    {
        for (int partition = 0; partition < partitionCount; partition++)
        {
            if (shard.Store.Counts(KeyspaceSettings.HintsId, (ushort)partition).Records > 0)
                Load(disk, (ushort)partition);
        }
    }

    public void Visit(in RecordView record)
    {
        if (TryReadName(record.Key, out ushort target, out _, out _))
            Add(target, BytesOf(record.Key, record.Row));
    }

    public void OnView(Control.ClusterView view)
    {
        foreach (Control.PeerState peer in view.Peers)
        {
            if (view.IsUp(peer.Node.Id))
                _downSinceMicros.Remove(peer.Node.Id);
            else
                _downSinceMicros.TryAdd(peer.Node.Id, shard.Now.MonotonicMicros);
        }
    }

    /// <summary>Whether a target has not been away for longer than hints live.</summary>
    public bool IsTakenFor(ushort target) =>
        !_downSinceMicros.TryGetValue(target, out long since)
        || shard.Now.MonotonicMicros - since <= shard.Options.HintLifetimeMs * Instant.MicrosPerMs;

    /// <summary>Merges a hint with what is kept for the same key and target, and appends the result.</summary>
    public HintTaken Take(in HintMessage hint, ushort partition, ColdRead? finished)
    {
        // Of a partition that was closed, older writes are refused: a floor is agreed on the word that nobody keeps any.
        bool isClosed = hint.Delta.MaxVersion.Stamp <= shard.Garbage.Of(partition).Closed;
        if (!shard.View.IsFormed || hint.Target == shard.View.Self || isClosed || !IsTakenFor(hint.Target))
            return Refuse(hint.Target, partition);
        RecordKey key = KeyOf(partition, hint.Target, hint.Keyspace, hint.Key);
        FindOutcome found = shard.Rows.Read(key, finished, shard.Outbox, out RowView kept, out RecordView record, out ColdRead? cold);
        if (found == FindOutcome.Cold)
            return new HintTaken(WriteStatus.Refused, Version.None, Waits: true, cold);
        long before = found == FindOutcome.Found ? BytesOf(key.Key, kept.Encoded) : 0;
        long waiting = _waitingBytes.GetValueOrDefault(hint.Target);
        if (waiting - before + BytesOf(key.Key, hint.Delta.Encoded) > BytesMax)
            return RefuseOverBudget(hint.Target, partition, waiting);
        ApplyResult applied = shard.Rows.Apply(key, hint.Delta, kept, record.Place, shard.Outbox);
        if (applied.Outcome == ApplyOutcome.Stalled)
            return new HintTaken(WriteStatus.Refused, Version.None, Waits: true);
        if (applied.Outcome != ApplyOutcome.Applied)
            return Refuse(hint.Target, partition);
        if (shard.Store.Find(key, finished, out RecordView now, out _) == FindOutcome.Found)
            Add(hint.Target, BytesOf(key.Key, now.Row) - before);
        shard.Emit(new NodeEvent(NodeEventKind.HintStored, partition, Node: hint.Target));
        return new HintTaken(applied.Reflected ? WriteStatus.Applied : WriteStatus.Superseded, applied.Winner);
    }

    /// <summary>A hint was delivered and forgotten.</summary>
    public void OnDelivered(ushort target, ushort partition, ReadOnlySpan<byte> name, ReadOnlySpan<byte> row)
    {
        Add(target, -BytesOf(name, row));
        shard.Emit(new NodeEvent(NodeEventKind.HintDelivered, partition, Node: target));
        if (_waitingBytes.ContainsKey(target))
            return;
        _overBudget.Remove(target);
        shard.Emit(new NodeEvent(NodeEventKind.HintsDelivered, Node: target));
    }

    public static bool TryReadName(ReadOnlySpan<byte> name, out ushort target, out byte keyspace, out ReadOnlySpan<byte> key)
    {
        bool isName = name.Length >= NameHeaderBytes;
        target = isName ? BinaryPrimitives.ReadUInt16LittleEndian(name) : (ushort)0;
        keyspace = isName ? name[2] : (byte)0;
        key = isName ? name[NameHeaderBytes..] : default;
        return isName;
    }

    private void Load(IDisk disk, ushort partition)
    {
        ulong from = 0;
        ColdRead? finished = null;
        do
        {
            ScanOutcome outcome = shard.Store.Scan(KeyspaceSettings.HintsId, partition, from, RecordsPerScan, finished, this, out ulong end, out ColdRead? cold);
            finished = outcome == ScanOutcome.Cold ? cold : null;
            if (finished is null)
                from = end;
            else
                finished.Run(disk);
        } while (from != 0 || finished is not null);
    }

    private RecordKey KeyOf(ushort partition, ushort target, byte keyspace, ReadOnlySpan<byte> key)
    {
        _name.Clear();
        _name.WriteUInt16(target);
        _name.WriteByte(keyspace);
        _name.Write(key);
        return new RecordKey(KeyspaceSettings.HintsId, partition, _name.Written);
    }

    private void Add(ushort target, long bytes)
    {
        long waiting = _waitingBytes.GetValueOrDefault(target) + bytes;
        if (waiting > 0)
            _waitingBytes[target] = waiting;
        else
            _waitingBytes.Remove(target);
    }

    private HintTaken Refuse(ushort target, ushort partition)
    {
        shard.Emit(new NodeEvent(NodeEventKind.HintRefused, partition, Node: target));
        return HintTaken.Refused;
    }

    private HintTaken RefuseOverBudget(ushort target, ushort partition, long waiting)
    {
        if (_overBudget.Add(target))
            shard.Emit(new NodeEvent(NodeEventKind.HintBudgetSpent, partition, Node: target, Detail: $"{waiting} bytes wait in shard {shard.Index}"));
        return Refuse(target, partition);
    }

    private static long BytesOf(ReadOnlySpan<byte> name, ReadOnlySpan<byte> row) => name.Length + row.Length;
}
