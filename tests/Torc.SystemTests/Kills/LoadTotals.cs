using System.Diagnostics;
using Torc.SystemTests.Harness;

namespace Torc.SystemTests.Kills;

/// <summary>Counts over all workers. Any thread.</summary>
internal sealed class LoadTotals
{
    private readonly Lock _gate = new();
    private long _acknowledged;
    private long _lastAcknowledged;
    private long _longestPause;
    private string? _problem;

    internal long Acknowledged => Interlocked.Read(ref _acknowledged);

    /// <summary>A read may miss what it could have seen: hints that counted are not all delivered (docs/GUARANTEES.md).</summary>
    internal bool MayReadOldValues { get; set; }

    internal long Refused { get; private set; }

    internal long Unknown { get; private set; }

    internal long Reads { get; private set; }

    /// <summary>The first wrong answer that any worker got; null is what everyone hopes for.</summary>
    internal string? Problem => Volatile.Read(ref _problem);

    internal void AddBatch(int acknowledged, int refused, int unknown, int reads)
    {
        lock (_gate)
        {
            Interlocked.Add(ref _acknowledged, acknowledged);
            Refused += refused;
            Unknown += unknown;
            Reads += reads;
            if (acknowledged == 0)
                return;
            long now = Stopwatch.GetTimestamp();
            if (_lastAcknowledged != 0)
                _longestPause = Math.Max(_longestPause, now - _lastAcknowledged);
            _lastAcknowledged = now;
        }
    }

    /// <summary>Returns when so many more writes were acknowledged, or a worker got a wrong answer.</summary>
    internal void WaitForMore(int writes, TimeSpan patience)
    {
        long until = Acknowledged + writes;
        Wait.Until($"{writes} acknowledged writes", () => Acknowledged >= until || Problem is not null, patience);
    }

    internal void Report(string problem) => Interlocked.CompareExchange(ref _problem, problem, null);

    /// <summary>The longest time in which no client got any write acknowledged, since the last call.</summary>
    internal TimeSpan TakeLongestPause()
    {
        lock (_gate)
        {
            TimeSpan pause = Stopwatch.GetElapsedTime(0, _longestPause);
            _longestPause = 0;
            _lastAcknowledged = 0;
            return pause;
        }
    }
}
