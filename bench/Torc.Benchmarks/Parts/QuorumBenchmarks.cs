using BenchmarkDotNet.Attributes;
using Torc.Base;
using Torc.Core.Replication;
using Version = Torc.Core.Clocks.Version;

namespace Torc.Benchmarks.Parts;

/// <summary>The machines that count replies, from the first to the decision: three replicas, two required.</summary>
public class QuorumBenchmarks
{
    private const int Replicas = 3;
    private static readonly QuorumRule Rule = QuorumRule.Of(ReplicaSet.FirstOf(Replicas), 2);
    private static readonly Version Stamp = new(1UL << 40, 1);
    private static readonly Version Older = new(1UL << 39, 1);

    private readonly QuorumWrite _write = new();
    private readonly QuorumRead _read = new();

    [Benchmark]
    public WriteDecision Write()
    {
        _write.Begin(Replicas, Rule);
        for (int replica = 0; replica < Replicas; replica++)
            _write.Acknowledge(replica, reflected: true, Stamp, complete: true);
        Check.That(_write.Decision == WriteDecision.Acknowledged);
        return _write.Decision;
    }

    [Benchmark]
    public ReadDecision ReadThatAgrees()
    {
        _read.Begin(Replicas, Rule, localIndex: 0);
        _read.Answer(0, digest: 77, Stamp, complete: true, hasData: true);
        _read.Answer(1, digest: 77, Stamp, complete: true, hasData: false);
        Check.That(_read.Decision == ReadDecision.Agreed);
        return _read.Decision;
    }

    [Benchmark]
    public ReadDecision ReadThatRepairs()
    {
        _read.Begin(Replicas, Rule, localIndex: 0);
        _read.Answer(0, digest: 77, Stamp, complete: true, hasData: true);
        _read.Answer(1, digest: 66, Older, complete: true, hasData: false);
        Check.That(_read.TakeDataNeeded().Contains(1));
        _read.Answer(1, digest: 66, Older, complete: true, hasData: true);
        _read.Merged(digest: 77);
        Check.That(_read.TakeRepairsNeeded().Contains(1));
        _read.RepairAcknowledged(1, complete: true);
        Check.That(_read.Decision == ReadDecision.Repaired);
        return _read.Decision;
    }
}
