namespace Torc.Core.Repair;

/// <summary>
/// What one copy of a partition has durably said about its garbage floor. All three are stamps of the hybrid clock, and speak of versions with that stamp or an older one.
/// </summary>
/// <param name="Floor">In force: what this copy does not hold at or below it is deleted. Only rises, except that a newcomer's begins at 0.</param>
/// <param name="Held">This copy holds, joined, whatever any replica held at or below it when all of them had closed it. 0 when the copy was incomplete since.</param>
/// <param name="Closed">This node stamps nothing at or below it any more, and keeps no hints of that age.</param>
/// <remarks>
/// A floor is agreed in three steps (<see cref="FloorAgreement"/>), and each replica goes through them in this order: Closed, Held, Floor. Why it is safe to forget
/// tombstones below a floor is in docs/ARCHITECTURE.md, Tombstones.
/// </remarks>
public readonly record struct CopyFloor(ulong Floor, ulong Held, ulong Closed)
{
    /// <summary>Whatever a complete copy holds at or below it is not deleted: no tombstone that was collected anywhere was over it.</summary>
    public ulong Proven => Math.Max(Floor, Held);

    public CopyFloor Close(ulong stamp) => this with { Closed = Math.Max(Closed, stamp) };

    /// <summary>After exchanges with all other replicas that began when all had closed the stamp.</summary>
    public CopyFloor Hold(ulong stamp)
    {
        Check.That(Closed >= stamp);
        return this with { Held = Math.Max(Held, stamp) };
    }

    /// <summary>Whether a complete copy may take over a floor that others have agreed on: it was one of them, or has pulled from one since.</summary>
    public bool MayRaise(ulong stamp) => Proven >= stamp;

    public CopyFloor Raise(ulong stamp)
    {
        Check.That(MayRaise(stamp));
        return this with { Floor = Math.Max(Floor, stamp) };
    }

    /// <summary>
    /// The copy may miss the end of its log. What is left is as it was at a moment before, so its floor, if it is still there, is as right as it was then; what it pulled
    /// afterwards may be gone.
    /// </summary>
    public CopyFloor BecameIncomplete() => this with { Held = 0 };

    /// <summary>
    /// The copy begins anew, as a newcomer, or has met damage, which takes rows of any age: nothing of what it holds or lacks means anything yet. A floor that it
    /// kept would have it leave alone, and others drop, what it lost.
    /// </summary>
    public CopyFloor BecameUnknown() => this with { Floor = 0, Held = 0 };

    /// <summary>The copy was completed by exchanges with complete ones, the greatest of whose floors it takes over, having dropped what they did not hold.</summary>
    public CopyFloor BecameComplete(ulong floor, ulong proven)
    {
        ulong taken = Math.Max(Floor, floor);
        return new CopyFloor(taken, Math.Max(proven, taken), Math.Max(Closed, Math.Max(proven, taken)));
    }
}
