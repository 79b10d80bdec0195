using Torc.Base;

namespace Torc.Simulator.Changes;

/// <summary>How often an operator asks for which changes of the cluster.</summary>
public sealed record ChangeOptions
{
    public static readonly ChangeOptions None = new();

    /// <summary>Mean time between two requests, in microseconds.</summary>
    public long IntervalMeanMicros { get; init; } = 10_000_000;

    /// <summary>The kinds that this run has; empty when its members stay as they are.</summary>
    public IReadOnlyList<ChangeKind> Kinds { get; init; } = [];

    /// <summary>Members that the operator leaves at the least; the replication factor when that is more.</summary>
    public int NodesMin { get; init; } = 3;

    /// <summary>Members that the operator lets in at the most.</summary>
    public int NodesMax { get; init; } = 7;

    /// <summary>Machines that were taken out because they seemed dead for good are switched on again, with all that they had.</summary>
    public bool DeadReturn { get; init; }

    /// <summary>New machines that may be started in a run.</summary>
    public int NewMachinesMax { get; init; } = 12;

    public bool IsAny => Kinds.Count > 0;

    public static ChangeOptions Draw(SeededRandom random)
    {
        double share = 0.3 + random.Unit() * 0.7;
        ChangeKind[] kinds = [.. Enum.GetValues<ChangeKind>().Where(_ => random.Chance(share))];
        return new ChangeOptions
        {
            IntervalMeanMicros = random.Between(2_000_000, 25_000_000),
            // Without somebody who comes nobody could go for long.
            Kinds = [.. kinds.Append(ChangeKind.Join).Distinct()],
            NodesMin = (int)random.Between(2, 4),
            NodesMax = (int)random.Between(4, 8),
            DeadReturn = random.Fork("the dead return").Chance(0.5),
        };
    }
}
