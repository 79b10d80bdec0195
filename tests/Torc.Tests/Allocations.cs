namespace Torc.Tests;

/// <summary>Measures what code allocates in steady state.</summary>
internal static class Allocations
{
    private const int Runs = 5;

    /// <summary>
    /// The fewest bytes that one of a few runs allocated on this thread. A collection that other tests cause in the middle of
    /// a run takes arrays out of the shared pool and ends this thread's allocation buffer early, which both count as allocated;
    /// code that allocates does so in every run.
    /// </summary>
    public static long Least(Action run)
    {
        long least = long.MaxValue;
        for (int attempt = 0; attempt < Runs && least > 0; attempt++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            run();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }
        return least;
    }
}
