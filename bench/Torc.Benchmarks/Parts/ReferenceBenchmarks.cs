using BenchmarkDotNet.Attributes;

namespace Torc.Benchmarks.Parts;

/// <summary>A loop that uses nothing of Torc: how fast this machine is at this moment.</summary>
public class ReferenceBenchmarks
{
    private const int Steps = 1_000;
    private ulong _state = 1;

    [Benchmark]
    public ulong Arithmetic()
    {
        ulong state = _state;
        for (int step = 0; step < Steps; step++)
        {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
        }
        return _state = state;
    }
}
