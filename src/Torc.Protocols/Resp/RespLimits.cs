namespace Torc.Protocols.Resp;

/// <summary>
/// Bounds on what one connection may make a node hold. They may change between two commands (a successful AUTH),
/// never within one.
/// </summary>
public sealed record RespLimits
{
    /// <summary>Redis' limits for a connection that must authenticate first and has not yet.</summary>
    public const int UnauthenticatedArgumentsMax = 10;

    /// <inheritdoc cref="UnauthenticatedArgumentsMax"/>
    public const int UnauthenticatedBulkBytesMax = 16 * 1024;

    /// <summary>False while the connection still owes an AUTH: over a limit it is told that, and nothing more.</summary>
    public bool Authenticated { get; init; } = true;

    /// <summary>Arguments of one multibulk command. An inline command is bounded by <see cref="InlineBytesMax"/>.</summary>
    public int ArgumentsMax { get; init; } = 1024 * 1024;

    /// <summary>
    /// Bytes of one argument: half a segment of the log, which is the longest record. A longer one is refused from its
    /// declared length, before it is read.
    /// </summary>
    public int BulkBytesMax { get; init; } = 32 * 1024 * 1024;

    /// <summary>Bytes of all arguments of one command, each counted with <see cref="CommandBuffer.ArgumentOverheadBytes"/>.</summary>
    public int CommandBytesMax { get; init; } = 64 * 1024 * 1024;

    /// <summary>Bytes of an inline command or of a line that holds a length, without its line end.</summary>
    public int InlineBytesMax { get; init; } = 64 * 1024;

    /// <summary>The limits of an authenticated connection with default values.</summary>
    public static RespLimits Default { get; } = new();

    /// <summary>The limits of a connection that has not authenticated yet.</summary>
    public static RespLimits BeforeAuthentication { get; } = new()
    {
        Authenticated = false,
        ArgumentsMax = UnauthenticatedArgumentsMax,
        BulkBytesMax = UnauthenticatedBulkBytesMax,
        CommandBytesMax = UnauthenticatedArgumentsMax * (UnauthenticatedBulkBytesMax + CommandBuffer.ArgumentOverheadBytes),
    };
}
