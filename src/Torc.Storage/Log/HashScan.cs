using Torc.Base;
using Torc.Storage.Directory;
using Torc.Storage.Partitions;
using Torc.Storage.Records;
using Torc.Storage.Segments;

namespace Torc.Storage.Log;

/// <summary>
/// Visits the records of a partition in order of hash, a range at a time. The directory keeps that order by buckets only, so a
/// range is collected, hashed, filtered and sorted in scratch arrays that are kept from scan to scan.
/// </summary>
internal sealed class HashScan(SegmentTable segments, ulong logId)
{
    /// <summary>Entries of one range; more are asked for than visited when a bucket is crowded.</summary>
    public const int BudgetMax = 4096;

    /// <summary>A range that needs the disk is cut to about this many records, so that one cold read stays small.</summary>
    public const int ColdBudgetMax = 64;

    private readonly List<long> _collected = [];
    private long[] _addresses = new long[256];
    private ulong[] _hashes = new ulong[256];

    public ScanOutcome Scan(PartitionState partition, ulong fromHash, int budget, ColdRead? finished, IScanVisitor visitor, out ulong end, out ColdRead? cold)
    {
        cold = null;
        end = Collect(partition, fromHash, Math.Clamp(budget, 1, BudgetMax));
        if (budget > ColdBudgetMax && HasCold())
            end = Collect(partition, fromHash, ColdBudgetMax);
        cold = MissingOf(finished);
        if (cold != null)
            return ScanOutcome.Cold;
        int count = 0;
        bool sawDamage = false;
        foreach (long address in _collected)
        {
            ReadOnlySpan<byte> record = RecordAt(address, finished, out long logOffset);
            if (record.IsEmpty)
            {
                sawDamage = true;
                visitor.VisitUnreadable(logOffset);
                continue;
            }
            ulong hash = StableHash.Hash64(RecordCodec.Key(record));
            if (hash < fromHash || (end != 0 && hash >= end))
                continue;
            Remember(count++, hash, address);
        }
        Array.Sort(_hashes, _addresses, 0, count);
        for (int index = 0; index < count; index++)
        {
            ReadOnlySpan<byte> record = RecordAt(_addresses[index], finished, out long logOffset);
            visitor.Visit(new RecordView(_hashes[index], record, logOffset + record.Length));
        }
        return sawDamage ? ScanOutcome.Damaged : ScanOutcome.Done;
    }

    private ulong Collect(PartitionState partition, ulong fromHash, int budget)
    {
        _collected.Clear();
        var sink = new Sink(_collected);
        return partition.Directory.Scan(fromHash, budget, ref sink);
    }

    private bool HasCold()
    {
        foreach (long address in _collected)
        {
            if (!segments.At(address, out _).IsResident)
                return true;
        }
        return false;
    }

    private ColdRead? MissingOf(ColdRead? finished)
    {
        ColdRead? missing = null;
        foreach (long address in _collected)
        {
            Segment segment = segments.At(address, out int offset);
            if (segment.IsResident || finished?.Get(address, segment) != null)
                continue;
            missing ??= new ColdRead(logId, finished);
            missing.Add(address, segment, offset);
        }
        return missing;
    }

    /// <summary>Empty when it cannot be read.</summary>
    private ReadOnlySpan<byte> RecordAt(long address, ColdRead? finished, out long logOffset)
    {
        Segment segment = segments.At(address, out int offset);
        logOffset = segment.Base + offset;
        if (segment.IsResident)
            return SegmentTable.RecordAt(segment, offset, out _);
        ColdRecord cold = finished!.Get(address, segment)!;
        return cold.State == ColdState.Intact ? cold.Record : default;
    }

    private void Remember(int index, ulong hash, long address)
    {
        if (index == _hashes.Length)
        {
            Array.Resize(ref _hashes, index * 2);
            Array.Resize(ref _addresses, index * 2);
        }
        _hashes[index] = hash;
        _addresses[index] = address;
    }

    private readonly struct Sink(List<long> addresses) : IAddressSink
    {
        public void Visit(long address) => addresses.Add(address);
    }
}
