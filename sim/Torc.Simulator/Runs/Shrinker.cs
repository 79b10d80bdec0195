using System.Collections.Immutable;

namespace Torc.Simulator.Runs;

/// <summary>
/// Makes a failing plan smaller while it still breaks the same invariant: a shorter run, fewer faults, fewer clients, fewer
/// operations; by halves first, then ever smaller pieces (delta debugging: Zeller and Hildebrandt, 2002). Leaving something
/// out shifts what comes after it, so a piece may matter only by chance; the result is small, not minimal.
/// </summary>
public sealed class Shrinker
{
    private const long DurationStepMicros = 250_000;
    private readonly Func<RunPlan, RunResult> _run;
    private readonly Func<bool> _mayGoOn;
    private RunResult _smallest;

    /// <param name="failed">A run that failed.</param>
    /// <param name="run">Runs a plan.</param>
    /// <param name="mayGoOn">False once it has taken long enough.</param>
    private Shrinker(RunResult failed, Func<RunPlan, RunResult> run, Func<bool> mayGoOn)
    {
        _smallest = failed;
        _run = run;
        _mayGoOn = mayGoOn;
    }

    /// <summary>The smallest failing run found.</summary>
    public static RunResult Shrink(RunResult failed, Func<RunPlan, RunResult> run, Func<bool> mayGoOn)
    {
        var shrinker = new Shrinker(failed, run, mayGoOn);
        shrinker.ShrinkDuration();
        shrinker.ShrinkFaults();
        shrinker.ShrinkChanges();
        shrinker.ShrinkClients();
        shrinker.ShrinkOperations();
        shrinker.ShrinkFaults();
        return shrinker._smallest;
    }

    private void ShrinkDuration()
    {
        for (long step = _smallest.Plan.DurationMicros / 2; step >= DurationStepMicros; step /= 2)
        {
            bool shorter = true;
            while (shorter && _smallest.Plan.DurationMicros > step)
            {
                long duration = _smallest.Plan.DurationMicros - step;
                shorter = Try(_smallest.Plan with
                {
                    DurationMicros = duration,
                    Faults = [.. _smallest.Plan.Faults.Where(fault => fault.AtMicros < duration)],
                    Changes = [.. _smallest.Plan.Changes.Where(change => change.AtMicros < duration)],
                });
            }
        }
    }

    private void ShrinkFaults() => ShrinkList(
        plan => plan.Faults, (plan, faults) => plan with { Faults = faults });

    private void ShrinkChanges() => ShrinkList(
        plan => plan.Changes, (plan, changes) => plan with { Changes = changes });

    private void ShrinkClients() => ShrinkList(
        plan => plan.Clients, (plan, clients) => plan with { Clients = clients });

    private void ShrinkOperations()
    {
        foreach (int client in _smallest.Plan.Clients)
        {
            int count = _smallest.OperationsPerClient.GetValueOrDefault(client) + DroppedOf(client);
            for (int piece = Math.Max(1, count / 2); ; piece /= 2)
            {
                for (int first = 0; first < count; first += piece)
                {
                    if (!_smallest.Plan.IsDropped(client, first))
                        Try(_smallest.Plan with { DroppedOperations = _smallest.Plan.DroppedOperations.Add((client, first, first + piece)) });
                }
                if (piece <= 1)
                    break;
            }
        }
    }

    private int DroppedOf(int client) =>
        _smallest.Plan.DroppedOperations.Where(dropped => dropped.Client == client).Sum(dropped => dropped.End - dropped.First);

    private void ShrinkList<T>(Func<RunPlan, ImmutableArray<T>> get, Func<RunPlan, ImmutableArray<T>, RunPlan> with)
    {
        for (int piece = Math.Max(1, get(_smallest.Plan).Length / 2); ; piece /= 2)
        {
            for (int first = 0; first < get(_smallest.Plan).Length;)
            {
                ImmutableArray<T> all = get(_smallest.Plan);
                ImmutableArray<T> fewer = all.RemoveRange(first, Math.Min(piece, all.Length - first));
                if (!Try(with(_smallest.Plan, fewer)))
                    first += piece;
            }
            if (piece <= 1)
                return;
        }
    }

    /// <summary>Keeps the plan when it breaks an invariant that the original broke.</summary>
    private bool Try(RunPlan plan)
    {
        if (!_mayGoOn())
            return false;
        RunResult result = _run(plan);
        int wanted = _smallest.Violations[0].Invariant;
        if (!result.Violations.Any(violation => violation.Invariant == wanted))
            return false;
        _smallest = result with { Violations = [.. result.Violations.OrderBy(violation => violation.Invariant != wanted)] };
        return true;
    }
}
