using Torc.Node;
using Torc.Simulator.Cluster;
using Torc.Simulator.Disks;
using Torc.Storage.Disk;

namespace Torc.Tests.Simulator.Cluster;

/// <summary>Data directories that are put back to an earlier state while nodes are down: who remembers more tells the node, which then does not count before it has caught up.</summary>
public sealed class PutBackTests
{
    [Theory]
    [InlineData(1UL, 2)]
    [InlineData(2UL, 2)] // with a cluster secret
    [InlineData(1UL, 0)] // who dials the others
    [InlineData(2UL, 0)]
    public void A_node_whose_log_went_back_catches_up_before_it_counts(ulong seed, int node)
    {
        MachineCluster cluster = Whole(seed);
        DataCopy copy = CopyOf(cluster, node);
        Restart(cluster, node, copy: null);
        Noticed(cluster).ShouldBeEmpty("it found what it had told");
        cluster.Elapse(milliseconds: 2_000); // its heartbeats tell of what it wrote

        cluster.Events.Clear();
        Restart(cluster, node, copy);
        Noticed(cluster).ShouldBe([node]);
        (int Node, NodeEvent Event)[] ofCopies = [.. cluster.Events.Where(static happened => happened.Event.Kind is NodeEventKind.PartitionIncomplete or NodeEventKind.LogWentBack or NodeEventKind.PeerUp)];
        ofCopies[0].Event.Kind.ShouldBe(NodeEventKind.LogWentBack, "before it is up for anybody");
        ofCopies[1].Event.Kind.ShouldBe(NodeEventKind.PartitionIncomplete);
        cluster.Until(() => AllComplete(cluster, node));

        cluster.Events.Clear();
        Restart(cluster, node, copy: null);
        Noticed(cluster).ShouldBeEmpty("it has told of less since");
    }

    /// <summary>It makes or joins the first map as any first node does, and holds nothing of what the others have acknowledged since.</summary>
    [Theory]
    [InlineData(1UL)]
    [InlineData(2UL)]
    public void A_copy_from_before_the_cluster_was_formed_does_not_count(ulong seed)
    {
        var cluster = new MachineCluster(seed, machines: MachineCluster.FirstNodes);
        cluster.Until(() => cluster[2].Host is not null);
        cluster[2].Kill();
        cluster.IsMember(2).ShouldBeFalse();
        DataCopy copy = cluster[2].CopyData();
        cluster[2].Start();
        cluster.Until(() => cluster.IsWhole);
        cluster.Elapse(milliseconds: 2_000);

        cluster.Events.Clear();
        Restart(cluster, 2, copy);
        Noticed(cluster).ShouldBe([2]);
        cluster.ControlOf(2).WasBornWithMap.ShouldBeFalse("or its copies would count at once, without a row");
        cluster.Until(() => AllComplete(cluster, 2));
    }

    /// <summary>Each run begins a new segment, so that after some runs its log ends further on than the others remember.</summary>
    [Theory]
    [InlineData(1UL, 2)]
    [InlineData(2UL, 0)]
    public void Runs_that_reached_nobody_do_not_hide_it(ulong seed, int node)
    {
        MachineCluster cluster = Whole(seed);
        DataCopy copy = CopyOf(cluster, node);
        Restart(cluster, node, copy: null);
        cluster.Elapse(milliseconds: 2_000);
        Stop(cluster, node);
        cluster[node].PutBack(copy);
        cluster.SetAlone(node, isAlone: true);
        for (int run = 0; run < 20; run++)
        {
            cluster[node].Start();
            cluster.Until(() => cluster[node].Host is not null);
            cluster.Elapse(milliseconds: 500);
            Stop(cluster, node);
        }
        Noticed(cluster).ShouldBeEmpty();

        cluster.SetAlone(node, isAlone: false);
        cluster[node].Start();
        cluster.Until(() => cluster[node].Host is not null && cluster.IsWhole);
        Noticed(cluster).ShouldBe([node]);
        cluster.Until(() => AllComplete(cluster, node));
    }

    /// <summary>Such a run cannot write into its log that it was; it tells its peers of nothing then.</summary>
    [Fact]
    public void A_run_that_had_no_room_to_begin_is_not_missed()
    {
        MachineCluster cluster = Whole(seed: 4);
        Stop(cluster, 2);
        foreach (CrashableDisk disk in cluster[2].Disks)
            Fill(disk);
        cluster[2].Start();
        cluster.Until(() => cluster[2].Host is not null && cluster.IsWhole);
        cluster.Elapse(milliseconds: 3_000);
        cluster[2].Host!.Node.LogOffset.ShouldBe(0);
        cluster[2].Kill();
        foreach (CrashableDisk disk in cluster[2].Disks)
            disk.CapacityBytes = long.MaxValue;
        Restart(cluster, 2, copy: null);
        cluster[2].Host!.Node.LogOffset.ShouldBeGreaterThan(0);
        Noticed(cluster).ShouldBeEmpty();
    }

    [Fact]
    public void A_cluster_that_is_put_back_as_a_whole_counts_at_once()
    {
        MachineCluster cluster = Whole(seed: 3);
        int[] nodes = [.. Enumerable.Range(0, MachineCluster.FirstNodes)];
        foreach (int node in nodes)
            cluster[node].BeginStopping(static () => { });
        cluster.Until(() => nodes.All(node => cluster[node].Host is null));
        DataCopy[] copies = [.. nodes.Select(node => cluster[node].CopyData())];
        foreach (int node in nodes)
            cluster[node].Start();
        cluster.Until(() => cluster.IsWhole);
        cluster.Elapse(milliseconds: 2_000);

        foreach (int node in nodes)
            cluster[node].Kill();
        foreach (int node in nodes)
            cluster[node].PutBack(copies[node]);
        foreach (int node in nodes)
            cluster[node].Start();
        cluster.Until(() => cluster.IsWhole);
        Noticed(cluster).ShouldBeEmpty();
        nodes.ShouldAllBe(node => AllComplete(cluster, node));
    }

    private static MachineCluster Whole(ulong seed)
    {
        var cluster = new MachineCluster(seed, machines: MachineCluster.FirstNodes);
        cluster.Until(() => cluster.IsWhole);
        cluster.Elapse(milliseconds: 2_000);
        return cluster;
    }

    private static DataCopy CopyOf(MachineCluster cluster, int node)
    {
        Stop(cluster, node);
        return cluster[node].CopyData();
    }

    /// <summary>Cleanly, so that the log of each run proves that it is whole.</summary>
    private static void Stop(MachineCluster cluster, int node)
    {
        cluster[node].BeginStopping(static () => { });
        cluster.Until(() => cluster[node].Host is null);
    }

    private static void Restart(MachineCluster cluster, int node, DataCopy? copy)
    {
        if (cluster[node].Host is not null)
            Stop(cluster, node);
        if (copy is not null)
            cluster[node].PutBack(copy);
        cluster[node].Start();
        cluster.Until(() => cluster[node].Host is not null && cluster.IsWhole);
    }

    /// <summary>Files that were made ahead, and are room too, go, and the roster that would miss them.</summary>
    private static void Fill(CrashableDisk disk)
    {
        foreach (DiskFileInfo file in disk.List())
        {
            using IDiskFile opened = disk.Open(file.Name);
            var start = new byte[4096];
            if (opened.Read(0, start) == DiskOutcome.ReadFailed || !start.AsSpan(64).ContainsAnyExcept((byte)0))
                disk.Delete(file.Name);
        }
        disk.CapacityBytes = 0;
    }

    private static int[] Noticed(MachineCluster cluster) =>
        [.. cluster.Events.Where(static happened => happened.Event.Kind == NodeEventKind.LogWentBack).Select(static happened => happened.Node)];

    private static bool AllComplete(MachineCluster cluster, int node)
    {
        TorcNode torc = cluster[node].Host!.Node;
        return Enumerable.Range(0, torc.PartitionCount).All(torc.IsCompleteHere);
    }
}
