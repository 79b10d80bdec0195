using Torc.Core.Cells;
using Torc.Core.Repair;
using Torc.Node.Peers;
using Torc.Storage;

namespace Torc.Node.Shards;

/// <summary>
/// One range of this replica's rows in order of hash, without values, deleted rows included, rows under the floor left out.
/// Reusable; the result stays until the next <see cref="Run"/>.
/// </summary>
internal sealed class RangeScan(Shard shard) : IScanVisitor
{
    private readonly ByteWriter _entries = new();
    private byte _keyspace;
    private ushort _partition;
    private ulong _from;

    /// <summary>Encoded as in <see cref="ScanReply"/>.</summary>
    public ReadOnlySpan<byte> Entries => _entries.Written;

    public int Count { get; private set; }

    /// <summary>Where the range ends, exclusive; 0: the hash space is finished.</summary>
    public ulong End { get; private set; }

    public bool MetDamage { get; private set; }

    public ScanOutcome Run(byte keyspace, ushort partition, ulong from, int budget, ColdRead? finished, out ColdRead? cold)
    {
        _keyspace = keyspace;
        _partition = partition;
        _from = from;
        _entries.Clear();
        Count = 0;
        MetDamage = false;
        ScanOutcome outcome = shard.Store.Scan(keyspace, partition, from, budget, finished, this, out ulong end, out cold);
        End = end;
        MetDamage |= outcome == ScanOutcome.Damaged;
        return outcome;
    }

    public void Visit(in RecordView record)
    {
        if (record.Hash < _from)
            return;
        if (!RowView.TryDecode(Version.FromUInt128(record.Version), record.Row, out RowView row))
        {
            MetDamage = true;
            return;
        }
        shard.Outbox.Observe(record.EndOffset);
        if (row.MaxVersion <= shard.Floors.Of(_keyspace, _partition).Version)
            return;
        shard.Rows.JoinFloor(_keyspace, _partition, ref row, shard.Outbox);
        ScanReply.WriteEntry(_entries, record.Hash, record.Key, row);
        Count++;
    }

    /// <summary>The range as an exchange compares it.</summary>
    public void CopyTo(RangeListing listing)
    {
        listing.Clear();
        var reader = new ByteReader(_entries.Written);
        while (reader.Remaining > 0 && ScanEntry.TryRead(ref reader, out ScanEntry entry))
            listing.Add(entry.Hash, entry.Key, entry.Row.MaxVersion, entry.Row.Digest);
        listing.Sort();
    }
}
