namespace Torc.Server.CommandLine;

/// <summary>What the process says when it ends.</summary>
public static class ExitCode
{
    public const int Done = 0;

    /// <summary>Something failed that was no mistake of the caller, or a command that watches was interrupted before its end; a message was printed.</summary>
    public const int Failed = 1;

    /// <summary>The command line or a setting is wrong; a message names it.</summary>
    public const int Usage = 2;

    /// <summary>The data directory cannot be used.</summary>
    public const int Data = 3;

    /// <summary>A write or a sync failed, and the node stopped.</summary>
    public const int DiskFailed = 4;

    /// <summary>A broken invariant: a bug.</summary>
    public const int Broken = 5;
}
