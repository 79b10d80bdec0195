namespace Torc.Protocols.Resp;

/// <summary>What <see cref="RespReplyReader"/> made of the bytes it was given.</summary>
public enum ReplyOutcome
{
    /// <summary>All input was taken; the reply goes on in bytes that have not arrived.</summary>
    NeedMore,

    /// <summary>One reply is complete; the input begins at the byte after it.</summary>
    Reply,

    /// <summary>The server did not speak RESP, or sent more than the limits allow: close the connection.</summary>
    Error,
}
