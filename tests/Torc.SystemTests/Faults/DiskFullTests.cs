using System.Globalization;
using Torc.Protocols.Resp;
using Torc.SystemTests.Harness;
using Torc.SystemTests.Processes;
using Torc.SystemTests.Wire;

namespace Torc.SystemTests.Faults;

/// <summary>A node whose disk is full refuses writes and goes on reading, takes part in changes of the cluster, and recovers when there is room.</summary>
public sealed class DiskFullTests
{
    private const int WritesMax = 10_000;
    private const int BallastBytes = 8 << 20;
    private static readonly string Value = new('v', 8 << 10);

    [SystemFact(Need.Mount)]
    public void Writes_are_refused_reads_go_on_and_room_heals_it()
    {
        using var disk = new TemporaryMount("32m");
        File.WriteAllBytes(disk.Sub("ballast"), new byte[BallastBytes]);
        using var node = new TorcNode(0, FreePorts.Take(3), disk.Sub("data"), ["--segment-bytes=1mb", "--shards=1"]);
        node.Restart();
        using RespClient client = node.Connect();

        int written = FillUp(client);
        written.ShouldBeInRange(100, WritesMax - 1);
        CheckReads(client, written);
        client.Text("DEL", Key(0)).ShouldBe("1", "deletes have room kept for them");
        client.Text("GET", Key(0)).ShouldBeNull();
        Wait.UntilHolds(() => node.Process.Errors.ShouldContain("the disk is full"));

        File.Delete(disk.Sub("ballast"));
        Wait.UntilHolds(() => client.Text("SET", "after", "room").ShouldBe("OK"));
        CheckReads(client, written, first: 1);
        Wait.UntilHolds(() => node.Process.Errors.ShouldContain("the disk has room again"));

        node.Kill();
        node.Restart();
        using RespClient again = node.Connect();
        again.Text("GET", "after").ShouldBe("room");
        CheckReads(again, written, first: 1);
        again.Text("GET", Key(0)).ShouldBeNull();
    }

    [SystemFact(Need.Mount)]
    public void Deleting_makes_room_when_nothing_else_does()
    {
        using var disk = new TemporaryMount("24m");
        using var node = new TorcNode(0, FreePorts.Take(3), disk.Sub("data"), ["--segment-bytes=1mb", "--shards=1"]);
        node.Restart();
        using RespClient client = node.Connect();
        int written = FillUp(client);

        for (int key = 0; key < written / 2; key++)
            Wait.UntilHolds(() => client.Text("DEL", Key(key)).ShouldBeOneOf("1", "0"));
        Wait.UntilHolds(() => client.Text("SET", "after", "room").ShouldBe("OK"));

        CheckReads(client, written, first: written / 2);
    }

    [SystemFact(Need.Mount)]
    public void A_full_disk_takes_new_maps_and_votes_again_and_again()
    {
        using var disk = new TemporaryMount("24m");
        using var node = new TorcNode(0, FreePorts.Take(3), disk.Sub("data"), ["--segment-bytes=1mb", "--shards=1"]);
        node.Restart();
        using RespClient client = node.Connect();
        FillUp(client);
        TakeAllSpace(disk.Sub("ballast"));

        for (int change = 0; change < 20; change++)
            ChangeLevel(client, change % 2 == 0 ? "ONE" : "QUORUM");

        node.Process.Errors.ShouldNotContain("no room on the disk to remember");
        node.Kill();
        node.Restart();
        using RespClient again = node.Connect();
        again.Call("TORC.CLUSTER", "STATUS")["epoch"]!.Integer.ShouldBe(21);
    }

    private static void TakeAllSpace(string path)
    {
        using var ballast = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        try
        {
            while (true)
                ballast.Write(new byte[4096]);
        }
        catch (IOException)
        {
            // Full, as wanted.
        }
    }

    private static void ChangeLevel(RespClient client, string level)
    {
        RespValue plan = client.Call("TORC.CLUSTER", "KEYSPACE", "0", "READ", level);
        RespClient.IsError(plan).ShouldBeFalse(RespClient.TextOf(plan));
        string number = string.Create(CultureInfo.InvariantCulture, $"{plan["request"]!.Integer}");
        Wait.UntilHolds(() => RespClient.TextOf(client.Call("TORC.CLUSTER", "REQUEST", number).Items[0]).ShouldBe("decided"));
        Wait.UntilHolds(() => client.Call("TORC.CLUSTER", "STATUS")["changing"]!.Integer.ShouldBe(0));
    }

    private static int FillUp(RespClient client)
    {
        for (int key = 0; key < WritesMax; key++)
        {
            RespValue reply = client.Call("SET", Key(key), Value);
            if (!RespClient.IsError(reply))
                continue;
            RespClient.TextOf(reply)!.ShouldStartWith("DISKFULL");
            return key;
        }
        return WritesMax;
    }

    private static void CheckReads(RespClient client, int count, int first = 0)
    {
        for (int key = first; key < count; key++)
            client.Text("GET", Key(key)).ShouldBe(Value, Key(key));
    }

    private static string Key(int index) => string.Create(CultureInfo.InvariantCulture, $"full:{index}");
}
