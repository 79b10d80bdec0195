using System.Buffers.Binary;
using Torc.Base;

namespace Torc.Server.Bench.Keys;

/// <summary>
/// Zipfian ranks, spread over the keys by a hash, so that popular keys are not neighbours. As in YCSB the ranks are drawn from
/// ten thousand million and folded onto the keys: popularity does not change when keys are added.
/// </summary>
internal sealed class ScrambledZipfianKeys(KeySpace keys) : IKeyChooser
{
    private const long RanksCount = 10_000_000_000;
    private readonly ZipfianRanks _ranks = new(RanksCount);

    public long Next(SeededRandom random) => Scramble(_ranks.Next(random), keys.Known);

    internal static long Scramble(long rank, long count)
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, rank);
        return (long)(StableHash.Hash64(bytes, 0) % (ulong)count);
    }
}
