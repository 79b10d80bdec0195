using Torc.Base;

namespace Torc.Simulator.Clients;

/// <summary>What clients do in a run.</summary>
public sealed record WorkloadOptions
{
    public int Clients { get; init; } = 5;

    /// <summary>Mean pause of a client between two batches, in microseconds.</summary>
    public long PauseMeanMicros { get; init; } = 20_000;

    /// <summary>Commands that a client sends at once.</summary>
    public int PipelineMax { get; init; } = 3;

    /// <summary>Keys in use at a time, per kind of key.</summary>
    public int Keys { get; init; } = 8;

    /// <summary>Keys get new names after this long, so that the history of one key stays short enough to check.</summary>
    public long KeyLifeMicros { get; init; } = 20_000_000;

    public int ValueBytesMax { get; init; } = 200;

    /// <summary>Relative frequencies.</summary>
    public int ReadWeight { get; init; } = 10;

    public int WriteWeight { get; init; } = 8;

    public int DeleteWeight { get; init; } = 2;

    public int WriteIfAbsentWeight { get; init; } = 2;

    public int AppendWeight { get; init; } = 4;

    public int ExpireWeight { get; init; } = 2;

    /// <summary>Share of clients that work at level ONE or ALL instead of the run's.</summary>
    public double OtherLevelShare { get; init; }

    /// <summary>Share of clients whose keys are in a keyspace that they flush.</summary>
    public double FlushingShare { get; init; }

    /// <summary>Share of the operations of those that are flushes.</summary>
    public double FlushShare { get; init; } = 0.02;

    /// <summary>A client gives an answer up after this and connects again, in milliseconds.</summary>
    public long PatienceMs { get; init; } = 6_000;

    public static WorkloadOptions Draw(SeededRandom random) => new()
    {
        Clients = (int)random.Between(2, 9),
        PauseMeanMicros = random.Between(5_000, 60_000),
        PipelineMax = (int)random.Between(1, 6),
        Keys = (int)random.Between(2, 20),
        KeyLifeMicros = random.Between(5_000_000, 30_000_000),
        ValueBytesMax = random.Chance(0.2) ? 3_000 : (int)random.Between(1, 300),
        ReadWeight = (int)random.Between(2, 20),
        WriteWeight = (int)random.Between(2, 20),
        DeleteWeight = (int)random.Between(0, 5),
        WriteIfAbsentWeight = (int)random.Between(0, 5),
        AppendWeight = (int)random.Between(0, 10),
        ExpireWeight = (int)random.Between(0, 5),
        OtherLevelShare = random.Chance(0.5) ? 0 : 0.3,
        PatienceMs = random.Between(1_000, 8_000),
        FlushingShare = random.Fork("flushing").Chance(0.5) ? 0.4 : 0,
    };
}
