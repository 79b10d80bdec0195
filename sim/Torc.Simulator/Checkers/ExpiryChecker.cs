namespace Torc.Simulator.Checkers;

/// <summary>
/// Invariant 6 on values: once every deadline that the key can have is past by more than any clock is wrong, no read
/// returns it. (That nothing vanishes before its deadline is <see cref="StaleReadChecker"/>'s.)
/// </summary>
public static class ExpiryChecker
{
    public static IEnumerable<Violation> Check(History history)
    {
        foreach (KeyHistory key in history.ByKey())
        {
            foreach (ObservedRead observed in key.Reads)
            {
                if (MustBeGone(history, key, observed))
                    yield return new Violation(6, $"{observed.Read} returned {observed.Writers[0]} after its deadline", key.Key);
            }
        }
    }

    /// <summary>
    /// The change was over before the value was written, and they met: the value is stamped above it, so its deadline is not the key's. They may
    /// have missed each other at levels that do not overlap, and when hints stood in for replicas; then their clocks alone order them.
    /// </summary>
    private static bool IsBelow(History history, Operation change, Operation origin, Operation read) =>
        change.Precedes(origin) && history.Holders(change, read) + history.Holders(origin, read) > history.Copies(read)
        && !history.LossExcuses(history.Holders(change, read), change, read, origin.CompletedMicros);

    private static bool MustBeGone(History history, KeyHistory key, ObservedRead observed)
    {
        Operation origin = observed.Writers[0];
        long wallMs = history.WallMsAt(observed.Read.InvokedMicros);
        if (MayStillHold(origin))
            return false;
        foreach (Operation change in key.Mutations)
        {
            bool mayApply = change.Kind == OperationKind.Expire && change.MayHaveApplied
                && !IsBelow(history, change, origin, observed.Read) && change.InvokedMicros <= observed.Read.CompletedMicros;
            if (mayApply && MayStillHold(change))
                return false;
        }
        return true;

        bool MayStillHold(Operation setter) =>
            (setter.DeadlineMs == 0 || setter.DeadlineMs + history.ClockErrorMsMax >= wallMs)
            && key.FindSuperseding(setter, observed.Read, mutation => mutation.Kind == OperationKind.Expire) is null;
    }
}
