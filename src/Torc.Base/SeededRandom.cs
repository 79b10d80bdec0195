using System.Numerics;
using System.Text;

namespace Torc.Base;

/// <summary>
/// xoshiro256** by Blackman and Vigna, seeded through splitmix64. The same seed gives the same sequence on
/// every machine. Fork by name so that a new consumer does not shift the draws of the others.
/// </summary>
public sealed class SeededRandom
{
    private readonly ulong _seed;
    private ulong _s0, _s1, _s2, _s3;

    public SeededRandom(ulong seed)
    {
        _seed = seed;
        ulong state = seed;
        _s0 = SplitMix(ref state);
        _s1 = SplitMix(ref state);
        _s2 = SplitMix(ref state);
        _s3 = SplitMix(ref state);
    }

    /// <summary>An independent generator that depends on this one's seed and the name alone, not on draws made so far.</summary>
    public SeededRandom Fork(string name) => new(StableHash.Hash64(Encoding.UTF8.GetBytes(name), _seed));

    public ulong Next()
    {
        ulong result = BitOperations.RotateLeft(_s1 * 5, 7) * 9;
        ulong t = _s1 << 17;
        _s2 ^= _s0;
        _s3 ^= _s1;
        _s1 ^= _s2;
        _s0 ^= _s3;
        _s2 ^= t;
        _s3 = BitOperations.RotateLeft(_s3, 45);
        return result;
    }

    /// <summary>Uniform in [0, bound); bound must be positive.</summary>
    public int Below(int bound)
    {
        Check.That(bound > 0);
        return (int)Math.BigMul(Next(), (ulong)bound, out _);
    }

    /// <summary>Uniform in [low, high).</summary>
    public long Between(long low, long high)
    {
        Check.That(high > low);
        return low + (long)Math.BigMul(Next(), (ulong)(high - low), out _);
    }

    /// <summary>Uniform in [0, 1).</summary>
    public double Unit() => (Next() >> 11) * (1.0 / (1UL << 53));

    public bool Chance(double probability) => Unit() < probability;

    public void Fill(Span<byte> bytes)
    {
        for (int i = 0; i < bytes.Length; i++)
            bytes[i] = (byte)(Next() >> 56);
    }

    private static ulong SplitMix(ref ulong state)
    {
        ulong z = state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
