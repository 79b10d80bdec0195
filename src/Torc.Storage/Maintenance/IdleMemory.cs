using Torc.Base;
using Torc.Storage.Segments;

namespace Torc.Storage.Maintenance;

/// <summary>
/// How much memory of segments that were let go is given back to the system: what nobody wanted during a whole period. Pages
/// that went back cost far more to get again (the kernel clears them) than to keep for a while, and what a burst of writes took
/// the next one will take again.
/// </summary>
internal sealed class IdleMemory(SegmentTable segments)
{
    internal const long PeriodMs = 30_000;

    private Instant _periodBegan;
    private int _leastIdle;
    private int _unwanted;

    /// <summary>Call it often: it sees the least that was idle between two calls only by being called in between.</summary>
    public void Observe(Instant now)
    {
        _leastIdle = Math.Min(_leastIdle, segments.IdleMemorySlots);
        if (now.MsSince(_periodBegan) < PeriodMs)
            return;
        _unwanted = _leastIdle;
        _leastIdle = segments.IdleMemorySlots;
        _periodBegan = now;
    }

    /// <summary>The memory of one segment to give back, or null.</summary>
    public DiscardTask? Next()
    {
        if (_unwanted == 0)
            return null;
        _unwanted--;
        return segments.TryRentIdleMemory(out int memorySlot) ? new DiscardTask(segments, memorySlot) : null;
    }
}
