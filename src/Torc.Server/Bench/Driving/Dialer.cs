using System.Buffers;
using System.Net.Sockets;
using System.Text;
using Torc.Protocols.Resp;
using Torc.Server.Bench.Wire;
using Torc.Server.Settings;

namespace Torc.Server.Bench.Driving;

/// <summary>Opens connections and, with a password, signs in, before any of them is driven.</summary>
internal static class Dialer
{
    private const int TimeoutMs = 10_000;

    /// <summary>Connection i of a thread; a target that cannot be reached or refuses is a <see cref="BenchFailedException"/>.</summary>
    internal static Connection Open(BenchOptions options, HostAndPort target, int index)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, SendTimeout = TimeoutMs, ReceiveTimeout = TimeoutMs };
        try
        {
            socket.Connect(target.Host, target.Port);
            if (options.Password.Length > 0)
                SignIn(socket, target, options.Password);
            socket.Blocking = false;
            return new Connection(index, socket, MakeProtocol(options, target));
        }
        catch (SocketException error)
        {
            socket.Dispose();
            throw new BenchFailedException($"no server answers at {target} ({error.SocketErrorCode}). Is it running? --targets takes the addresses that clients use.");
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static IWireProtocol MakeProtocol(BenchOptions options, HostAndPort target) => options.Protocol switch
    {
        BenchProtocol.Memcached => new MemcachedWire(),
        BenchProtocol.Etcd => new EtcdWire(target.ToString()),
        _ => new RespWire(options.ValueBytes),
    };

    private static void SignIn(Socket socket, HostAndPort target, string password)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(password);
        var output = new ArrayBufferWriter<byte>();
        output.Put("*2\r\n$4\r\nAUTH\r\n$"u8);
        output.PutNumber(bytes.Length);
        output.Put("\r\n"u8);
        output.Put(bytes);
        output.Put("\r\n"u8);
        socket.Send(output.WrittenSpan);
        var reader = new RespReplyReader();
        byte[] input = new byte[4096];
        while (true)
        {
            int received = socket.Receive(input);
            ReadOnlySpan<byte> rest = input.AsSpan(0, received);
            ReplyOutcome outcome = reader.Read(ref rest, out RespValue? reply, out _);
            if (outcome == ReplyOutcome.Reply && !reply!.IsError)
                return;
            if (received == 0 || outcome != ReplyOutcome.NeedMore)
                throw new BenchFailedException($"{target} refuses the password: {reply?.Text ?? "it closed the connection"}");
        }
    }
}
