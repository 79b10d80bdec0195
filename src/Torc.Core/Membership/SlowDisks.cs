namespace Torc.Core.Membership;

/// <summary>
/// Whose disk is so slow that others should do what can be done elsewhere: coordinate, and answer reads. Each node judges its own, by how long
/// its syncs take beside those that others tell, and tells it with every heartbeat. So all agree whom to pass over, within a heartbeat, which
/// read-modify-writes need: a judgement of each node about each other one would differ for long.
/// </summary>
/// <remarks>
/// Slow is what is much slower than the median of the others, and slow by itself; where all disks are alike nobody is. It has to last,
/// because each change of mind moves coordinators.
/// </remarks>
public sealed class SlowDisks
{
    /// <summary>A disk that syncs faster is never slow.</summary>
    public const long SlowFromMicros = 30_000;

    /// <summary>How many times the median of the others; half of it, and of <see cref="SlowFromMicros"/>, to be fast again.</summary>
    public const int SlowRatio = 4;

    public const long SlowAfterMicros = 1_500_000;
    public const long FastAfterMicros = 5_000_000;

    private readonly SortedDictionary<ushort, (long SyncMicros, bool IsSlow)> _told = [];
    private long _steadySinceMicros;

    /// <summary>This node's judgement of its own disk.</summary>
    public bool IsOwnSlow { get; private set; }

    /// <summary>What a peer says of its own.</summary>
    public bool IsSlow(ushort node) => _told.TryGetValue(node, out (long, bool IsSlow) told) && told.IsSlow;

    /// <summary>A peer told how long its syncs take, and its judgement of that.</summary>
    public void Hear(ushort node, long syncMicros, bool isSlow) => _told[node] = (syncMicros, isSlow);

    /// <summary>Nothing is known of a peer any more.</summary>
    public void Forget(ushort node) => _told.Remove(node);

    /// <summary>Judges this node's disk; call it every now and then. True when the judgement changed.</summary>
    /// <param name="ownMicros">How long syncs take here, on average of late.</param>
    /// <param name="now">The instant.</param>
    public bool Judge(long ownMicros, Instant now)
    {
        bool looksSlow = _told.Count > 0 && LooksSlow(ownMicros, MedianOfOthers(), IsOwnSlow ? 2 : 1);
        if (looksSlow == IsOwnSlow)
        {
            _steadySinceMicros = now.MonotonicMicros;
            return false;
        }
        if (now.MonotonicMicros - _steadySinceMicros < (IsOwnSlow ? FastAfterMicros : SlowAfterMicros))
            return false;
        IsOwnSlow = looksSlow;
        _steadySinceMicros = now.MonotonicMicros;
        return true;
    }

    private static bool LooksSlow(long own, long median, int leniency) =>
        own > SlowFromMicros / leniency && own > median * (SlowRatio / leniency);

    /// <summary>The upper one of two in the middle: when half of the disks are slow, none stands out.</summary>
    private long MedianOfOthers()
    {
        long[] micros = [.. _told.Values.Select(static told => told.SyncMicros)];
        Array.Sort(micros);
        return micros[micros.Length / 2];
    }
}
