namespace Torc.Server.Bench;

/// <summary>One operation that a workload asks for; a scan reads <paramref name="Count"/> keys from <paramref name="Key"/> on.</summary>
internal readonly record struct WorkloadStep(Operation Operation, long Key, int Count = 1);
