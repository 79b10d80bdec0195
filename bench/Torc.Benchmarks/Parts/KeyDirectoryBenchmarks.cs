using BenchmarkDotNet.Attributes;
using Torc.Base;
using Torc.Storage.Directory;

namespace Torc.Benchmarks.Parts;

/// <summary>A directory of a million keys, far larger than the caches, asked for keys at random. One operation is one key.</summary>
public class KeyDirectoryBenchmarks
{
    private const int Keys = 1_000_000;
    private const int Batch = 64;
    private const long MemoryBytesMax = 1L << 30;

    private readonly SeededRandom _random = new(1);
    private readonly ulong[] _batch = new ulong[Batch];
    private BucketArena _arena = null!;
    private KeyDirectory _directory = null!;

    [GlobalSetup]
    public void Fill()
    {
        _arena = new BucketArena(MemoryBytesMax);
        _directory = new KeyDirectory(_arena, new AddressesAsKeys());
        for (long address = 0; address < Keys; address++)
            _directory.Insert(AddressesAsKeys.HashOf(address), address);
    }

    [GlobalCleanup]
    public void Free()
    {
        _directory.Dispose();
        _arena.Dispose();
    }

    [Benchmark(OperationsPerInvoke = Batch)]
    public long Find()
    {
        Draw();
        return FindAll();
    }

    [Benchmark(OperationsPerInvoke = Batch)]
    public long FindPrefetched()
    {
        Draw();
        foreach (ulong hash in _batch)
            _directory.Prefetch(hash);
        return FindAll();
    }

    [Benchmark(OperationsPerInvoke = Batch)]
    public long InsertAndRemove()
    {
        for (int i = 0; i < Batch; i++)
        {
            long address = Keys + i;
            _directory.Insert(AddressesAsKeys.HashOf(address), address);
        }
        for (int i = 0; i < Batch; i++)
        {
            long address = Keys + i;
            Check.That(_directory.Remove(AddressesAsKeys.HashOf(address), address));
        }
        return _directory.Count;
    }

    private void Draw()
    {
        for (int i = 0; i < Batch; i++)
            _batch[i] = AddressesAsKeys.HashOf(_random.Below(Keys));
    }

    private long FindAll()
    {
        long sum = 0;
        foreach (ulong hash in _batch)
        {
            foreach (long address in _directory.Candidates(hash))
                sum += address;
        }
        return sum;
    }

    /// <summary>Keys are their own addresses, so that the directory can ask for hashes without a log.</summary>
    private sealed class AddressesAsKeys : IHashSource
    {
        public static ulong HashOf(long address) => StableHash.Combine(7, (ulong)address);

        public bool TryHashOf(long address, out ulong hash)
        {
            hash = HashOf(address);
            return true;
        }
    }
}
