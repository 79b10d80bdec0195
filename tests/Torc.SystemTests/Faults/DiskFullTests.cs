using System.Globalization;
using Torc.Protocols.Resp;
using Torc.SystemTests.Harness;
using Torc.SystemTests.Processes;
using Torc.SystemTests.Wire;

namespace Torc.SystemTests.Faults;

/// <summary>A node whose disk is full refuses writes and goes on reading, and recovers when there is room.</summary>
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
