using Torc.SystemTests.Harness;
using Torc.SystemTests.Processes;

namespace Torc.SystemTests.Faults;

/// <summary>Flipped bytes in one node's log: it starts, says what is damaged, and no read anywhere turns wrong or nil.</summary>
public sealed class DamagedSegmentTests
{
    private const int SegmentBytes = 1 << 20;
    private const int FlippedBytes = 64;

    [SystemTheory]
    [InlineData(true, false)]
    [InlineData(false, false)]
    [InlineData(false, true)]
    public void Damage_in_sealed_and_active_segments_of_one_node_harms_no_read(bool stopCleanly, bool loseHints)
    {
        using TorcCluster cluster = TorcCluster.Start(3, $"--segment-bytes={SegmentBytes}", "--shards=1");
        var keys = new KnownKeys("damaged", 5_000, 1_000);
        keys.Write(cluster[0]);
        TorcNode node = cluster[1];
        if (stopCleanly)
            node.StopCleanly();
        else
            node.Kill();
        string[] segments = Segments(node);
        segments.Length.ShouldBeGreaterThan(3);
        string sealedSegment = segments[1], activeSegment = segments[^1];
        Flip(sealedSegment, UsedBytes(sealedSegment) / 4);
        Flip(sealedSegment, UsedBytes(sealedSegment) / 2);
        Flip(activeSegment, UsedBytes(activeSegment) / 2);

        if (loseHints)
            LoseHints(node);
        foreach (string segment in new[] { sealedSegment, activeSegment })
            Inspect(segment).ShouldMatch(@"\d+ problems");
        node.Restart();
        foreach (TorcNode reader in cluster.Nodes)
            keys.Check(reader);

        // Start-up reads a sealed segment's hint and not its records: their damage is found, and told, when they are read.
        string[] expected = loseHints
            ? [$"{Path.GetFileName(sealedSegment)} at ", $"{Path.GetFileName(activeSegment)} at "]
            : ["damage"];
        foreach (string line in expected)
            Wait.UntilHolds(() => node.Process.Errors.ShouldContain(line, Case.Sensitive, node.Process.Errors));

        // What the damaged node lost it gets back: with each of the others gone in turn, every key is still read at quorum.
        Wait.UntilHolds(() => node.Get("/v1/node").ShouldContain("\"incompletePartitions\": 0"));
        foreach (TorcNode other in new[] { cluster[0], cluster[2] })
        {
            other.Kill();
            keys.Check(node);
            other.Restart();
        }
    }

    private static string[] Segments(TorcNode node) =>
        [.. Directory.GetFiles(Path.Combine(node.Directory, "shard-00"), "segment-*.torc").Where(static file => UsedBytes(file) > SegmentBytes / 20).Order(StringComparer.Ordinal)];

    /// <summary>Where the file's last byte that is not zero lies.</summary>
    private static int UsedBytes(string file) => File.ReadAllBytes(file).AsSpan().LastIndexOfAnyExcept((byte)0) + 1;

    private static void Flip(string file, int offset)
    {
        byte[] bytes = File.ReadAllBytes(file);
        for (int place = offset; place < offset + FlippedBytes; place++)
            bytes[place] ^= 0xFF;
        File.WriteAllBytes(file, bytes);
    }

    private static void LoseHints(TorcNode node)
    {
        foreach (string hint in Directory.GetFiles(Path.Combine(node.Directory, "shard-00"), "hint-*.torc"))
            File.Delete(hint);
    }

    private static string Inspect(string file)
    {
        using TorcProcess inspect = TorcProcess.Start("inspect", file);
        inspect.WaitForExit().ShouldNotBe(0, "a damaged file is no success");
        return inspect.Output + inspect.Errors;
    }
}
