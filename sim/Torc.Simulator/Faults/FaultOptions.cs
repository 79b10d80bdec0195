using Torc.Base;

namespace Torc.Simulator.Faults;

/// <summary>How often which faults come.</summary>
public sealed record FaultOptions
{
    /// <summary>Mean time between two faults, in microseconds.</summary>
    public long IntervalMeanMicros { get; init; } = 3_000_000;

    /// <summary>Longest a fault lasts, in microseconds.</summary>
    public long DurationMicrosMax { get; init; } = 10_000_000;

    /// <summary>The kinds that this run has; most runs have only some, so that each gets its turn at being frequent.</summary>
    public IReadOnlyList<FaultKind> Kinds { get; init; } = Enum.GetValues<FaultKind>();

    public static FaultOptions Draw(SeededRandom random)
    {
        FaultKind[] all = Enum.GetValues<FaultKind>();
        double share = 0.2 + random.Unit() * 0.8;
        FaultKind[] kinds = [.. all.Where(_ => random.Chance(share))];
        return new FaultOptions
        {
            IntervalMeanMicros = random.Between(300_000, 8_000_000),
            DurationMicrosMax = random.Between(200_000, 15_000_000),
            Kinds = kinds.Length == 0 ? all : kinds,
        };
    }
}
