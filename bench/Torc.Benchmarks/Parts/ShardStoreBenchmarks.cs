using System.Buffers.Binary;
using BenchmarkDotNet.Attributes;
using Torc.Base;
using Torc.Storage;
using Torc.Storage.Disk;

namespace Torc.Benchmarks.Parts;

/// <summary>A shard's store in memory with 100-byte rows. One operation is one record, of 64 in a batch.</summary>
public class ShardStoreBenchmarks
{
    private const int Keys = 300_000;

    /// <summary>Records written before measuring: the budget twice over, so that every segment was used before.</summary>
    private const int WrittenBefore = 2_000_000;

    private const int Batch = 64;
    private const int KeyBytes = 16;

    private static readonly Instant Now = new(1_000_000, 1_700_000_000_000);

    private readonly SeededRandom _random = new(2);
    private readonly byte[] _row = new byte[100];
    private readonly byte[] _keys = new byte[Batch * KeyBytes];
    private readonly ulong[] _hashes = new ulong[Batch];
    private ShardStore _store = null!;
    private ulong _version;

    [GlobalSetup]
    public void Fill()
    {
        var options = new StorageOptions { Mode = StorageMode.Memory, SegmentBytes = 4 << 20, ResidentBytesMax = 128L << 20, DirectoryBytesMax = 1L << 28 };
        Check.That(ShardStore.Open(NoDisk.Instance, options, Now, out ShardStore? store, out _) == OpenOutcome.Opened);
        _store = store!;
        for (int written = 0; written < WrittenBefore; written++)
        {
            WriteKey(0, written % Keys);
            Put(KeyAt(0));
        }
    }

    [GlobalCleanup]
    public void Close() => _store.Dispose();

    /// <summary>Replaces records: finds the old one and writes the new one into its place, as a store in memory does.</summary>
    [Benchmark(OperationsPerInvoke = Batch)]
    public void Put()
    {
        Draw();
        Prefetch();
        for (int i = 0; i < Batch; i++)
            Put(KeyAt(i));
    }

    [Benchmark(OperationsPerInvoke = Batch)]
    public int Find()
    {
        Draw();
        Prefetch();
        int bytes = 0;
        for (int i = 0; i < Batch; i++)
        {
            Check.That(_store.Find(KeyAt(i), null, out RecordView view, out _) == FindOutcome.Found);
            bytes += view.Row.Length;
        }
        return bytes;
    }

    private void Put(in RecordKey key)
    {
        _version++;
        PutOutcome outcome;
        while ((outcome = _store.Put(key, RecordFlags.None, new UInt128(_version, 1), _row)) == PutOutcome.Stalled)
            MakeRoom();
        Check.That(outcome == PutOutcome.Done);
    }

    private void MakeRoom()
    {
        while (_store.BeginMaintenance(Now) is { } task)
        {
            task.Run(NoDisk.Instance);
            _store.EndMaintenance(task, Now);
        }
    }

    private void Prefetch()
    {
        Span<RecordApproach> approaches = stackalloc RecordApproach[Batch];
        for (int i = 0; i < Batch; i++)
            _store.Approach(KeyAt(i), RecordUse.Read, ref approaches[i]);
        _store.Arrive(approaches);
    }

    private void Draw()
    {
        for (int i = 0; i < Batch; i++)
            WriteKey(i, _random.Below(Keys));
    }

    private void WriteKey(int index, long key)
    {
        Span<byte> bytes = _keys.AsSpan(index * KeyBytes, KeyBytes);
        BinaryPrimitives.WriteInt64LittleEndian(bytes, key);
        _hashes[index] = StableHash.Hash64(bytes);
    }

    private RecordKey KeyAt(int index) => new(0, 0, _hashes[index], _keys.AsSpan(index * KeyBytes, KeyBytes));

    /// <summary>Memory mode opens no file.</summary>
    private sealed class NoDisk : IDisk
    {
        public static readonly NoDisk Instance = new();

        public long FreeBytes => 0;

        public IReadOnlyList<DiskFileInfo> List() => [];

        public IDiskFile Open(string name) => throw new NotSupportedException();

        public DiskOutcome Create(string name, long length, out IDiskFile? file) => throw new NotSupportedException();

        public void Rename(string from, string to) => throw new NotSupportedException();

        public void Delete(string name) => throw new NotSupportedException();

        public void SyncDirectory()
        {
        }
    }
}
