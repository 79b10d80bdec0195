using Torc.Base;

namespace Torc.Server.Bench.Keys;

/// <summary>Every key as often as any other.</summary>
internal sealed class UniformKeys(KeySpace keys) : IKeyChooser
{
    public long Next(SeededRandom random) => random.Between(0, keys.Known);
}
