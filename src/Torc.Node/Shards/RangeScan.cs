using Torc.Core.Cells;
using Torc.Core.Repair;
using Torc.Node.Peers;
using Torc.Storage;

namespace Torc.Node.Shards;

/// <summary>
/// One range of this replica's rows in order of hash, without values, deleted rows included, rows under the floor left out.
/// Reusable; the result stays until the next run.
/// </summary>
internal sealed class RangeScan(Shard shard) : IScanVisitor
{
    private const int RowsExpectedMin = 16;

    private readonly ByteWriter _entries = new();
    private byte _keyspace;
    private ushort _partition;
    private ulong _from, _to;
    private bool _metNews;

    /// <summary>Encoded as in <see cref="ScanReply"/>.</summary>
    public ReadOnlySpan<byte> Entries => _entries.Written;

    public int Count { get; private set; }

    /// <summary>Where the range ends, exclusive; 0: the hash space is finished.</summary>
    public ulong End { get; private set; }

    /// <summary>Records of the range, or near it, cannot be read. On a copy that counts they are nobody's.</summary>
    public bool MetDamage { get; private set; }

    public ScanOutcome Run(byte keyspace, ushort partition, ulong from, int budget, ColdRead? finished, out ColdRead? cold) =>
        Run(keyspace, partition, from, 0, budget, finished, out cold);

    /// <param name="to">The range ends here at the latest, exclusive; 0: it may go on to the greatest hash.</param>
    public ScanOutcome Run(byte keyspace, ushort partition, ulong from, ulong to, int budget, ColdRead? finished, out ColdRead? cold)
    {
        _to = to;
        budget = Math.Min(budget, RowsExpected(keyspace, partition, from, to));
        _keyspace = keyspace;
        _partition = partition;
        _from = from;
        _entries.Clear();
        Count = 0;
        MetDamage = _metNews = false;
        ScanOutcome outcome = shard.Store.Scan(keyspace, partition, from, budget, finished, this, out ulong end, out cold);
        End = HashRange.NearerEnd(end, to);
        if (_metNews)
            shard.OnDamagedRecord(partition);
        return outcome;
    }

    public void Visit(in RecordView record)
    {
        if (!HashRange.Contains(_from, _to, record.Hash))
            return;
        if (!shard.Rows.TryDecodeScanned(_keyspace, _partition, record, out RowView row))
        {
            VisitUnreadable(record.Offset);
            return;
        }
        shard.Outbox.Observe(record.EndOffset);
        if (row.MaxVersion <= shard.Floors.Of(_keyspace, _partition).Version)
            return;
        shard.Rows.JoinFloor(_keyspace, _partition, ref row, shard.Outbox);
        ScanReply.WriteEntry(_entries, record.Hash, record.Key, row);
        Count++;
    }

    public void VisitUnreadable(long offset)
    {
        MetDamage = true;
        _metNews |= shard.Rows.OnUnreadable(offset);
    }

    /// <summary>A little more than lie in the range: a narrow one need not look, or read from disk, far beyond its end.</summary>
    private int RowsExpected(byte keyspace, ushort partition, ulong from, ulong to)
    {
        if (to == 0)
            return int.MaxValue;
        double share = (to - from) / (double)ulong.MaxValue;
        return RowsExpectedMin + (int)(share * 1.5 * shard.Store.Counts(keyspace, partition).Records);
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
