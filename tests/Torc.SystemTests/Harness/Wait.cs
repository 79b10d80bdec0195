using System.Diagnostics;

namespace Torc.SystemTests.Harness;

/// <summary>Waits for what another process does. Every wait is bounded and says what it waited for.</summary>
internal static class Wait
{
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private const int PollMs = 20;

    internal static void Until(string what, Func<bool> condition, TimeSpan? patience = null, Func<string>? details = null)
    {
        TimeSpan limit = patience ?? Patience;
        var elapsed = Stopwatch.StartNew();
        while (!condition())
        {
            if (elapsed.Elapsed > limit)
                throw new TimeoutException($"after {limit.TotalSeconds} s still waiting for: {what}{Environment.NewLine}{details?.Invoke()}");
            Thread.Sleep(PollMs);
        }
    }

    /// <summary>Repeats an assertion until it holds, and lets its last failure out when it never does.</summary>
    internal static void UntilHolds(Action assertion, TimeSpan? patience = null)
    {
        TimeSpan limit = patience ?? Patience;
        var elapsed = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                assertion();
                return;
            }
            catch (Exception error) when (elapsed.Elapsed < limit && error is ShouldAssertException or IOException)
            {
                Thread.Sleep(PollMs);
            }
        }
    }
}
