using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using Torc.Storage.Directory;
using Torc.Storage.Memory;
using Torc.Storage.Partitions;
using Torc.Storage.Records;
using Torc.Storage.Segments;

namespace Torc.Storage.Recovery;

/// <summary>
/// Fills the key directories with the last record of each key by place in the log. A forget or drop covers what lies before the offset
/// that it names, which stays true when compaction moved it to a later place.
/// <para>
/// Partition by partition the entries of all indexes are brought together, sorted by hash, and the survivors given to the directory as
/// a whole. Two entries are the same key's only if their keys are equal, not their hashes; as they lie beside each other then,
/// keys are looked at only where a hash occurs twice. Why not insert record by record: each is a random access to the
/// directory, a second to the older entry's key, and makes regions grow step by step.
/// </para>
/// The indexes stay in memory meanwhile; of the entries so many at a time that the indexes are walked a few times at most.
/// </summary>
internal sealed unsafe class DirectoryReplay(SegmentTable segments, PartitionTable partitions) : IDisposable
{
    /// <summary>Entries that are sorted together, 64 bytes each with their scratch, unless that took more than <see cref="BatchesMax"/> batches.</summary>
    private const int BatchEntriesMin = 4 << 20;

    private const int BatchesMax = 8;
    private const int PrefetchAhead = 12;

    private readonly List<(Segment Segment, SegmentIndex Index)> _sources = [];
    private readonly PartitionRun?[]?[] _runs = new PartitionRun?[byte.MaxValue + 1][];
    private readonly List<PartitionRun> _ordered = [];
    private readonly List<ReplayEntry> _alive = []; // of one hash
    private readonly ReplaySort _sort = new(segments);
    private long _records;

    /// <summary>Takes over the index of the next segment, in order of the log.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // Recovery is over before a tier above the first is reached.
    public void Add(Segment segment, SegmentIndex index)
    {
        _sources.Add((segment, index));
        foreach (ref readonly IndexRecord record in index.Records)
        {
            PartitionRun run = RunOf(record.Keyspace, record.Partition);
            if (record.Kind != RecordKind.Put)
                segment.AddControl(record.Size);
            if (record.Kind == RecordKind.Drop)
                run.DropOffset = Math.Max(run.DropOffset, (long)(ulong)record.Version);
            else
                run.Records++;
        }
        _records += index.Count;
    }

    public void Run()
    {
        _ordered.Sort(static (left, right) => (left.Keyspace, left.Partition).CompareTo((right.Keyspace, right.Partition)));
        long batchMax = Math.Min(Math.Max(BatchEntriesMin, _records / BatchesMax), int.MaxValue);
        for (int from = 0; from < _ordered.Count;)
        {
            int to = from, entries = 0; // a run of its own may be longer than a batch
            while (to < _ordered.Count && (to == from || entries + (long)_ordered[to].Records <= batchMax))
                entries += _ordered[to++].Records;
            Replay(_ordered.GetRange(from, to - from), entries);
            from = to;
        }
    }

    public void Dispose()
    {
        foreach ((_, SegmentIndex index) in _sources)
            index.Dispose();
        _sources.Clear();
    }

    private PartitionRun RunOf(byte keyspace, ushort partition)
    {
        PartitionRun?[]? runs = _runs[keyspace];
        return runs != null && partition < runs.Length && runs[partition] is { } run ? run : MakeRun(keyspace, partition);
    }

    private PartitionRun MakeRun(byte keyspace, ushort partition)
    {
        ref PartitionRun?[]? runs = ref _runs[keyspace];
        if (runs == null || partition >= runs.Length)
            Array.Resize(ref runs, Math.Max(16, (partition + 1) * 2));
        var run = new PartitionRun(keyspace, partition);
        _ordered.Add(run);
        return runs[partition] = run;
    }

    private void Replay(List<PartitionRun> batch, int entriesMax)
    {
        int start = 0, longest = 0;
        foreach (PartitionRun run in batch)
        {
            run.Start = run.Next = start;
            start += run.Records;
            longest = Math.Max(longest, run.Records);
        }
        using var memory = new NativeBuffer((long)entriesMax * sizeof(ReplayEntry));
        using var scratch = new NativeBuffer((long)longest * (sizeof(ReplayEntry) + sizeof(DirectoryEntry)));
        var entries = new Span<ReplayEntry>(memory.Pointer, entriesMax);
        foreach ((Segment segment, SegmentIndex index) in _sources)
            Collect(segment, index, entries);
        foreach (PartitionRun run in batch)
        {
            int count = run.Next - run.Start;
            run.Next = -1;
            if (count == 0)
                continue;
            var sorted = new Span<ReplayEntry>(scratch.Pointer, count);
            _sort.Sort(entries.Slice(run.Start, count), sorted);
            Fill(run, sorted, new Span<DirectoryEntry>(scratch.Pointer + ((long)longest * sizeof(ReplayEntry)), count));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Collect(Segment segment, SegmentIndex index, Span<ReplayEntry> entries)
    {
        foreach (ref readonly IndexRecord record in index.Records)
        {
            PartitionRun run = RunOf(record.Keyspace, record.Partition);
            if (run.Next < 0 || record.Kind == RecordKind.Drop)
                continue;
            if (record.Kind == RecordKind.Put)
            {
                if (segment.Base + record.Offset < run.DropOffset)
                    continue;
                if (record.Version > run.VersionMax)
                    run.VersionMax = record.Version;
            }
            entries[run.Next++] = new ReplayEntry(
                record.Hash, segments.AddressOf(segment, record.Offset), record.Kind, record.Flags, index.KeyPointer(record), record.KeyLength, record.Size);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Fill(PartitionRun run, ReadOnlySpan<ReplayEntry> sorted, Span<DirectoryEntry> survivors)
    {
        PartitionState partition = partitions.GetOrAdd(run.Keyspace, run.Partition);
        int count = 0;
        for (int from = 0; from < sorted.Length;)
        {
            int to = from + 1;
            while (to < sorted.Length && sorted[to].Hash == sorted[from].Hash)
                to++;
            PrefetchKeys(sorted, from + PrefetchAhead);
            if (to == from + 1)
            {
                if (sorted[from].Kind == RecordKind.Put)
                    survivors[count++] = Keep(partition, sorted[from]);
            }
            else
            {
                Resolve(sorted[from..to]);
                foreach (ReplayEntry entry in _alive)
                    survivors[count++] = Keep(partition, entry);
            }
            from = to;
        }
        partition.Directory.Fill(survivors[..count]);
        partition.NoteVersion(run.VersionMax);
    }

    /// <summary>The keys of entries that share their hash will be compared.</summary>
    private static void PrefetchKeys(ReadOnlySpan<ReplayEntry> sorted, int index)
    {
        if (!Sse.IsSupported || index >= sorted.Length || sorted[index].Hash != sorted[index - 1].Hash)
            return;
        Sse.Prefetch0(sorted[index].KeyPointer);
        Sse.Prefetch0(sorted[index - 1].KeyPointer);
    }

    /// <summary>What is left of records with one hash, in order of the log: nearly always the last of one key.</summary>
    private void Resolve(ReadOnlySpan<ReplayEntry> group)
    {
        _alive.Clear();
        foreach (ReplayEntry entry in group)
        {
            int known = _alive.Count - 1;
            while (known >= 0 && !_alive[known].Key.SequenceEqual(entry.Key))
                known--;
            if (entry.Kind == RecordKind.Forget)
            {
                if (known >= 0 && Covers(entry, _alive[known]))
                    _alive.RemoveAt(known);
            }
            else if (known >= 0)
            {
                _alive[known] = entry;
            }
            else
            {
                _alive.Add(entry);
            }
        }
    }

    private bool Covers(in ReplayEntry forget, in ReplayEntry put)
    {
        Segment forgetSegment = segments.At(forget.Address, out int forgetOffset), putSegment = segments.At(put.Address, out int putOffset);
        SegmentIndex index = _sources.Find(source => source.Segment == forgetSegment).Index;
        var coversUpTo = (long)(ulong)index[index.Find(forgetOffset)].Version;
        return putSegment.Base + putOffset < coversUpTo;
    }

    private DirectoryEntry Keep(PartitionState partition, in ReplayEntry entry)
    {
        segments.At(entry.Address, out _).AddLive(entry.Size);
        partition.Add(entry.Flags, entry.Size, version: 0);
        return new DirectoryEntry(entry.Hash, entry.Address);
    }
}
