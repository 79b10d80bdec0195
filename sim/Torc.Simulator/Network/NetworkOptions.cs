using Torc.Base;

namespace Torc.Simulator.Network;

/// <summary>What the network is like in one run.</summary>
public sealed record NetworkOptions
{
    /// <summary>Least time from host to host, in microseconds.</summary>
    public long DelayMinMicros { get; init; } = 50;

    /// <summary>Mean of the exponential part on top, in microseconds.</summary>
    public long DelayMeanMicros { get; init; } = 200;

    /// <summary>Share of deliveries that take up to <see cref="SpikeMicrosMax"/> longer (a retransmission, a busy switch).</summary>
    public double SpikeChance { get; init; } = 0.001;

    public long SpikeMicrosMax { get; init; } = 200_000;

    /// <summary>Share of byte chunks that arrive in two pieces.</summary>
    public double SplitChance { get; init; } = 0.05;

    /// <summary>An end that hears nothing over a cut link gives its connection up after this at the earliest and latest, in milliseconds.</summary>
    public long GiveUpMinMs { get; init; } = 500;

    public long GiveUpMaxMs { get; init; } = 20_000;

    public long ConnectTimeoutMs { get; init; } = 1_000;

    public static NetworkOptions Draw(SeededRandom random) => new()
    {
        DelayMinMicros = random.Between(10, 500),
        DelayMeanMicros = random.Chance(0.3) ? random.Between(1_000, 20_000) : random.Between(20, 500),
        SpikeChance = random.Chance(0.5) ? 0 : random.Unit() * 0.01,
        SpikeMicrosMax = random.Between(1_000, 2_000_000),
        SplitChance = random.Chance(0.3) ? 0 : random.Unit() * 0.2,
        GiveUpMinMs = random.Between(100, 2_000),
        GiveUpMaxMs = random.Between(2_000, 30_000),
    };
}
