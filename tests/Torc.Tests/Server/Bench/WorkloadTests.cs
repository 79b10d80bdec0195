using Torc.Base;
using Torc.Server.Bench;
using Torc.Server.Bench.Keys;

namespace Torc.Tests.Server.Bench;

public sealed class WorkloadTests
{
    public static TheoryData<string> Names => [.. Workload.All.Select(static workload => workload.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Operations_come_in_the_shares_that_the_workload_names(string name)
    {
        Workload workload = Workload.Find(name)!;
        int[] found = new int[5];
        for (int percent = 0; percent < 100; percent++)
            found[(int)workload.At(percent)]++;
        found.ShouldBe([workload.Reads, workload.Updates, workload.Inserts, workload.Scans, workload.ReadModifyWrites]);
    }

    [Fact]
    public void The_core_workloads_are_those_of_YCSB() =>
        Workload.All.Where(static workload => workload.Name.Length == 1)
            .Select(static w => (w.Name, w.Reads, w.Updates, w.Inserts, w.Scans, w.ReadModifyWrites, w.Distribution))
            .ShouldBe(
            [
                ("a", 50, 50, 0, 0, 0, KeyDistribution.Zipfian),
                ("b", 95, 5, 0, 0, 0, KeyDistribution.Zipfian),
                ("c", 100, 0, 0, 0, 0, KeyDistribution.Zipfian),
                ("d", 95, 0, 5, 0, 0, KeyDistribution.Latest),
                ("e", 0, 0, 5, 95, 0, KeyDistribution.Zipfian),
                ("f", 50, 0, 0, 0, 50, KeyDistribution.Zipfian),
            ]);

    [Fact]
    public void Loading_draws_each_key_once()
    {
        WorkloadSource source = Source("load", keys: 0, seed: 1);
        Enumerable.Range(0, 1_000).Select(_ => source.Next())
            .ShouldBe(Enumerable.Range(0, 1_000).Select(static key => new WorkloadStep(Operation.Insert, key)));
    }

    [Fact]
    public void Scans_stay_within_the_keys_that_are_there()
    {
        WorkloadSource source = Source("e", keys: 300, seed: 2);
        int longest = 0;
        for (int i = 0; i < 20_000; i++)
        {
            WorkloadStep step = source.Next();
            if (step.Operation != Operation.Scan)
                continue;
            step.Count.ShouldBeGreaterThan(0);
            longest = Math.Max(longest, step.Count);
        }
        longest.ShouldBe(WorkloadSource.ScanKeysMax);
    }

    [Fact]
    public void The_same_seed_draws_the_same_operations()
    {
        WorkloadSource one = Source("f", 5_000, 3), same = Source("f", 5_000, 3), other = Source("f", 5_000, 4);
        WorkloadStep[] steps = [.. Enumerable.Range(0, 100).Select(_ => one.Next())];
        Enumerable.Range(0, 100).Select(_ => same.Next()).ShouldBe(steps);
        Enumerable.Range(0, 100).Select(_ => other.Next()).ShouldNotBe(steps);
    }

    private static WorkloadSource Source(string name, long keys, ulong seed)
    {
        Workload workload = Workload.Find(name)!;
        return new WorkloadSource(workload, workload.Distribution, new KeySpace(keys, inFlightMax: 0), new SeededRandom(seed));
    }
}
