namespace Torc.Protocols.Resp;

/// <summary>What <see cref="RespCommandReader"/> made of the bytes it was given.</summary>
public enum ParseOutcome
{
    /// <summary>All input was taken; the command goes on in bytes that have not arrived.</summary>
    NeedMore,

    /// <summary>One command is in the buffer; the input begins at the byte after it.</summary>
    Command,

    /// <summary>The stream cannot be understood any more: send the error, then close the connection.</summary>
    Error,
}
