using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using Torc.Core.Placement;
using Torc.Storage;

namespace Torc.Tests.Server.Hosting.Shards;

/// <summary>What has to have happened to the log before a reply leaves.</summary>
public class ShardCommitterTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    [Theory]
    [InlineData(Durability.OperatingSystem, false)]
    [InlineData(Durability.OperatingSystem, true)]
    [InlineData(Durability.EverySecond, true)]
    [InlineData(Durability.Always, false)]
    [InlineData(Durability.Always, true)]
    public async Task A_reply_comes_after_the_log_was_written(Durability durability, bool onLoop)
    {
        using var shard = new HostedShard(durability, onLoop: onLoop);
        (IDuplexPipe client, _, _) = shard.Connect();
        for (int i = 0; i < 200; i++)
        {
            string value = $"value-{i}-of-this-write-only";
            await Send(client, $"SET key {value}");
            (await ReadText(client, 5)).ShouldBe("+OK\r\n");
            shard.Disk.HasWritten(Encoding.ASCII.GetBytes(value)).ShouldBeTrue(value);
        }
    }

    [Theory]
    [InlineData(Durability.OperatingSystem, false)]
    [InlineData(Durability.OperatingSystem, true)]
    [InlineData(Durability.EverySecond, true)]
    public async Task A_reply_waits_for_a_write_that_blocks(Durability durability, bool onLoop)
    {
        using var shard = new HostedShard(durability, onLoop: onLoop);
        (IDuplexPipe client, _, _) = shard.Connect();
        await Send(client, "SET key 1");
        (await ReadText(client, 5)).ShouldBe("+OK\r\n");
        Task waits = shard.Disk.HoldWrites();
        await Send(client, "SET key 2");
        await waits.WaitAsync(Patience);
        client.Input.TryRead(out _).ShouldBeFalse();
        shard.Disk.LetWritesGo();
        (await ReadText(client, 5)).ShouldBe("+OK\r\n");
    }

    [Theory]
    [InlineData(Durability.OperatingSystem, false)]
    [InlineData(Durability.OperatingSystem, true)]
    [InlineData(Durability.EverySecond, true)]
    public async Task A_turn_that_meets_the_write_of_another_thread_is_held_and_others_go_on(Durability durability, bool onLoop)
    {
        using var shard = new HostedShard(durability, onLoop: onLoop);
        (IDuplexPipe writer, _, _) = shard.Connect();
        (IDuplexPipe reader, _, _) = shard.Connect();
        await Send(writer, "SET key 1");
        (await ReadText(writer, 5)).ShouldBe("+OK\r\n");
        Task waits = shard.Disk.HoldWrites();
        AppendAsMaintenanceDoes(shard);
        await waits.WaitAsync(Patience);

        await Send(writer, "SET key 2");
        SpinWait.SpinUntil(() => shard.Host.Committer.HoldsAny, Patience).ShouldBeTrue();
        await Send(reader, "GET other");
        (await ReadText(reader, 5)).ShouldBe("$-1\r\n");
        await Send(reader, "GET key");
        writer.Input.TryRead(out _).ShouldBeFalse();

        shard.Disk.LetWritesGo();
        (await ReadText(writer, 5)).ShouldBe("+OK\r\n");
        (await ReadText(reader, 7)).ShouldBe("$1\r\n2\r\n");
        shard.Disk.HasWritten("maintained"u8).ShouldBeTrue();
    }

    [Fact]
    public async Task What_maintenance_appends_is_written_without_a_client()
    {
        using var shard = new HostedShard(Durability.OperatingSystem);
        (IDuplexPipe client, _, _) = shard.Connect();
        await Send(client, "SET key 1");
        (await ReadText(client, 5)).ShouldBe("+OK\r\n");
        AppendAsMaintenanceDoes(shard);
        SpinWait.SpinUntil(() => shard.Disk.HasWritten("maintained"u8), Patience).ShouldBeTrue();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task While_the_disk_is_full_nothing_is_acknowledged_and_afterwards_all_of_it_is(bool onLoop)
    {
        using var shard = new HostedShard(Durability.OperatingSystem, onLoop: onLoop);
        (IDuplexPipe client, _, _) = shard.Connect();
        await Send(client, "SET key 1");
        (await ReadText(client, 5)).ShouldBe("+OK\r\n");
        shard.Disk.FillUp();
        await Send(client, "SET key 2");
        SpinWait.SpinUntil(() => IsDiskFull(shard), Patience).ShouldBeTrue();
        client.Input.TryRead(out _).ShouldBeFalse();
        shard.Disk.MakeSpace();
        (await ReadText(client, 5)).ShouldBe("+OK\r\n");
    }

    private static bool IsDiskFull(HostedShard shard)
    {
        lock (shard.Host.Gate)
            return shard.Host.Store.Statistics.IsDiskFull;
    }

    private static void AppendAsMaintenanceDoes(HostedShard shard)
    {
        long appended;
        lock (shard.Host.Gate)
        {
            shard.Host.Store.Put(new RecordKey(KeyspaceSettings.LocalId, 0, "maintained"u8), RecordFlags.None, 1, "row"u8).ShouldBe(PutOutcome.Done);
            appended = shard.Host.Store.AppendedOffset;
        }
        shard.Host.Committer.OnMaintained(appended);
    }

    private static Task Send(IDuplexPipe client, string command) =>
        client.Output.WriteAsync(Encoding.ASCII.GetBytes(command + "\r\n")).AsTask();

    private static async Task<string> ReadText(IDuplexPipe client, int count)
    {
        ReadResult read = await client.Input.ReadAtLeastAsync(count).AsTask().WaitAsync(Patience);
        string text = Encoding.ASCII.GetString(read.Buffer.Slice(0, Math.Min(count, read.Buffer.Length)).ToArray());
        client.Input.AdvanceTo(read.Buffer.GetPosition(Math.Min(count, read.Buffer.Length)));
        return text;
    }
}
