using Torc.Base;

namespace Torc.Simulator.Changes;

public enum ChangeKind
{
    /// <summary>A new machine is started with members as its seeds, and let in once it asks.</summary>
    Join,

    /// <summary>A member that lives is to go.</summary>
    Leave,

    /// <summary>A machine dies for good; the operator takes its node out.</summary>
    Remove,

    /// <summary>A new machine takes the place of a member, dead ones first.</summary>
    Replace,

    Weight,

    /// <summary>Another replication factor: one number, or one for each data centre.</summary>
    Copies,

    /// <summary>Other default levels of a keyspace.</summary>
    Keyspace,

    /// <summary>The change under way is to end early.</summary>
    Cancel,
}

/// <summary>One thing that the operator wants. <see cref="Seed"/> gives it random numbers of its own, so that leaving others out does not change it.</summary>
public sealed record PlannedChange(int Number, ChangeKind Kind, long AtMicros, ulong Seed)
{
    public override string ToString() => $"{Number}: {AtMicros / 1e6:F3} s {Kind}";

    /// <summary>The changes of a run, in order of time.</summary>
    public static IReadOnlyList<PlannedChange> Plan(ChangeOptions options, SeededRandom random, long durationMicros)
    {
        var changes = new List<PlannedChange>();
        for (long at = 0; options.IsAny;)
        {
            at += 1 + (long)(-Math.Log(1 - random.Unit()) * options.IntervalMeanMicros);
            if (at >= durationMicros)
                break;
            changes.Add(new PlannedChange(changes.Count, options.Kinds[random.Below(options.Kinds.Count)], at, random.Next()));
        }
        return changes;
    }
}
