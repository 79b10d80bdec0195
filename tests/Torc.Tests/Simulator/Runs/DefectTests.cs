using Torc.Simulator.Runs;

namespace Torc.Tests.Simulator.Runs;

/// <summary>
/// Every deliberate defect is caught by the checker of the invariant that it breaks (docs/SIMULATION.md has the table), and what provokes it is harmless
/// without it. What is caught with one seed may need the next after an unrelated change, because that shifts all random choices.
/// </summary>
public class DefectTests
{
    private const long DefectMicros = 30_000_000;
    private const long HarmlessMicros = 8_000_000;
    private const int SeedsMax = 30;

    /// <summary>Per defect: the invariants whose violation shows it, and a seed that does.</summary>
    private static readonly Dictionary<Defect, (int[] Invariants, int FirstSeed)> Expected = new()
    {
        [Defect.ReplyBeforeSync] = ([1], 1),
        [Defect.ReplyBeforeWrite] = ([1], 1),
        [Defect.LyingDisk] = ([1], 1),
        [Defect.WipeUnnoticed] = ([1], 1),
        [Defect.IncompleteCounts] = ([3], 1),
        [Defect.OutrankedIsApplied] = ([1], 9),
        [Defect.StoppedWallClock] = ([6], 1),
        [Defect.HintCountedInStrict] = ([3], 1),
        [Defect.HintDroppedBeforeAck] = ([1], 1),
        [Defect.WeakReads] = ([4], 1),
        [Defect.AckBeforeSync] = ([1], 1),
        [Defect.ReadBeforeSync] = ([4], 1),
        [Defect.RepairRestamps] = ([1, 4], 1),
        [Defect.RepairNotStored] = ([4], 1),
        [Defect.ExpiryStampedAfresh] = ([1, 6], 1),
        [Defect.LateAckCounts] = ([3], 1),
        [Defect.DigestAlwaysMatches] = ([1, 4], 1),
        [Defect.RootsAlwaysMatch] = ([1, 4], 1),
        [Defect.LeafNotUpdated] = ([7], 1),
        [Defect.UnreadableIsNotFound] = ([1, 3, 4], 1),
        [Defect.ForwardRunTwice] = ([1], 1),
        [Defect.ActorReused] = ([2], 1),
        [Defect.TombstoneDroppedEarly] = ([1], 1),
        [Defect.StaleEpochAccepted] = ([9], 1),
        [Defect.QuorumInOneSet] = ([1, 3], 1),
        [Defect.VoteForgotten] = ([9], 1),
        [Defect.FloorForgotten] = ([1, 4], 1),
        [Defect.RemovedNotFenced] = ([9], 1),
    };

    public static TheoryData<Defect> Defects => [.. Enum.GetValues<Defect>().Where(defect => defect != Defect.None)];

    [Theory]
    [MemberData(nameof(Defects))]
    public void A_deliberate_defect_is_caught_by_the_checker_of_its_invariant(Defect defect)
    {
        (int[] invariants, int firstSeed) = Expected[defect];
        bool caught = false;
        for (int seed = firstSeed; seed < firstSeed + SeedsMax && !caught; seed++)
        {
            RunResult result = SimulationRun.Run(RunPlan.Draw((ulong)seed, DefectMicros, defect));
            caught = result.Violations.Any(violation => invariants.Contains(violation.Invariant));
        }
        caught.ShouldBeTrue();
    }

    [Theory]
    [MemberData(nameof(Defects))]
    public void What_provokes_a_defect_breaks_nothing_without_it(Defect defect)
    {
        RunResult result = SimulationRun.Run(RunPlan.Draw(1, HarmlessMicros, defect) with { Defect = Defect.None });

        result.Violations.ShouldBeEmpty(RunReport.Violations(result));
        result.Plan.Faults.Length.ShouldBeGreaterThan(0);
    }
}
