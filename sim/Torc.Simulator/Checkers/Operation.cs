using Torc.Core.Replication;

namespace Torc.Simulator.Checkers;

public enum OperationKind
{
    Read,

    /// <summary>Replaces the value, with or without a deadline.</summary>
    Write,

    /// <summary>A write that takes place only when the key is absent (SET NX).</summary>
    WriteIfAbsent,

    /// <summary>Adds its token to the end of the value and keeps the deadline.</summary>
    Append,

    Delete,

    /// <summary>Sets the deadline, or takes it away (deadline 0).</summary>
    Expire,
}

public enum OperationOutcome
{
    /// <summary>No answer yet. Counts like <see cref="Unknown"/>.</summary>
    Pending,

    Done,

    /// <summary>Answered: its condition did not hold, so it changed nothing (SET NX on a present key, DEL or EXPIRE of an absent one).</summary>
    NotApplied,

    /// <summary>An error that promises that nothing was changed.</summary>
    Refused,

    /// <summary>TIMEOUT, or the connection was lost: may take effect at any time from its invocation on, or never.</summary>
    Unknown,
}

/// <summary>One request of one client and what became of it. Times are true (virtual) microseconds.</summary>
public sealed class Operation
{
    public required long Id { get; init; }

    /// <summary>The connection that asked.</summary>
    public int Observer { get; init; }

    public required string Key { get; init; }

    /// <summary>It is what a FLUSHDB does to this key; <see cref="EveryKey"/> when that is all there is of it yet.</summary>
    public bool IsFlush { get; init; }

    /// <summary>In the place of a key: all of <see cref="FlushedKeyspace"/>.</summary>
    public const string EveryKey = "*";

    /// <summary>The keyspace that clients flush now and then. They leave the other one alone.</summary>
    public const int FlushedKeyspace = 1;

    /// <summary>Names tell keyspaces apart, so that a history has one set of keys.</summary>
    public static int KeyspaceOf(string key) => char.IsAsciiLetterUpper(key[0]) ? FlushedKeyspace : 0;

    public required OperationKind Kind { get; init; }

    public ConsistencyLevel Level { get; init; } = ConsistencyLevel.Quorum;

    public required long InvokedMicros { get; init; }

    /// <summary>When the answer arrived; never for outcomes that stay open, so that they precede nothing.</summary>
    public long CompletedMicros { get; internal set; } = long.MaxValue;

    public OperationOutcome Outcome { get; internal set; } = OperationOutcome.Pending;

    /// <summary>What it writes: a token made by <see cref="Tokens"/>. Of a completed read: what it returned, null for nil.</summary>
    public string? Value { get; set; }

    /// <summary>Wall clock milliseconds at which the key is to vanish; 0 for never.</summary>
    public long DeadlineMs { get; init; }

    /// <summary>It was acknowledged, perhaps, by its coordinator and hints alone.</summary>
    public bool MayBeHinted { get; set; }

    /// <summary>From when on the key's partition may have had other copies than at first.</summary>
    public long MovedMicros { get; set; } = long.MaxValue;

    /// <summary>The fewest copies that the key's partition had in the run, when it moved.</summary>
    public int CopiesLeast { get; set; }

    /// <summary>The partition had begun to move before it was over.</summary>
    public bool MayHaveMoved => MovedMicros != long.MaxValue && CompletedMicros >= MovedMicros;

    public bool IsMutation => Kind != OperationKind.Read;

    public bool WritesValue => Kind is OperationKind.Write or OperationKind.WriteIfAbsent or OperationKind.Append;

    /// <summary>May have changed something, now or later.</summary>
    public bool MayHaveApplied => IsMutation && Outcome is OperationOutcome.Done or OperationOutcome.Unknown or OperationOutcome.Pending;

    /// <summary>A flush as what it does to one key.</summary>
    internal Operation OnKey(Operation other) => new()
    {
        Id = Id,
        Observer = Observer,
        Key = other.Key,
        IsFlush = true,
        Kind = OperationKind.Delete,
        Level = Level,
        InvokedMicros = InvokedMicros,
        CompletedMicros = CompletedMicros,
        Outcome = Outcome,
        MovedMicros = other.MovedMicros,
        CopiesLeast = other.CopiesLeast,
    };

    /// <summary>Was over before the other began.</summary>
    public bool Precedes(Operation other) => CompletedMicros < other.InvokedMicros;

    public override string ToString()
    {
        string span = CompletedMicros == long.MaxValue ? $"[{InvokedMicros}, ...)" : $"[{InvokedMicros}, {CompletedMicros}]";
        string deadline = DeadlineMs == 0 ? "" : $" deadline {DeadlineMs}";
        return $"#{Id} {span} observer {Observer} {Kind} {Key} {Level} {Outcome} '{Tokens.Shorten(Value)}'{deadline}";
    }
}
