using System.Diagnostics;
using Torc.SystemTests.Harness;
using Torc.SystemTests.Processes;
using Torc.SystemTests.Wire;
using Xunit.Abstractions;

namespace Torc.SystemTests.Faults;

/// <summary>
/// A replica that lost what it had is whole again without any command, while clients read at ONE and QUORUM through every node and never see a
/// wrong value or none; at the end all replicas' Merkle roots are equal.
/// </summary>
public sealed class RepairTests(ITestOutputHelper output)
{
    private const int Keys = 6_000;
    private const int ValueBytes = 500;
    private const int FlippedBits = 10_000;

    [SystemFact]
    public void A_replica_wiped_between_restarts_is_whole_again_by_itself()
    {
        using TorcCluster cluster = TorcCluster.Start(3, "--durability=os");
        var keys = new KnownKeys("wiped", Keys, ValueBytes);
        keys.Write(cluster[0]);
        Roots.WaitUntilEqual(cluster);
        using var readers = new Readers(cluster, keys);
        foreach (TorcNode wiped in new[] { cluster[1], cluster[2] })
        {
            wiped.Kill();
            Directory.Delete(wiped.Directory, recursive: true);
            var elapsed = Stopwatch.StartNew();
            wiped.Restart();
            WaitUntilWhole(wiped);
            Figures.Report(output, $"node {wiped.Id} wiped: whole again {elapsed.Elapsed.TotalSeconds:0.0} s after its start, {Repaired(wiped)} rows fetched");
            Repaired(wiped).ShouldBeGreaterThanOrEqualTo(Keys);
            Roots.WaitUntilEqual(cluster);
        }
        readers.Stop();
        readers.Problem.ShouldBeNull();
        readers.Read.ShouldBeGreaterThan(Keys);
    }

    [SystemFact]
    public void A_replica_with_flipped_bits_is_whole_again_by_itself()
    {
        using TorcCluster cluster = TorcCluster.Start(3, "--segment-bytes=1mb");
        var keys = new KnownKeys("flipped", Keys, ValueBytes);
        keys.Write(cluster[0]);
        Roots.WaitUntilEqual(cluster);
        using var readers = new Readers(cluster, keys);
        TorcNode damaged = cluster[1];
        damaged.StopCleanly();
        FlipBits(damaged, new Random(1));
        var elapsed = Stopwatch.StartNew();
        damaged.Restart();
        WaitUntilRepaired(damaged);
        Roots.WaitUntilEqual(cluster);
        Figures.Report(output, $"{FlippedBits} bits flipped: whole again {elapsed.Elapsed.TotalSeconds:0.0} s after its start, {Repaired(damaged)} rows fetched");
        readers.Stop();
        readers.Problem.ShouldBeNull();
        readers.Read.ShouldBeGreaterThan(Keys);
        CheckEachAlone(cluster, damaged, keys);
        CheckRidOfDamage(damaged, keys);
    }

    /// <summary>The node runs all the time, and what it holds is mostly on its disk only.</summary>
    [SystemFact]
    public void Bits_that_flip_under_a_running_node_are_found_and_repaired()
    {
        using TorcCluster cluster = TorcCluster.Start(3, "--segment-bytes=1mb", "--shards=1", "--resident-bytes-max=4mb");
        var keys = new KnownKeys("running", 2 * Keys, 2 * ValueBytes);
        keys.Write(cluster[0]);
        Roots.WaitUntilEqual(cluster);
        TorcNode damaged = cluster[1];
        using var readers = new Readers(cluster, keys);
        FlipBits(damaged, new Random(2));
        WaitUntilRepaired(damaged);
        readers.Stop();
        readers.Problem.ShouldBeNull();
        keys.Check(damaged);
        WaitUntilWhole(damaged);
        Roots.WaitUntilEqual(cluster);
        CheckEachAlone(cluster, damaged, keys);
        CheckRidOfDamage(damaged, keys);
    }

    /// <summary>With each of the others gone in turn, the replica and the one that is left know every key.</summary>
    private static void CheckEachAlone(TorcCluster cluster, TorcNode repaired, KnownKeys keys)
    {
        foreach (TorcNode other in cluster.Nodes.Where(node => node != repaired))
        {
            other.Kill();
            keys.Check(repaired);
            other.Restart();
            WaitUntilWhole(other);
        }
    }

    /// <summary>What could be read of damaged segments was copied; those of which something else lived go after the next start, and the one after that finds nothing.</summary>
    private static void CheckRidOfDamage(TorcNode node, KnownKeys keys)
    {
        node.StopCleanly();
        node.Restart();
        WaitUntilWhole(node);
        Wait.UntilHolds(() => node.Get("/metrics").ShouldNotMatch(@"(?m)^torc_segments_damaged(?:\{[^}]*\})? [1-9]"));
        keys.Check(node);
        node.StopCleanly();
        node.Restart();
        WaitUntilWhole(node);
        keys.Check(node);
        node.Process.Errors.ShouldNotContain("damage in");
    }

    private static void WaitUntilWhole(TorcNode node) =>
        Wait.UntilHolds(() => node.Get("/v1/node").ShouldContain("\"incompletePartitions\": 0"));

    private static void WaitUntilRepaired(TorcNode node)
    {
        Wait.UntilHolds(() => Repaired(node).ShouldBeGreaterThan(0));
        WaitUntilWhole(node);
    }

    private static long Repaired(TorcNode node)
    {
        using RespClient client = node.Connect();
        string line = client.Text("INFO", "repair")!.Split("\r\n").Single(static line => line.StartsWith("torc_repair_rows_fetched:", StringComparison.Ordinal));
        return long.Parse(line.Split(':')[1], System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <summary>In the part of the node's segment files that is written to; hint files are left alone.</summary>
    private static void FlipBits(TorcNode node, Random random)
    {
        string[] files = Directory.GetFiles(node.Directory, "segment-*.torc", SearchOption.AllDirectories);
        files.ShouldNotBeEmpty();
        (string File, long Used)[] used = [.. files.Select(static file => (file, (long)File.ReadAllBytes(file).AsSpan().LastIndexOfAnyExcept((byte)0) + 1))];
        long total = used.Sum(static file => file.Used);
        foreach ((string file, long bytes) in used.Where(static file => file.Used > 0))
        {
            using FileStream stream = File.Open(file, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
            for (long bit = FlippedBits * bytes / total; bit >= 0; bit--)
            {
                stream.Position = random.NextInt64(bytes);
                int before = stream.ReadByte();
                stream.Position--;
                stream.WriteByte((byte)(before ^ 1 << random.Next(8)));
            }
        }
    }
}
