using System.Globalization;
using System.IO.Pipelines;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Connections;
using Torc.Base;
using Torc.Protocols.Resp;
using Torc.Server.Hosting;
using Torc.Server.Sockets;

namespace Torc.Benchmarks.Floor;

/// <summary>
/// Reads Redis commands on Torc's transport and answers each with the same words: what a request costs before a server does anything for
/// it. GET has a value of 100 bytes, DBSIZE is 0, everything else is OK.
/// </summary>
internal static class AnsweringServer
{
    private const int WaitingBytesMax = 64 << 20;
    private const int Failed = 1;
    private static readonly byte[] Ok = "+OK\r\n"u8.ToArray();
    private static readonly byte[] Zero = ":0\r\n"u8.ToArray();
    private static readonly byte[] Value = Encoding.ASCII.GetBytes($"$100\r\n{new string('x', 100)}\r\n");

    /// <summary>Serves a port of the loopback address until the process is ended.</summary>
    public static async Task<int> Run(string portText)
    {
        if (!ushort.TryParse(portText, CultureInfo.InvariantCulture, out ushort port))
        {
            await Console.Error.WriteLineAsync($"'{portText}' is no port; a number from 1 to 65535 is");
            return Failed;
        }
        var failed = new TaskCompletionSource<Exception>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var transport = new LoopTransport(1, static () => HostClock.Now, error => failed.TrySetResult(error));
        await using IConnectionListener listener = await transport.BindAsync(new LoopEndPoint(IPAddress.Loopback, port));
        while (!failed.Task.IsCompleted && await listener.AcceptAsync() is { } connection)
            _ = Serve(connection);
        await Console.Error.WriteLineAsync(failed.Task.IsCompleted ? (await failed.Task).ToString() : "the listener ended");
        return Failed;
    }

    private static async Task Serve(ConnectionContext connection)
    {
        PipeReader input = connection.Transport.Input;
        using var sender = new PipeSender(connection.Transport.Output, WaitingBytesMax, _ => connection.Abort());
        using var command = new CommandBuffer();
        var reader = new RespCommandReader();
        using var replies = new ByteWriter();
        try
        {
            while (true)
            {
                ReadResult read = await input.ReadAsync();
                bool goesOn = true;
                foreach (ReadOnlyMemory<byte> piece in read.Buffer)
                    goesOn &= TryAnswer(piece.Span, reader, command, replies);
                input.AdvanceTo(read.Buffer.End);
                sender.Send(replies.Written);
                replies.Clear();
                if (read.IsCompleted || !goesOn)
                    break;
            }
        }
        catch (Exception error) when (error is IOException or InvalidOperationException or ConnectionAbortedException)
        {
            // The client is gone: nothing is left to say to it.
        }
        await connection.DisposeAsync();
    }

    /// <summary>False: the client sent what is no command.</summary>
    private static bool TryAnswer(ReadOnlySpan<byte> input, RespCommandReader reader, CommandBuffer command, ByteWriter replies)
    {
        while (true)
        {
            ParseOutcome outcome = reader.Read(ref input, command, RespLimits.Default, out _);
            if (outcome != ParseOutcome.Command)
                return outcome == ParseOutcome.NeedMore;
            replies.Write((command[0][0] | 0x20) switch { 'g' => Value, 'd' => Zero, _ => Ok });
            command.Clear();
        }
    }
}
