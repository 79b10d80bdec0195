namespace Torc.Simulator.Checkers;

/// <summary>
/// Invariant 1 for read-modify-writes: an append that was acknowledged before another began is in every value the other
/// made. Appends that overlap may overwrite each other while nodes disagree on who is healthy, so those are let
/// through, as is whatever a write, delete or expiry may have reset.
/// </summary>
public static class AppendChecker
{
    public static IEnumerable<Violation> Check(History history)
    {
        foreach (KeyHistory key in history.ByKey())
        {
            if (key.Mutations.Any(mutation => mutation.DeadlineMs != 0))
                continue;
            var excused = new HashSet<long>();
            List<Operation> appends = key.Mutations
                .Where(mutation => mutation.Kind == OperationKind.Append && mutation.Outcome == OperationOutcome.Done)
                .ToList();
            foreach (Operation append in appends)
            {
                if (key.Mutations.Any(other => MayHideOverlapping(append, other)))
                    excused.Add(append.Id);
            }
            foreach (ObservedRead observed in key.Reads)
            {
                Operation last = observed.LastWriter;
                if (last.Kind != OperationKind.Append)
                    continue;
                foreach (Operation append in appends)
                {
                    if (!excused.Contains(append.Id) && IsLost(history, key, append, last, observed))
                        yield return new Violation(1, $"{observed.Read} returned {last} without the append before it: {append}", key.Key);
                }
            }
        }
    }

    private static bool IsLost(History history, KeyHistory key, Operation append, Operation last, ObservedRead observed)
    {
        if (!append.Precedes(last) || observed.Writers.Contains(append))
            return false;
        int holders = history.Holders(append, observed.Read);
        if (key.Mutations.Any(other => MayHaveMissed(history, other, append, observed.Read) && other.InvokedMicros < observed.Read.CompletedMicros))
            return false;
        if (history.LossExcuses(holders, append, observed.Read))
            return false;
        return !key.Mutations.Any(other => IsReset(other) && other.InvokedMicros < observed.Read.CompletedMicros
            && (!other.Precedes(append) || MayOutrank(history, other, observed)));
    }

    /// <summary>
    /// A change whose level does not overlap the append's need not have read it, and makes a value with the later stamp that later appends,
    /// of any level, then build on.
    /// </summary>
    private static bool MayHaveMissed(History history, Operation other, Operation append, Operation read) =>
        other.Kind == OperationKind.Append && other.MayHaveApplied && !other.Precedes(append) && !ReferenceEquals(other, append)
        && history.Holders(append, read) + history.RequiredBeforeChange(other.Level, read) <= history.Copies(read);

    /// <summary>
    /// A reset from before the append may bear the later stamp when its level is so weak that the append's read need not have met it. It
    /// excuses only values that begin with it.
    /// </summary>
    private static bool MayOutrank(History history, Operation reset, ObservedRead observed)
    {
        int readBefore = observed.Writers.Min(writer => history.RequiredBeforeChange(writer.Level, observed.Read));
        if (history.Holders(reset, observed.Read) + readBefore > history.Copies(observed.Read))
            return false;
        Operation first = observed.Writers[0];
        return reset.Kind == OperationKind.Delete ? first.Kind == OperationKind.Append : ReferenceEquals(first, reset);
    }

    private static bool MayHideOverlapping(Operation append, Operation other) =>
        !ReferenceEquals(append, other) && other.WritesValue && other.MayHaveApplied
        && !other.Precedes(append) && !append.Precedes(other);

    private static bool IsReset(Operation other) => other.Kind switch
    {
        OperationKind.Write or OperationKind.WriteIfAbsent => other.MayHaveApplied,
        OperationKind.Delete => other.Outcome != OperationOutcome.Refused,
        _ => false,
    };
}
