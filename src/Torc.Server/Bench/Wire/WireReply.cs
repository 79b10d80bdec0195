namespace Torc.Server.Bench.Wire;

/// <summary>What came back for one request.</summary>
internal enum WireReply
{
    /// <summary>Not all of it is here yet.</summary>
    NeedMore,
    Done,

    /// <summary>Answered, and there was no such key.</summary>
    Missing,

    /// <summary>The server answered with an error, whose first word says which.</summary>
    Failed,

    /// <summary>It makes no sense as the protocol: the connection is of no more use.</summary>
    Broken,
}
