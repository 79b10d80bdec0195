using System.Buffers.Binary;
using System.Security.Cryptography;
using Torc.Base;
using Torc.Server.CommandLine;
using Torc.Server.Data;
using Torc.SystemTests.Harness;
using Torc.SystemTests.Processes;
using Torc.SystemTests.Wire;

namespace Torc.SystemTests.Faults;

/// <summary>A directory that is not this node's to use is refused in one line, and left exactly as it was.</summary>
public sealed class DataDirectoryTests
{
    private const string SmallSegments = "--segment-bytes=1mb";
    private const int FormatOffset = 8;
    private const uint FormatOfTheFuture = 99;

    [SystemFact]
    public void A_second_node_on_a_directory_in_use_refuses_and_disturbs_nobody()
    {
        using var root = new TemporaryDirectory();
        using TorcNode first = Node(root.Sub("data"));
        first.Restart();
        using RespClient client = first.Connect();
        client.Text("SET", "k", "v").ShouldBe("OK");

        using TorcNode second = Node(root.Sub("data"));
        Refusal(second).ShouldContain($"in use by process {first.Process.Id}");

        client.Text("GET", "k").ShouldBe("v");
        client.Text("SET", "k", "w").ShouldBe("OK");
    }

    [SystemFact]
    public void The_directory_of_another_cluster_is_refused_and_untouched()
    {
        using var root = new TemporaryDirectory();
        using TorcNode owner = Node(root.Sub("data"));
        WriteSomething(owner);
        string before = Fingerprint(root.Path);

        using TorcNode other = Node(root.Sub("data"));
        Refusal(other).ShouldContain("belongs to another cluster");

        Fingerprint(root.Path).ShouldBe(before);
        owner.Restart();
        using RespClient client = owner.Connect();
        client.Text("GET", "k").ShouldBe("v");
    }

    [SystemFact]
    public void An_identity_of_another_format_is_refused_and_untouched()
    {
        using var root = new TemporaryDirectory();
        using TorcNode node = Node(root.Sub("data"));
        WriteSomething(node);
        string file = Path.Combine(root.Sub("data"), IdentityFile.FileName);
        byte[] identity = File.ReadAllBytes(file);
        BinaryPrimitives.WriteUInt32LittleEndian(identity.AsSpan(FormatOffset), FormatOfTheFuture);
        BinaryPrimitives.WriteUInt32LittleEndian(identity.AsSpan(identity.Length - sizeof(uint)), Crc32C.Compute(identity.AsSpan(0, identity.Length - sizeof(uint))));
        File.WriteAllBytes(file, identity);
        string before = Fingerprint(root.Path);

        Refusal(node).ShouldContain($"format {FormatOfTheFuture}");

        Fingerprint(root.Path).ShouldBe(before);
    }

    [SystemFact]
    public void A_member_whose_vote_was_deleted_does_not_start_until_it_is_put_back()
    {
        using TorcCluster cluster = TorcCluster.Start(3);
        TorcNode node = cluster[1];
        string file = Path.Combine(node.Directory, VoteFile.FileName);
        node.StopCleanly();
        byte[] vote = File.ReadAllBytes(file);
        File.Delete(file);

        Refusal(node).ShouldContain($"{file} is missing");

        File.WriteAllBytes(file, vote);
        node.Restart();
    }

    [SystemFact]
    public void A_segment_of_another_format_is_refused_and_untouched()
    {
        const int headerBytes = 64, checksumOffset = 12;
        using var root = new TemporaryDirectory();
        using TorcNode node = Node(root.Sub("data"));
        WriteSomething(node);
        string file = Directory.GetFiles(Path.Combine(root.Sub("data"), "shard-00"), "segment-*.torc").Order(StringComparer.Ordinal).First();
        byte[] bytes = File.ReadAllBytes(file);
        Span<byte> header = bytes.AsSpan(0, headerBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(header[FormatOffset..], FormatOfTheFuture);
        uint checksum = Crc32C.Compute(header[(checksumOffset + sizeof(uint))..], Crc32C.Compute(header[..checksumOffset]));
        BinaryPrimitives.WriteUInt32LittleEndian(header[checksumOffset..], checksum);
        File.WriteAllBytes(file, bytes);
        string before = Fingerprint(Path.Combine(root.Sub("data"), "shard-00"));

        Refusal(node).ShouldContain("format");

        Fingerprint(Path.Combine(root.Sub("data"), "shard-00")).ShouldBe(before);
    }

    [SystemFact]
    public void A_directory_with_somebody_elses_files_is_refused_and_untouched()
    {
        using var root = new TemporaryDirectory();
        File.WriteAllText(root.Sub("thesis.txt"), "three years of work");
        string before = Fingerprint(root.Path);

        using TorcNode node = Node(root.Path);
        Refusal(node).ShouldContain("thesis.txt");

        Fingerprint(root.Path).ShouldBe(before);
    }

    private static TorcNode Node(string directory) => new(0, FreePorts.Take(3), directory, [SmallSegments, "--shards=1"]);

    private static void WriteSomething(TorcNode node)
    {
        node.Restart();
        using (RespClient client = node.Connect())
            client.Text("SET", "k", "v").ShouldBe("OK");
        node.StopCleanly();
    }

    /// <summary>Starts a node that must refuse; its one line.</summary>
    private static string Refusal(TorcNode node)
    {
        node.Start();
        node.Process.WaitForExit().ShouldBe(ExitCode.Data, node.Process.Errors);
        string[] lines = [.. node.Process.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(static line => line.StartsWith("torc:", StringComparison.Ordinal))];
        lines.Length.ShouldBe(1, node.Process.Errors);
        node.Process.Errors.ShouldNotContain("   at ", Case.Sensitive);
        return lines[0];
    }

    /// <summary>Names, lengths and contents of all files but the lock, which names the last process that tried.</summary>
    private static string Fingerprint(string directory) => string.Join('\n', Directory.GetFiles(directory, "*", SearchOption.AllDirectories)
        .Where(static file => Path.GetFileName(file) != "LOCK")
        .Order(StringComparer.Ordinal)
        .Select(static file => $"{file} {Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(file)))}"));
}
