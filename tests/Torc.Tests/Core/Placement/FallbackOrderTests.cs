using Torc.Core.Placement;

namespace Torc.Tests.Core.Placement;

public sealed class FallbackOrderTests
{
    private const int Partitions = 256;
    private const int Nodes = 8;

    /// <summary>Coordinators of different versions have to choose alike: else a hot key's hints lie on many nodes.</summary>
    [Fact]
    public void Ranks_are_frozen() =>
        FallbackOrder.Rank(7, 3).ShouldBe(Torc.Base.StableHash.Hash64([7, 0, 0, 0, 3, 0]));

    [Fact]
    public void Partitions_fall_back_to_all_nodes_about_evenly()
    {
        var firsts = new int[Nodes];
        for (int partition = 0; partition < Partitions; partition++)
            firsts[Enumerable.Range(0, Nodes).MinBy(node => FallbackOrder.Rank(partition, (ushort)node))]++;
        firsts.Min().ShouldBeGreaterThan(Partitions / Nodes / 2);
        firsts.Max().ShouldBeLessThan(Partitions / Nodes * 2);
    }
}
