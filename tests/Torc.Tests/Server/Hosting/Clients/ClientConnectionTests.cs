using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using Torc.Server.Hosting.Clients;
using Torc.Storage.Disk;

namespace Torc.Tests.Server.Hosting.Clients;

public sealed class ClientConnectionTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);
    private readonly HostedShard _shard = new();

    public void Dispose() => _shard.Dispose();

    [Fact]
    public async Task Replies_to_a_pipeline_longer_than_may_be_under_way_come_complete_and_in_order()
    {
        const int count = 5_000;
        (IDuplexPipe client, _, _) = _shard.Connect();
        var commands = new StringBuilder();
        var replies = new StringBuilder();
        for (int i = 0; i < count; i++)
        {
            commands.Append($"SET key:{i % 700} {i}\r\nGET key:{i % 700}\r\n");
            replies.Append($"+OK\r\n${$"{i}".Length}\r\n{i}\r\n");
        }
        Task sending = client.Output.WriteAsync(Encoding.ASCII.GetBytes(commands.ToString())).AsTask();
        (await ReadText(client, replies.Length)).ShouldBe(replies.ToString());
        await sending;
    }

    [Theory]
    [InlineData(1)]
    [InlineData(50)]
    [InlineData(1_000_000)]
    public async Task What_a_command_that_stands_alone_holds_up_is_served_when_it_is_done(int pieceBytes)
    {
        const int count = 150;
        (IDuplexPipe client, Task served, _) = _shard.Connect();
        var commands = new StringBuilder();
        var replies = new StringBuilder();
        for (int i = 0; i < count; i++)
        {
            commands.Append($"SET from {i}\r\nRENAME from to\r\nGET to\r\nDBSIZE\r\nINFO server-and-no-more\r\nDEL to\r\nFLUSHALL\r\nDBSIZE\r\n");
            replies.Append($"+OK\r\n+OK\r\n${$"{i}".Length}\r\n{i}\r\n:1\r\n$0\r\n\r\n:1\r\n+OK\r\n:0\r\n");
        }
        byte[] bytes = Encoding.ASCII.GetBytes(commands.ToString());
        Task sending = Task.Run(async () =>
        {
            for (int sent = 0; sent < bytes.Length; sent += pieceBytes)
                await client.Output.WriteAsync(bytes.AsMemory(sent, Math.Min(pieceBytes, bytes.Length - sent)));
            // Also what waits when the client has said all is served.
            await client.Output.CompleteAsync();
        });
        (await ReadText(client, replies.Length)).ShouldBe(replies.ToString());
        await sending;
        await served.WaitAsync(Patience);
    }

    [Fact]
    public async Task A_client_that_breaks_off_behind_a_command_that_stands_alone_is_over()
    {
        (IDuplexPipe client, Task served, ClientConnection connection) = _shard.Connect();
        await client.Output.WriteAsync("SET before 1\r\n"u8.ToArray());
        (await ReadText(client, 5)).ShouldBe("+OK\r\n", "all that was written before is on the disk: the next write there is that of the next command");
        Task held = _shard.Disk.HoldWrites();
        await client.Output.WriteAsync("SET a 1\r\nRENAME a b\r\nSET c 1\r\n"u8.ToArray());
        await held.WaitAsync(Patience);
        SpinWait.SpinUntil(() => connection.CommandsReceived == 3, Patience).ShouldBeTrue();
        connection.End("a test");
        await served.WaitAsync(Patience);
        _shard.Disk.LetWritesGo();

        (IDuplexPipe other, _, _) = _shard.Connect();
        await other.Output.WriteAsync("EXISTS b c\r\nDBSIZE\r\n"u8.ToArray());
        (await ReadText(other, 8)).ShouldBe(":0\r\n:2\r\n");
    }

    [Fact]
    public async Task A_client_that_closed_its_side_still_gets_its_replies()
    {
        (IDuplexPipe client, Task served, _) = _shard.Connect();
        await client.Output.WriteAsync("SET a b\r\nGET a\r\n"u8.ToArray());
        await client.Output.CompleteAsync();
        (await ReadText(client, 12)).ShouldBe("+OK\r\n$1\r\nb\r\n");
        await served.WaitAsync(Patience);
    }

    [Fact]
    public async Task A_client_that_does_not_read_is_ended_and_others_are_undisturbed()
    {
        (IDuplexPipe deaf, Task served, ClientConnection connection) = _shard.Connect(outputBytesMax: 2 << 20);
        string value = new('x', 100_000);
        await deaf.Output.WriteAsync(Encoding.ASCII.GetBytes($"*3\r\n$3\r\nSET\r\n$3\r\nbig\r\n$100000\r\n{value}\r\n"));
        await deaf.Output.WriteAsync(Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("GET big\r\n", 900))));
        await served.WaitAsync(Patience);
        connection.EndReason.ShouldContain("does not read");

        (IDuplexPipe other, _, _) = _shard.Connect();
        await other.Output.WriteAsync("STRLEN big\r\n"u8.ToArray());
        (await ReadText(other, 9)).ShouldBe(":100000\r\n");
    }

    [Fact]
    public async Task After_a_failed_sync_nothing_is_acknowledged_and_the_node_is_told_to_end()
    {
        (IDuplexPipe client, _, _) = _shard.Connect();
        await client.Output.WriteAsync("SET a 1\r\n"u8.ToArray());
        (await ReadText(client, 5)).ShouldBe("+OK\r\n");
        _shard.Disk.FailSyncs();
        await client.Output.WriteAsync("SET a 2\r\n"u8.ToArray());
        (await _shard.Failed.WaitAsync(Patience)).ShouldBeOfType<DiskFailedException>();
        client.Input.TryRead(out _).ShouldBeFalse();
    }

    [Fact]
    public async Task A_client_that_overstays_is_ended_and_one_that_waits_for_replies_is_not()
    {
        (_, Task served, ClientConnection idle) = _shard.Connect();
        const long hourMicros = 3_600_000_000;
        _shard.Clients.EndOverdue(idle.IdleSinceMicros + hourMicros, idleSecondsMax: 0, stallSecondsMax: 60);
        served.IsCompleted.ShouldBeFalse();
        _shard.Clients.EndOverdue(idle.IdleSinceMicros + hourMicros, idleSecondsMax: 60, stallSecondsMax: 60);
        await served.WaitAsync(Patience);
        idle.EndReason.ShouldContain("timeout");
    }

    [Fact]
    public async Task A_stop_answers_what_was_asked_and_then_closes()
    {
        (IDuplexPipe client, Task served, _) = _shard.Connect();
        await client.Output.WriteAsync("SET a b\r\n"u8.ToArray());
        (await ReadText(client, 5)).ShouldBe("+OK\r\n");
        await client.Output.WriteAsync("GET a\r\n"u8.ToArray());
        (await ReadText(client, 7)).ShouldBe("$1\r\nb\r\n");
        Task finished = _shard.Clients.FinishAll(TimeSpan.Zero);
        await served.WaitAsync(Patience);
        await finished.WaitAsync(Patience);
    }

    [Fact]
    public async Task Breaking_the_protocol_ends_the_connection_with_an_error()
    {
        (IDuplexPipe client, Task served, _) = _shard.Connect();
        await client.Output.WriteAsync("PING\r\n*2147483647\r\n"u8.ToArray());
        (await ReadText(client, 27)).ShouldBe("+PONG\r\n-ERR Protocol error:");
        await served.WaitAsync(Patience);
    }

    private static async Task<string> ReadText(IDuplexPipe client, int count)
    {
        ReadResult read = await client.Input.ReadAtLeastAsync(count).AsTask().WaitAsync(Patience);
        string text = Encoding.ASCII.GetString(read.Buffer.Slice(0, Math.Min(count, read.Buffer.Length)).ToArray());
        client.Input.AdvanceTo(read.Buffer.GetPosition(Math.Min(count, read.Buffer.Length)));
        return text;
    }
}
