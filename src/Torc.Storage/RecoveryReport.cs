namespace Torc.Storage;

/// <summary>Bytes that were durable once and are not what was written.</summary>
/// <param name="File">The file's name.</param>
/// <param name="Offset">Where in the file it begins.</param>
/// <param name="What">What is wrong, for a person.</param>
public readonly record struct Damage(string File, long Offset, string What);

/// <summary>What <see cref="ShardStore.Open"/> found.</summary>
public sealed class RecoveryReport
{
    private readonly List<Damage> _damages = [];

    /// <summary>True when the directory was empty.</summary>
    public bool FreshlyMade { get; internal set; }

    /// <summary>The previous run ended with <see cref="ShardStore.CloseClean"/> and a flush.</summary>
    public bool CleanStop { get; internal set; }

    /// <summary>Durability of the previous run; null when there was none.</summary>
    public Durability? PreviousDurability { get; internal set; }

    /// <summary>
    /// No acknowledged record of the previous run is missing: it stopped cleanly or ran under <see cref="Durability.Always"/>, and
    /// nothing is damaged. Never true of a freshly made log, which cannot know what was there before.
    /// </summary>
    public bool LogProvedComplete =>
        !FreshlyMade && _damages.Count == 0 && (CleanStop || PreviousDurability == Durability.Always);

    /// <summary>Corruption below the durable offset. The rest is served.</summary>
    public IReadOnlyList<Damage> Damages => _damages;

    /// <summary>Why <see cref="ShardStore.Open"/> refused, for a person; empty when it did not.</summary>
    public string Refusal { get; internal set; } = "";

    public int Segments { get; internal set; }

    /// <summary>Segments whose values were read because their hint file was missing, stale or damaged, or they were never sealed.</summary>
    public int SegmentsScanned { get; internal set; }

    /// <summary>Keys in the directory afterwards.</summary>
    public long Records { get; internal set; }

    /// <summary>Where in the log its last record ends; 0 when there is none.</summary>
    public long EndOffset { get; internal set; }

    /// <summary>Bytes of log, live or not.</summary>
    public long LogBytes { get; internal set; }

    /// <summary>Bytes after the last complete record above the durable offset: never acknowledged, and cut off.</summary>
    public long TornBytes { get; internal set; }

    /// <summary>Bytes that were read.</summary>
    public long ReadBytes { get; internal set; }

    internal void Add(Damage damage) => _damages.Add(damage);
}
