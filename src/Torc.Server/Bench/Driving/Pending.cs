namespace Torc.Server.Bench.Driving;

/// <summary>What a request on its way belongs to.</summary>
internal enum PendingKind : byte
{
    /// <summary>A request that is a whole operation.</summary>
    Whole,

    /// <summary>The read of a read-modify-write: its write follows.</summary>
    FirstHalf,

    /// <summary>The write of a read-modify-write.</summary>
    SecondHalf,

    /// <summary>WAIT: the writes before it on the connection are done when it is.</summary>
    Wait,
}

/// <summary>A request whose reply is to come; <paramref name="BeganAt"/> is when its operation was sent, or with a rate: due.</summary>
internal readonly record struct Pending(PendingKind Kind, Operation Operation, bool IsMeasured, long BeganAt, long Key);
