using Torc.Server.Bench.Keys;

namespace Torc.Server.Bench;

/// <summary>
/// A mix of operations in percent, which add up to 100. A to F are the core workloads of the Yahoo! Cloud Serving Benchmark
/// (Cooper and others, SoCC 2010).
/// </summary>
internal sealed record Workload(string Name, string Meaning, KeyDistribution Distribution)
{
    internal const string LoadName = "load";
    internal const string MixedName = "mixed";

    private static readonly Workload[] Known =
    [
        new("a", "50 % reads, 50 % updates (YCSB A)", KeyDistribution.Zipfian) { Reads = 50, Updates = 50 },
        new("b", "95 % reads, 5 % updates (YCSB B)", KeyDistribution.Zipfian) { Reads = 95, Updates = 5 },
        new("c", "reads (YCSB C)", KeyDistribution.Zipfian) { Reads = 100 },
        new("d", "95 % reads of recent keys, 5 % inserts (YCSB D)", KeyDistribution.Latest) { Reads = 95, Inserts = 5 },
        new("e", "95 % MGET of 1 to 100 consecutive keys, 5 % inserts (YCSB E, whose ordered scan a hashed store has not)", KeyDistribution.Zipfian) { Scans = 95, Inserts = 5 },
        new("f", "50 % reads, 50 % GET then SET of a key (YCSB F)", KeyDistribution.Zipfian) { Reads = 50, ReadModifyWrites = 50 },
        new("set", "writes of any key", KeyDistribution.Uniform) { Updates = 100 },
        new("get", "reads of any key", KeyDistribution.Uniform) { Reads = 100 },
        new(MixedName, "reads and writes of any key, --read-percent of them reads", KeyDistribution.Uniform) { Reads = 50, Updates = 50 },
        new(LoadName, "writes each of --keys once and ends", KeyDistribution.Uniform) { Inserts = 100 },
    ];

    internal static IReadOnlyList<Workload> All => Known;

    internal int Reads { get; init; }

    internal int Updates { get; init; }

    internal int Inserts { get; init; }

    internal int Scans { get; init; }

    internal int ReadModifyWrites { get; init; }

    internal bool IsLoad => Name == LoadName;

    internal static Workload? Find(string name) =>
        Array.Find(Known, workload => string.Equals(workload.Name, name, StringComparison.OrdinalIgnoreCase));

    /// <summary>The operation for a draw from 0 to 99.</summary>
    internal Operation At(int percent)
    {
        if ((percent -= Reads) < 0)
            return Operation.Read;
        if ((percent -= Updates) < 0)
            return Operation.Update;
        if ((percent -= Inserts) < 0)
            return Operation.Insert;
        return percent - Scans < 0 ? Operation.Scan : Operation.ReadModifyWrite;
    }
}
