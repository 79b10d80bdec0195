namespace Torc.Protocols.Resp;

/// <summary>Bounds on what a server may make a client hold.</summary>
public sealed record RespReplyLimits
{
    /// <summary>Bytes of one string.</summary>
    public int BulkBytesMax { get; init; } = 64 * 1024 * 1024;

    /// <summary>Bytes of a line: a simple string, an error, a number.</summary>
    public int LineBytesMax { get; init; } = 64 * 1024;

    /// <summary>Values of one reply, those within others included.</summary>
    public int ValuesMax { get; init; } = 4 * 1024 * 1024;

    /// <summary>Bytes of all strings and lines of one reply.</summary>
    public long ReplyBytesMax { get; init; } = 256 * 1024 * 1024;

    /// <summary>Aggregates within aggregates.</summary>
    public int DepthMax { get; init; } = 64;

    public static RespReplyLimits Default { get; } = new();
}
