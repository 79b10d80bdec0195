using Torc.Base;
using Torc.Storage;
using Torc.Storage.Disk;

namespace Torc.Tests.Storage;

/// <summary>A record as tests compare it.</summary>
internal sealed record Row(RecordFlags Flags, UInt128 Version, string Bytes);

/// <summary>Names a record in tests.</summary>
internal readonly record struct Name(byte Keyspace, ushort Partition, string Key) : IComparable<Name>
{
    public int CompareTo(Name other) =>
        (Keyspace, Partition).CompareTo((other.Keyspace, other.Partition)) is not 0 and var order ? order : string.CompareOrdinal(Key, other.Key);
}

/// <summary>Plays the host of a store: one thread that flushes, maintains and runs cold reads when asked.</summary>
internal sealed class StoreHarness : IDisposable
{
    private const int RetriesMax = 2_000;

    public StoreHarness(IDisk disk, StorageOptions options)
    {
        Disk = disk;
        Options = options;
        Open();
    }

    public IDisk Disk { get; private set; }

    public StorageOptions Options { get; set; }

    public ShardStore Store { get; private set; } = null!;

    public RecoveryReport Report { get; private set; } = null!;

    public Instant Now { get; private set; } = new(1_000_000, 1_700_000_000_000);

    public static StorageOptions Small(int segmentBytes = 4096) => new()
    {
        SegmentBytes = segmentBytes,
        ResidentBytesMax = 64L << 20,
        DirectoryBytesMax = 64L << 20,
        MaintenanceStepBytes = 1024,
    };

    public void Advance(long ms) => Now = new Instant(Now.MonotonicMicros + (ms * 1000), Now.WallMs + ms);

    public void Open()
    {
        ShardStore.Open(Disk, Options, Now, out ShardStore? store, out RecoveryReport report).ShouldBe(OpenOutcome.Opened, report.Refusal);
        Store = store!;
        Report = report;
    }

    /// <summary>Leaves the process without a word, and opens again on what the disk then is.</summary>
    public void Reopen(IDisk? disk = null)
    {
        Store.Dispose();
        Disk = disk ?? Disk;
        Open();
    }

    public void CloseClean()
    {
        for (int attempt = 0; Store.CloseClean() != PutOutcome.Done; attempt++)
        {
            attempt.ShouldBeLessThan(RetriesMax);
            Flush();
            Maintain(1);
        }
        Flush();
        Store.DurableOffset.ShouldBe(Store.AppendedOffset);
        Store.Dispose();
    }

    public bool Flush()
    {
        FlushGroup? group = Store.BeginFlush(Now);
        if (group == null)
            return false;
        group.Run(Disk);
        Store.EndFlush(group);
        return true;
    }

    /// <summary>Runs up to so many steps; gives how many there were.</summary>
    public int Maintain(int stepsMax = RetriesMax)
    {
        for (int step = 0; step < stepsMax; step++)
        {
            MaintenanceTask? task = Store.BeginMaintenance(Now);
            if (task == null)
                return step;
            task.Run(Disk);
            Store.EndMaintenance(task, Now);
        }
        return stepsMax;
    }

    /// <summary>Flushes and maintains until neither has anything to do, or, on a full disk, asks for space in vain again and again.</summary>
    public void Settle()
    {
        for (int round = 0; round < RetriesMax; round++)
        {
            Advance(1100);
            bool flushed = Flush();
            StoreStatistics before = Store.Statistics;
            int steps = Maintain();
            if (!flushed && (steps == 0 || (steps == 1 && before.IsDiskFull && Store.Statistics == before)))
                return;
        }
        throw new InvalidOperationException("The store never comes to rest.");
    }

    public FindOutcome Find(Name name, out Row? row) => Find(name, out row, out _);

    public FindOutcome Find(Name name, out Row? row, out RecordPlace place)
    {
        byte[] key = Bytes(name.Key);
        row = null;
        place = default;
        ColdRead? cold = null;
        for (int attempt = 0; attempt < RetriesMax; attempt++)
        {
            FindOutcome outcome = Store.Find(new RecordKey(name.Keyspace, name.Partition, key), cold, out RecordView view, out ColdRead? next);
            place = view.Place;
            if (outcome == FindOutcome.Found)
            {
                view.Key.SequenceEqual(key).ShouldBeTrue();
                row = new Row(view.Flags, view.Version, Text(view.Row));
            }
            if (outcome != FindOutcome.Cold)
                return outcome;
            cold = next;
            cold!.Run(Disk);
        }
        throw new InvalidOperationException("A cold read never ends.");
    }

    public Row? Get(Name name)
    {
        FindOutcome outcome = Find(name, out Row? row);
        outcome.ShouldBeOneOf(FindOutcome.Found, FindOutcome.NotFound);
        return row;
    }

    public PutOutcome TryPut(Name name, Row row)
    {
        Find(name, out _, out RecordPlace place);
        return Store.Put(new RecordKey(name.Keyspace, name.Partition, Bytes(name.Key)), place, row.Flags, row.Version, Bytes(row.Bytes));
    }

    public void Put(Name name, Row row) => Persist(() => TryPut(name, row));

    public void Forget(Name name) => Persist(() =>
    {
        Find(name, out _);
        return Store.Forget(new RecordKey(name.Keyspace, name.Partition, Bytes(name.Key)));
    });

    public void Drop(byte keyspace, ushort partition) => Persist(() => Store.DropPartition(keyspace, partition));

    /// <summary>Everything a partition holds, by scanning it in small ranges; checks the order and the ranges on the way.</summary>
    public SortedDictionary<Name, Row> Scan(byte keyspace, ushort partition, int budget, out bool sawDamage)
    {
        var visitor = new Collector(keyspace, partition);
        sawDamage = false;
        ulong from = 0;
        ColdRead? cold = null;
        for (int step = 0; step < 1_000_000; step++)
        {
            int before = visitor.Hashes.Count;
            ScanOutcome outcome = Store.Scan(keyspace, partition, from, budget, cold, visitor, out ulong end, out ColdRead? next);
            cold = next;
            if (outcome == ScanOutcome.Cold)
            {
                cold!.Run(Disk);
                continue;
            }
            sawDamage |= outcome == ScanOutcome.Damaged;
            for (int index = before; index < visitor.Hashes.Count; index++)
            {
                visitor.Hashes[index].ShouldBeGreaterThanOrEqualTo(index == before ? from : visitor.Hashes[index - 1]);
                if (end != 0)
                    visitor.Hashes[index].ShouldBeLessThan(end);
            }
            if (end == 0)
                return visitor.Rows;
            end.ShouldBeGreaterThan(from);
            from = end;
        }
        throw new InvalidOperationException("A scan never ends.");
    }

    /// <summary>Everything of the first keyspaces and partitions; nothing may be damaged.</summary>
    public SortedDictionary<Name, Row> ScanAll(int keyspaces, int partitions, int budget)
    {
        var all = new SortedDictionary<Name, Row>();
        for (int index = 0; index < keyspaces * partitions; index++)
        {
            SortedDictionary<Name, Row> rows = Scan((byte)(index / partitions), (ushort)(index % partitions), budget, out bool sawDamage);
            sawDamage.ShouldBeFalse();
            foreach ((Name name, Row row) in rows)
                all.Add(name, row);
        }
        return all;
    }

    public static byte[] Bytes(string text) => System.Text.Encoding.Latin1.GetBytes(text);

    public static string Text(ReadOnlySpan<byte> bytes) => System.Text.Encoding.Latin1.GetString(bytes);

    public void Dispose() => Store.Dispose();

    private void Persist(Func<PutOutcome> attempt)
    {
        for (int retry = 0; retry < RetriesMax; retry++)
        {
            PutOutcome outcome = attempt();
            if (outcome == PutOutcome.Done)
                return;
            outcome.ShouldBe(PutOutcome.Stalled);
            Flush();
            Maintain(3);
            Advance(10);
        }
        throw new InvalidOperationException("A put stalls for ever.");
    }

    private sealed class Collector(byte keyspace, ushort partition) : IScanVisitor
    {
        public SortedDictionary<Name, Row> Rows { get; } = [];

        public List<ulong> Hashes { get; } = [];

        public void Visit(in RecordView record)
        {
            record.Hash.ShouldBe(StableHash.Hash64(record.Key));
            Hashes.Add(record.Hash);
            Rows.Add(new Name(keyspace, partition, Text(record.Key)), new Row(record.Flags, record.Version, Text(record.Row)));
        }
    }
}
