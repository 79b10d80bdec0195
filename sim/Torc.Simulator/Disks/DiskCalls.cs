namespace Torc.Simulator.Disks;

/// <summary>How often a disk was asked for what; counts from the making of the disk on.</summary>
public readonly record struct DiskCalls(
    long Reads,
    long Writes,
    long Syncs,
    long DirectorySyncs,
    long Creates,
    long Renames,
    long Deletes,
    long BytesRead,
    long BytesWritten)
{
    /// <summary>Calls that change the disk or make a change durable.</summary>
    public long Mutations => Writes + Syncs + DirectorySyncs + Creates + Renames + Deletes;
}
