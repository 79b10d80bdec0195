using Torc.Base;

namespace Torc.Server.Bench.Keys;

/// <summary>Zipfian, counted back from the key that was inserted last.</summary>
internal sealed class LatestKeys(KeySpace keys) : IKeyChooser
{
    private readonly ZipfianRanks _ranks = new(keys.Known);

    public long Next(SeededRandom random)
    {
        long known = keys.Known;
        _ranks.GrowTo(known);
        return known - 1 - _ranks.Next(random);
    }
}
