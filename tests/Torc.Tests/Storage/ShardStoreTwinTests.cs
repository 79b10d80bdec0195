using Torc.Base;
using Torc.Simulator.Disks;
using Torc.Storage;

namespace Torc.Tests.Storage;

/// <summary>
/// The store against a dictionary, with random operations. A crash may lose a suffix of what was not durable and nothing
/// else: what is found afterwards must be the state after some prefix of the operations that contains every durable one.
/// </summary>
public class ShardStoreTwinTests
{
    private const int Partitions = 3;

    [Theory]
    [InlineData(Durability.Always, StorageMode.Log)]
    [InlineData(Durability.EverySecond, StorageMode.Log)]
    [InlineData(Durability.OperatingSystem, StorageMode.Log)]
    public void Behaves_like_a_dictionary_that_loses_only_what_was_not_durable(Durability durability, StorageMode mode)
    {
        StoreStatistics sum = default;
        for (ulong seed = 1; seed <= 24; seed++)
        {
            var run = new Run(seed, durability, mode);
            try
            {
                run.Play(1500);
                sum = Add(sum, run.Sum);
            }
            catch (Exception error)
            {
                throw new InvalidOperationException($"seed {seed}, step {run.Step}: {error.Message}", error);
            }
        }
        // A twin proves nothing about what it never did.
        sum.CompactedSegmentsTotal.ShouldBeGreaterThan(50);
        sum.EvictedSegmentsTotal.ShouldBeGreaterThan(50);
        sum.PromotedRecordsTotal.ShouldBeGreaterThan(10);
        sum.ColdReadsTotal.ShouldBeGreaterThan(50);
        sum.StalledPutsTotal.ShouldBeGreaterThan(50);
    }

    private static StoreStatistics Add(StoreStatistics sum, StoreStatistics more) => sum with
    {
        CompactedSegmentsTotal = sum.CompactedSegmentsTotal + more.CompactedSegmentsTotal,
        EvictedSegmentsTotal = sum.EvictedSegmentsTotal + more.EvictedSegmentsTotal,
        PromotedRecordsTotal = sum.PromotedRecordsTotal + more.PromotedRecordsTotal,
        ColdReadsTotal = sum.ColdReadsTotal + more.ColdReadsTotal,
        StalledPutsTotal = sum.StalledPutsTotal + more.StalledPutsTotal,
    };

    private sealed class Run
    {
        private readonly SeededRandom _random;
        private readonly StoreHarness _harness;
        private readonly PrefixModel _model = new();
        private CrashableDisk _disk = new();
        private long _version;

        public Run(ulong seed, Durability durability, StorageMode mode)
        {
            _random = new SeededRandom(seed);
            int segmentBytes = 4096 << _random.Below(3);
            _harness = new StoreHarness(_disk, StoreHarness.Small(segmentBytes) with
            {
                Durability = durability,
                Mode = mode,
                ResidentBytesMax = segmentBytes * _random.Between(4, 12),
                MaintenanceStepBytes = 256 << _random.Below(4),
                ReservedSegments = _random.Below(3),
                UnflushedBytesMax = _random.Chance(0.5) ? 3000 : 1 << 20,
                CompactionLiveRatioMax = _random.Unit() * 0.8,
            });
        }

        public int Step { get; private set; }

        public void Play(int steps)
        {
            for (Step = 0; Step < steps; Step++)
            {
                Act();
                Settle();
            }
            CompareAll(Current());
            Count();
            _harness.Dispose();
        }

        private void Act()
        {
            switch (_random.Below(100))
            {
                case < 62:
                    Put();
                    break;
                case < 65:
                    Forget();
                    break;
                case < 66:
                    if (_random.Chance(0.3))
                        Drop();
                    break;
                case < 75:
                    Name name = DrawName();
                    _harness.Get(name).ShouldBe(Current().GetValueOrDefault(name));
                    break;
                case < 83:
                    _harness.Flush();
                    break;
                case < 93:
                    _harness.Maintain(_random.Below(8));
                    break;
                case < 95:
                    _harness.Advance(_random.Below(1500));
                    break;
                case < 96:
                    CompareAll(Current());
                    break;
                case < 97:
                    Crash();
                    break;
                case < 98:
                    if (_random.Chance(0.3))
                        StopAndStart();
                    else
                        RestartProcess();
                    break;
                default:
                    _harness.Settle();
                    break;
            }
        }

        private Name DrawName() =>
            new((byte)_random.Below(2), (ushort)_random.Below(Partitions), "key" + _random.Below(80));

        private void Put()
        {
            Name name = DrawName();
            int length = _random.Chance(0.05) ? _random.Below(1500) : _random.Below(200);
            var row = new Row((RecordFlags)_random.Below(4), (UInt128)(ulong)++_version, name.Key + ":" + _version + new string('x', length));
            _harness.Put(name, row);
            _model.Did(_harness.Store.AppendedOffset, model => model[name] = row);
        }

        private void Forget()
        {
            Name name = DrawName();
            _harness.Forget(name);
            _model.Did(_harness.Store.AppendedOffset, model => model.Remove(name));
        }

        private void Drop()
        {
            Name name = DrawName();
            _harness.Drop(name.Keyspace, name.Partition);
            _model.Did(_harness.Store.AppendedOffset, model => PrefixModel.Drop(model, name.Keyspace, name.Partition));
        }

        /// <summary>What the processes of this run did.</summary>
        public StoreStatistics Sum { get; private set; }

        private void Count() => Sum = Add(Sum, _harness.Store.Statistics);

        /// <summary>Moves what became durable into the durable model.</summary>
        private void Settle() => _model.BecameDurable(_harness.Store.DurableOffset);

        private SortedDictionary<Name, Row> Current() => _model.Current();

        private void Crash()
        {
            Settle();
            Count();
            _disk = _disk.CrashClone(_random, CrashOptions.Draw(_random));
            _harness.Reopen(_disk);
            _harness.Report.Damages.ShouldBeEmpty();
            _harness.Report.CleanStop.ShouldBeFalse();
            Adopt();
        }

        private void RestartProcess()
        {
            Settle();
            Count();
            _disk.Restart();
            _harness.Reopen();
            _harness.Report.Damages.ShouldBeEmpty();
            Adopt();
        }

        private void StopAndStart()
        {
            SortedDictionary<Name, Row> before = Current();
            Count();
            _harness.CloseClean();
            _disk = _disk.CrashClone(_random, CrashOptions.Draw(_random));
            _harness.Reopen(_disk);
            _harness.Report.CleanStop.ShouldBeTrue();
            _harness.Report.LogProvedComplete.ShouldBeTrue();
            CompareAll(before);
            _model.Adopt(before);
        }

        /// <summary>Finds which prefix of the operations the recovered state is.</summary>
        private void Adopt()
        {
            SortedDictionary<Name, Row> found = ReadAll();
            _model.IsPossible(found).ShouldBeTrue("what was recovered is no prefix of what was done");
            _model.Adopt(found);
            CompareAll(found);
        }

        private SortedDictionary<Name, Row> ReadAll() => _harness.ScanAll(2, Partitions, 1 + _random.Below(30));

        private void CompareAll(SortedDictionary<Name, Row> model)
        {
            SortedDictionary<Name, Row> found = ReadAll();
            PrefixModel.IsSame(found, model).ShouldBeTrue($"{found.Count} found, {model.Count} expected");
            for (byte keyspace = 0; keyspace < 2; keyspace++)
            {
                for (ushort partition = 0; partition < Partitions; partition++)
                    CompareCounts(model, keyspace, partition);
            }
        }

        private void CompareCounts(SortedDictionary<Name, Row> model, byte keyspace, ushort partition)
        {
            Row[] rows = model.Where(pair => pair.Key.Keyspace == keyspace && pair.Key.Partition == partition).Select(pair => pair.Value).ToArray();
            PartitionCounts counts = _harness.Store.Counts(keyspace, partition);
            counts.Records.ShouldBe(rows.Length);
            counts.Live.ShouldBe(rows.Count(row => (row.Flags & RecordFlags.Tombstone) == 0));
            counts.WithDeadline.ShouldBe(rows.Count(row => (row.Flags & RecordFlags.HasDeadline) != 0));
            foreach (Row row in rows)
                counts.VersionMax.ShouldBeGreaterThanOrEqualTo(row.Version);
        }
    }
}
