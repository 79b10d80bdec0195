namespace Torc.Benchmarks.Baselines;

/// <summary>One benchmark's figures: nanoseconds of one operation as the median over iterations, and their spread.</summary>
/// <param name="Name">Class and method.</param>
/// <param name="MedianNanoseconds">Of one operation.</param>
/// <param name="SpreadNanoseconds">Between the quartiles of the iterations: how far apart two honest runs may be.</param>
/// <param name="AllocatedBytes">For one operation, on the managed heap.</param>
public sealed record Measurement(string Name, double MedianNanoseconds, double SpreadNanoseconds, long AllocatedBytes);
