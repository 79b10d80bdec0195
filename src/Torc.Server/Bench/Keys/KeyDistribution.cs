namespace Torc.Server.Bench.Keys;

/// <summary>Which keys a workload prefers.</summary>
internal enum KeyDistribution
{
    Uniform,

    /// <summary>Some keys far more often than others, the popular ones anywhere among the numbers.</summary>
    Zipfian,

    /// <summary>The keys inserted last most often.</summary>
    Latest,
}
