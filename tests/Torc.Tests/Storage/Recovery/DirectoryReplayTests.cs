using System.Buffers.Binary;
using Torc.Base;
using Torc.Storage;
using Torc.Storage.Directory;
using Torc.Storage.Memory;
using Torc.Storage.Partitions;
using Torc.Storage.Records;
using Torc.Storage.Recovery;
using Torc.Storage.Segments;

namespace Torc.Tests.Storage.Recovery;

/// <summary>Many records of few hashes, replayed into directories and into a dictionary by key.</summary>
public sealed class DirectoryReplayTests
{
    private const ulong LogId = 7;
    private const int SegmentBytes = 1 << 20;

    [Theory]
    [InlineData(1_000, 1_000, 64)] // nearly every key once
    [InlineData(3_000, 40, 64)] // keys written often
    [InlineData(3_000, 40, 2)] // keys that differ and share their hash
    [InlineData(3_000, 5, 0)] // all share one
    public void The_last_record_of_each_key_survives(int records, int keys, int hashBits)
    {
        for (ulong seed = 1; seed <= 5; seed++)
            Run(records, keys, hashBits, seed);
    }

    private static void Run(int records, int keys, int hashBits, ulong seed)
    {
        var random = new SeededRandom(seed);
        using var segments = new SegmentTable(SegmentBytes, memorySlotsMax: 4);
        using var partitions = new PartitionTable(new BucketArena(64 << 20), segments);
        var expected = new Dictionary<(ushort Partition, string Key), (long Address, int Size)>();
        using (var replay = new DirectoryReplay(segments, partitions))
        {
            for (int left = records, sequence = 1; left > 0; left -= 500, sequence++)
                AddSegment(replay, segments, segments.Add(sequence), Math.Min(500, left), keys, hashBits, random, expected);
            replay.Run();
        }
        for (ushort partition = 0; partition < 3; partition++)
        {
            PartitionCounts counts = partitions.Get(0, partition)?.Counts ?? default;
            var there = expected.Where(pair => pair.Key.Partition == partition).ToList();
            counts.Records.ShouldBe(there.Count, $"seed {seed}");
            counts.Bytes.ShouldBe(there.Sum(static pair => pair.Value.Size), $"seed {seed}");
            foreach (((_, string key), (long address, _)) in there)
                partitions.Get(0, partition)!.Directory.Contains(HashOf(key, hashBits), address).ShouldBeTrue($"seed {seed}, {key}");
        }
        segments.Ordered.Sum(static segment => segment.LiveRecords).ShouldBe(expected.Count, $"seed {seed}");
    }

    private static void AddSegment(DirectoryReplay replay, SegmentTable segments, Segment segment, int records, int keys, int hashBits,
        SeededRandom random, Dictionary<(ushort Partition, string Key), (long Address, int Size)> expected)
    {
        using var builder = new SegmentIndexBuilder();
        int offset = SegmentHeader.Bytes;
        for (int count = 0; count < records; count++)
        {
            var partition = (ushort)random.Below(3);
            string key = "key" + random.Below(keys);
            bool isForget = random.Chance(0.1), isDrop = random.Chance(0.002);
            RecordKind kind = isDrop ? RecordKind.Drop : isForget ? RecordKind.Forget : RecordKind.Put;
            byte[] name = isDrop ? [] : StoreHarness.Bytes(key);
            var header = new RecordHeader(kind, RecordFlags.None, 0, partition, (UInt128)(ulong)(segment.Base + offset), name.Length, isDrop || isForget ? 0 : random.Below(50));
            byte[] record = new byte[header.Size];
            RecordCodec.Write(record, header, name, new byte[header.RowLength]);
            builder.Add(offset, record, header);
            if (isDrop)
                expected.Keys.Where(known => known.Partition == partition).ToList().ForEach(gone => expected.Remove(gone));
            else if (isForget)
                expected.Remove((partition, key));
            else
                expected[(partition, key)] = (segments.AddressOf(segment, offset), header.Size);
            offset += header.Size;
        }
        using SegmentIndex index = builder.Build(LogId, segment.Sequence, SegmentBytes, offset);
        replay.Add(segment, WithHashes(index, segment.Sequence, offset, hashBits));
    }

    /// <summary>The same index as if the hash function were a bad one.</summary>
    private static SegmentIndex WithHashes(SegmentIndex index, long sequence, int end, int hashBits)
    {
        var file = new NativeBuffer(index.File.Length);
        index.File.CopyTo(file.Span);
        int keyBytes = 0;
        for (int entry = 0; entry < index.Count; entry++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(file.Span[(SegmentIndex.HeaderBytes + (entry * SegmentIndex.EntryBytes))..],
                HashOf(StoreHarness.Text(index.Key(index[entry])), hashBits));
            keyBytes += index[entry].KeyLength;
        }
        SegmentIndex.WriteHeader(file.Span, LogId, sequence, end, index.Count, keyBytes, index.ControlRecords, index.NamedOffset);
        return SegmentIndex.TryDecode(file, LogId, sequence, SegmentBytes)!;
    }

    private static ulong HashOf(string key, int hashBits) =>
        hashBits == 0 ? 0 : StableHash.Hash64(StoreHarness.Bytes(key)) >> (64 - hashBits) << (64 - hashBits);
}
