using Torc.Core.Placement;
using Torc.Node.Control;

namespace Torc.Tests.Simulator.Cluster;

/// <summary>Machines beyond the first nodes: they join over the simulated network by the shipped code, consensus included.</summary>
public sealed class GrowingClusterTests
{
    [Theory]
    [InlineData(1UL)]
    [InlineData(2UL)]
    public void A_machine_with_seeds_waits_is_let_in_and_is_known_again_after_a_restart(ulong seed)
    {
        var cluster = new MachineCluster(seed);
        cluster.Until(() => cluster.IsWhole && cluster.ControlOf(0).Admissions.Candidates.Length == 1);
        cluster[3].Host!.Node.View.Standing.ShouldBe(Standing.Joining);

        NodeInfo candidate = cluster.ControlOf(0).View.Candidates.ShouldHaveSingleItem();
        cluster[0].Host!.ControlTurn((control, outbox) =>
            control.Ask(new ClusterRequest(1, new ClusterWish.Change(new ChangeRequest.Join([candidate]))), cluster[0].Host!.Now, outbox));
        cluster.Until(() => cluster.IsMember(3)
            && Enumerable.Range(0, 3).All(node => cluster.ControlOf(node).View.IsUp(3) && cluster.ControlOf(3).View.IsUp((ushort)node)));
        cluster.ControlOf(3).Self.Id.ShouldBe((ushort)3);

        cluster[3].Kill();
        cluster.Until(() => !cluster.ControlOf(0).View.IsUp(3));
        cluster[3].Start();
        cluster.Until(() => cluster[3].Host is not null && cluster.IsMember(3) && cluster.ControlOf(0).View.IsUp(3));
        cluster.ControlOf(3).Self.Id.ShouldBe((ushort)3);
    }

    /// <summary>Nodes of the version before and of this one work together; what came with this one is used once the last is upgraded.</summary>
    [Fact]
    public void A_rolling_upgrade_raises_the_level_with_its_last_node()
    {
        var cluster = new MachineCluster(seed: 3, isUpgraded: true);
        cluster.Until(() => cluster.IsWhole);
        cluster.ControlOf(0).View.Map!.Level.ShouldBe(ClusterLevel.Oldest);
        for (int machine = 0; machine < MachineCluster.FirstNodes; machine++)
        {
            cluster.ControlOf(1).View.Map!.Level.ShouldBe(ClusterLevel.Oldest, $"node {machine} runs the version before");
            cluster[machine].Kill();
            cluster[machine].Start();
            cluster.Until(() => cluster.IsWhole);
        }
        cluster.Until(() => Enumerable.Range(0, MachineCluster.FirstNodes).All(node => cluster.ControlOf(node).View.Map!.Level == ClusterLevel.Newest));
    }

    [Fact]
    public void First_nodes_of_two_versions_begin_at_the_level_that_both_know()
    {
        var cluster = new MachineCluster(seed: 4, isUpgraded: true);
        cluster.Until(() => cluster[2].Host is not null);
        cluster[2].Wipe();
        cluster[2].Start();
        cluster.Until(() => cluster.IsWhole);
        cluster.ControlOf(2).View.Map!.Level.ShouldBe(ClusterLevel.Oldest);
    }
}
