namespace Torc.Simulator.Disks;

/// <summary>What a power loss does to writes and directory changes that were not synced.</summary>
public enum CrashMode
{
    /// <summary>Nothing unsynced survives.</summary>
    DropUnsynced,

    /// <summary>The disk stopped at one point of time: everything issued before it survives, across all files.</summary>
    KeepPrefix,

    /// <summary>Each sector, file length and directory change survives or not on its own: writes were reordered.</summary>
    KeepSubset,

    /// <summary>Everything survives: the page cache was written back just in time.</summary>
    KeepAll,
}

/// <summary>How a <see cref="CrashableDisk"/> crashes.</summary>
public sealed record CrashOptions
{
    public CrashMode Mode { get; init; } = CrashMode.KeepSubset;

    /// <summary>Bytes that the disk writes together unless <see cref="TearSectors"/>: 512 or 4096.</summary>
    public int SectorBytes { get; init; } = 512;

    /// <summary>A sector may hold the start of one version of itself and the end of another.</summary>
    public bool TearSectors { get; init; }

    /// <summary>A mode, sector size and tearing drawn at random.</summary>
    public static CrashOptions Draw(Torc.Base.SeededRandom random) => new()
    {
        Mode = (CrashMode)random.Below(4),
        SectorBytes = random.Chance(0.5) ? 512 : 4096,
        TearSectors = random.Chance(0.25),
    };
}
