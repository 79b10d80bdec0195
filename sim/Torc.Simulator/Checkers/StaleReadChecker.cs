namespace Torc.Simulator.Checkers;

/// <summary>
/// Invariants 1 and 4 on values: no acknowledged write is lost, no delete is undone, nothing is read that was never written,
/// and reads never go back behind what an earlier read returned. Sound, not complete: with concurrent or unknown
/// operations it accepts every order that they allow.
/// </summary>
public static class StaleReadChecker
{
    private const int LostInvariant = 1;
    private const int BackwardsInvariant = 4;

    public static IEnumerable<Violation> Check(History history)
    {
        foreach (KeyHistory key in history.ByKey())
        {
            foreach (Violation phantom in key.Phantoms)
                yield return phantom;
            foreach (ObservedRead observed in key.Reads)
            {
                if (CheckValue(key, observed.Read, observed.LastWriter) is { } violation)
                    yield return violation;
            }
            foreach (Operation absence in key.Absences)
            {
                if (CheckAbsence(history, key, absence) is { } violation)
                    yield return violation;
            }
        }
    }

    private static Violation? CheckValue(KeyHistory key, Operation read, Operation writer)
    {
        Evidence? evidence = key.FindSuperseding(writer, read, mutation => mutation.WritesValue || mutation.Kind == OperationKind.Delete);
        if (evidence is null)
            return null;
        string undone = evidence.Mutation.Kind == OperationKind.Delete ? "the delete was undone" : "the write was lost";
        return new Violation(InvariantOf(evidence), $"{read} returned {writer}, but {undone}: {evidence}", key.Key);
    }

    /// <summary>Nil needs a reason that nothing known to be there outranks: never written, a delete, or a deadline that passed.</summary>
    private static Violation? CheckAbsence(History history, KeyHistory key, Operation read)
    {
        Evidence? lost = key.FindSuperseding(null, read, mutation => mutation.WritesValue);
        if (lost is null)
            return null;
        foreach (Operation cause in key.Mutations)
        {
            if (ReferenceEquals(cause, read) || cause.InvokedMicros > read.CompletedMicros || cause.Outcome == OperationOutcome.Refused)
                continue;
            if (cause.Kind == OperationKind.Delete && key.FindSuperseding(cause, read, mutation => mutation.WritesValue) is null)
                return null;
            bool mayHaveExpired = cause.MayHaveApplied && cause.DeadlineMs != 0
                && cause.DeadlineMs - history.ClockErrorMsMax <= history.WallMsAt(read.CompletedMicros);
            if (mayHaveExpired && key.FindSuperseding(cause, read, SetsDeadline) is null)
                return null;
        }
        return new Violation(InvariantOf(lost), $"{read} found nothing, but {lost}", key.Key);
    }

    private static bool SetsDeadline(Operation mutation) =>
        mutation.Kind is OperationKind.Write or OperationKind.WriteIfAbsent or OperationKind.Expire;

    private static int InvariantOf(Evidence evidence) => evidence.SeenBy is null ? LostInvariant : BackwardsInvariant;
}
