namespace Torc.Core.Clocks;

/// <summary>
/// A hybrid logical clock (Kulkarni et al., "Logical Physical Clocks", 2014) of one actor: stamps follow the wall
/// clock while it goes forward and count on when it does not. Every stamp issued is above every earlier one, above
/// every version observed and above the version it replaces; a counter that overflows carries into the milliseconds.
/// </summary>
/// <remarks>
/// Data is never refused for its stamp: refusing it would lose an acknowledged write of a peer whose clock ran ahead.
/// A node whose own clock is far off refuses client writes instead (Membership.PeerHealth).
/// </remarks>
public sealed class HybridClock(Actor actor)
{
    private ulong _last;

    public Actor Actor { get; private set; } = actor;

    /// <summary>The node became a member and was given an id: from now on it stamps under that.</summary>
    public void Assume(Actor assigned) => Actor = assigned;

    /// <summary>The next version: above everything issued or observed so far, and above <paramref name="above"/>.</summary>
    public Version Stamp(Instant now, Version above)
    {
        ulong wall = (ulong)Math.Max(now.WallMs, 0) << Version.CounterBits;
        _last = Math.Max(wall, Math.Max(_last, above.Stamp) + 1);
        return new Version(_last, Actor.Value);
    }

    /// <summary>Later stamps will be above <paramref name="seen"/>. Ignores stamps that no decoder accepts.</summary>
    public void Observe(Version seen)
    {
        if (seen.Stamp > _last && seen.Stamp <= Version.StampMax)
            _last = seen.Stamp;
    }
}
