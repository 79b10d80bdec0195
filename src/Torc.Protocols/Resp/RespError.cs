namespace Torc.Protocols.Resp;

/// <summary>The family of a protocol error, for events and counters.</summary>
public enum RespErrorKind
{
    /// <summary>The bytes are not RESP.</summary>
    Malformed,

    /// <summary>Well formed, and over one of the limits.</summary>
    TooLarge,

    /// <summary>Over the smaller limits of a connection that has not authenticated.</summary>
    Unauthenticated,

    /// <summary>An HTTP request: a browser may have been talked into attacking this port.</summary>
    CrossProtocol,
}

/// <summary>Why a stream was given up. <see cref="Message"/> is the error to send, without the leading <c>-</c>; then close.</summary>
public sealed record RespError(RespErrorKind Kind, string Message);
