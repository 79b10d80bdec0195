using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Torc.Base;
using Torc.Server.Sockets;

namespace Torc.Tests.Server.Sockets;

/// <summary>Event loops as a transport: every byte arrives once and in order, whatever thread reads, and every end is noticed.</summary>
public sealed class LoopTransportTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private readonly TaskCompletionSource<Exception> _failed = new();
    private readonly LoopTransport _transport;

    public LoopTransportTests() => _transport = new LoopTransport(2, static () => new Instant(1, 1), error => _failed.TrySetResult(error));

    public void Dispose()
    {
        _transport.Dispose();
        _failed.Task.IsCompleted.ShouldBeFalse();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_is_sent_comes_back_whole_and_in_order(bool readsElsewhere)
    {
        const int bytes = 6 << 20;
        (Socket client, ConnectionContext server) = await Connect();
        Task echo = Echo(server, readsElsewhere);
        byte[] sent = new byte[bytes];
        new SeededRandom(7).Fill(sent);
        Task sending = Task.Run(() => client.Send(sent));
        byte[] received = new byte[bytes];
        for (int at = 0; at < bytes;)
        {
            int count = await client.ReceiveAsync(received.AsMemory(at)).AsTask().WaitAsync(Patience);
            count.ShouldBeGreaterThan(0);
            at += count;
        }
        received.AsSpan().SequenceEqual(sent).ShouldBeTrue();
        await sending;
        client.Shutdown(SocketShutdown.Send);
        await echo.WaitAsync(Patience);
        (await client.ReceiveAsync(received).WaitAsync(Patience)).ShouldBe(0);
    }

    [Fact]
    public async Task Unread_bytes_stay_until_more_is_there()
    {
        (Socket client, ConnectionContext server) = await Connect();
        PipeReader input = server.Transport.Input;
        client.Send("ab"u8);
        ReadResult first = await input.ReadAsync().AsTask().WaitAsync(Patience);
        Text(first).ShouldBe("ab");
        input.AdvanceTo(first.Buffer.GetPosition(1), first.Buffer.End);
        ValueTask<ReadResult> next = input.ReadAsync();
        next.IsCompleted.ShouldBeFalse("all of it was looked at");
        client.Send("cd"u8);
        ReadResult second = await next.AsTask().WaitAsync(Patience);
        Text(second).ShouldBe("bcd");
        input.AdvanceTo(second.Buffer.Start, second.Buffer.GetPosition(1));
        ReadResult third = await input.ReadAsync().AsTask().WaitAsync(Patience);
        Text(third).ShouldBe("bcd");
        input.AdvanceTo(third.Buffer.End);
        await server.DisposeAsync();
    }

    [Fact]
    public async Task Many_connections_do_not_disturb_each_other()
    {
        const int connections = 40;
        Task[] all = [.. Enumerable.Range(0, connections).Select(async i =>
        {
            (Socket client, ConnectionContext server) = await Connect();
            Task echo = Echo(server, readsElsewhere: i % 3 == 0);
            byte[] word = System.Text.Encoding.ASCII.GetBytes($"<connection {i}>");
            byte[] back = new byte[word.Length];
            for (int round = 0; round < 200; round++)
            {
                await client.SendAsync(word);
                for (int at = 0; at < back.Length;)
                    at += await client.ReceiveAsync(back.AsMemory(at));
                back.ShouldBe(word);
            }
            client.Dispose();
            await echo;
        })];
        await Task.WhenAll(all).WaitAsync(Patience);
    }

    [Fact]
    public async Task A_read_can_be_cancelled_and_the_connection_goes_on()
    {
        (Socket client, ConnectionContext server) = await Connect();
        ValueTask<ReadResult> waiting = server.Transport.Input.ReadAsync();
        server.Transport.Input.CancelPendingRead();
        ReadResult cancelled = await waiting.AsTask().WaitAsync(Patience);
        cancelled.IsCanceled.ShouldBeTrue();
        server.Transport.Input.AdvanceTo(cancelled.Buffer.End);
        client.Send("x"u8);
        Text(await server.Transport.Input.ReadAsync().AsTask().WaitAsync(Patience)).ShouldBe("x");
        await server.DisposeAsync();
    }

    [Fact]
    public async Task An_abort_ends_a_waiting_read_and_a_waiting_write()
    {
        (Socket client, ConnectionContext server) = await Connect();
        Task<ReadResult> reading = server.Transport.Input.ReadAsync().AsTask();
        server.Transport.Output.Write(new byte[32 << 20]);
        Task<FlushResult> writing = server.Transport.Output.FlushAsync().AsTask();
        writing.IsCompleted.ShouldBeFalse("nobody reads it");
        server.Abort(new ConnectionAbortedException("enough"));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading.WaitAsync(Patience));
        (await writing.WaitAsync(Patience)).IsCompleted.ShouldBeTrue();
        await server.DisposeAsync();
        client.Dispose();
    }

    [Fact]
    public async Task A_client_that_vanishes_while_nobody_reads_is_noticed_by_the_next_read()
    {
        (Socket client, ConnectionContext server) = await Connect();
        client.Send("last words"u8);
        client.LingerState = new LingerOption(true, 0);
        ReadResult read = await server.Transport.Input.ReadAsync().AsTask().WaitAsync(Patience);
        server.Transport.Input.AdvanceTo(read.Buffer.End);
        client.Dispose();
        await Should.ThrowAsync<IOException>(async () => await server.Transport.Input.ReadAsync().AsTask().WaitAsync(Patience));
        await server.DisposeAsync();
    }

    [Fact]
    public async Task Only_its_own_addresses_are_served_and_a_used_one_is_refused()
    {
        _transport.CanBind(new IPEndPoint(IPAddress.Loopback, 0)).ShouldBeFalse();
        var any = new LoopEndPoint(IPAddress.Loopback, 0);
        _transport.CanBind(any).ShouldBeTrue();
        await using IConnectionListener listener = await _transport.BindAsync(any);
        var same = new LoopEndPoint(IPAddress.Loopback, ((IPEndPoint)listener.EndPoint).Port);
        await Should.ThrowAsync<AddressInUseException>(async () => await _transport.BindAsync(same));
    }

    private async Task<(Socket Client, ConnectionContext Server)> Connect()
    {
        await using IConnectionListener listener = await _transport.BindAsync(new LoopEndPoint(IPAddress.Loopback, 0));
        ValueTask<ConnectionContext?> accepting = listener.AcceptAsync();
        var client = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await client.ConnectAsync(listener.EndPoint);
        return (client, (await accepting)!);
    }

    private static async Task Echo(ConnectionContext connection, bool readsElsewhere)
    {
        PipeReader input = connection.Transport.Input;
        try
        {
            while (true)
            {
                ReadResult read = await input.ReadAsync();
                if (readsElsewhere)
                    await Task.Yield();
                foreach (ReadOnlyMemory<byte> piece in read.Buffer)
                    connection.Transport.Output.Write(piece.Span);
                input.AdvanceTo(read.Buffer.End);
                await connection.Transport.Output.FlushAsync();
                if (read.IsCompleted)
                    break;
            }
        }
        catch (IOException)
        {
            // The client is gone.
        }
        await connection.DisposeAsync();
    }

    private static string Text(ReadResult read) => System.Text.Encoding.ASCII.GetString(read.Buffer.ToArray());
}
