using Torc.Base;
using Torc.Server.Bench.Keys;

namespace Torc.Server.Bench;

/// <summary>Draws the operations of one thread: the same seed gives the same ones.</summary>
internal sealed class WorkloadSource
{
    internal const int ScanKeysMax = 100;

    private readonly Workload _workload;
    private readonly KeySpace _keys;
    private readonly IKeyChooser _chooser;
    private readonly SeededRandom _random;

    internal WorkloadSource(Workload workload, KeyDistribution distribution, KeySpace keys, SeededRandom random)
    {
        _workload = workload;
        _keys = keys;
        _random = random;
        _chooser = distribution switch
        {
            KeyDistribution.Zipfian => new ScrambledZipfianKeys(keys),
            KeyDistribution.Latest => new LatestKeys(keys),
            _ => new UniformKeys(keys),
        };
    }

    internal WorkloadStep Next()
    {
        Operation operation = _workload.At(_random.Below(100));
        if (operation == Operation.Insert)
            return new WorkloadStep(operation, _keys.Reserve());
        long key = _chooser.Next(_random);
        return operation == Operation.Scan
            ? new WorkloadStep(operation, key, (int)Math.Min(_random.Between(1, ScanKeysMax + 1), _keys.Known - key))
            : new WorkloadStep(operation, key);
    }
}
