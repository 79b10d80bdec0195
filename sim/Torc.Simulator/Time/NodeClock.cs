using Torc.Base;

namespace Torc.Simulator.Time;

/// <summary>
/// The two clocks of one machine as its processes see them: a monotonic one that runs at a slightly wrong rate, and a wall clock
/// that also stands wrong and can be made to jump. True time is the queue's.
/// </summary>
public sealed class NodeClock(EventQueue queue, long epochWallMs)
{
    private const long Million = 1_000_000;
    private long _driftPartsPerMillion;
    private long _rateSinceMicros;
    private long _monotonicAtRateChange;
    private long _wallOffsetMicros;

    public Instant Now
    {
        get
        {
            long monotonic = MonotonicMicros;
            long wallMicros = monotonic + _wallOffsetMicros;
            return new Instant(monotonic, epochWallMs + FloorToMs(wallMicros));
        }
    }

    /// <summary>How far the wall clock is from true time now, in milliseconds.</summary>
    public long ErrorMs => Now.WallMs - TrueWallMs(queue.NowMicros, epochWallMs);

    private static long FloorToMs(long micros) =>
        micros >= 0 ? micros / Instant.MicrosPerMs : -((-micros + Instant.MicrosPerMs - 1) / Instant.MicrosPerMs);

    private long MonotonicMicros =>
        _monotonicAtRateChange + Elapsed + Elapsed * _driftPartsPerMillion / Million;

    private long Elapsed => queue.NowMicros - _rateSinceMicros;

    public static long TrueWallMs(long trueMicros, long epochWallMs) => epochWallMs + trueMicros / Instant.MicrosPerMs;

    /// <summary>The rate error from now on; a good crystal is within 50, a bad one 500.</summary>
    public void SetDrift(long partsPerMillion)
    {
        _monotonicAtRateChange = MonotonicMicros;
        _rateSinceMicros = queue.NowMicros;
        _driftPartsPerMillion = partsPerMillion;
    }

    /// <summary>Moves the wall clock, forward or back; the monotonic one does not notice.</summary>
    public void Jump(long milliseconds) => _wallOffsetMicros += milliseconds * Instant.MicrosPerMs;

    /// <summary>Sets the wall clock right (as NTP does after a heal).</summary>
    public void Correct() => _wallOffsetMicros = queue.NowMicros - MonotonicMicros;
}
