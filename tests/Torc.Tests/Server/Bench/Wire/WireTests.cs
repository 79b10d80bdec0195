using System.Buffers;
using System.Text;
using Torc.Server.Bench.Wire;

namespace Torc.Tests.Server.Bench.Wire;

/// <summary>What the load program says, and that it understands replies however they are cut into pieces.</summary>
public sealed class WireTests
{
    private static readonly string Value = new('v', 10);

    [Fact]
    public void Resp_requests_are_commands()
    {
        Said(new RespWire(10), static (wire, output) => wire.Get(42, output)).ShouldBe("*2\r\n$3\r\nGET\r\n$16\r\nuser000000000042\r\n");
        Said(new RespWire(10), static (wire, output) => wire.Set(999_999_999_999, "vvvvvvvvvv"u8, output))
            .ShouldBe("*3\r\n$3\r\nSET\r\n$16\r\nuser999999999999\r\n$10\r\nvvvvvvvvvv\r\n");
        Said(new RespWire(10), static (wire, output) => wire.Scan(9, 2, output))
            .ShouldBe("*3\r\n$4\r\nMGET\r\n$16\r\nuser000000000009\r\n$16\r\nuser000000000010\r\n");
        Said(new RespWire(10), static (wire, output) => wire.WaitForReplicas(1, output)).ShouldBe("*3\r\n$4\r\nWAIT\r\n$1\r\n1\r\n$1\r\n0\r\n");
    }

    [Fact]
    public void Memcached_requests_are_lines() =>
        Said(new MemcachedWire(), static (wire, output) =>
        {
            wire.Set(1, "vvv"u8, output);
            wire.Get(1, output);
        }).ShouldBe("set user000000000001 0 0 3\r\nvvv\r\nget user000000000001\r\n");

    [Fact]
    public void Resp_replies_are_understood_in_any_pieces() => Understood(
        static () => new RespWire(10),
        Encoding.ASCII.GetBytes($"+OK\r\n$10\r\n{Value}\r\n$-1\r\n:7\r\n-TIMEOUT too few replicas\r\n$3\r\nabc\r\n*2\r\n$1\r\na\r\n$-1\r\n+OK\r\n"),
        (WireReply.Done, 0, ""), (WireReply.Done, 0, ""), (WireReply.Missing, 0, ""), (WireReply.Done, 7, ""), (WireReply.Failed, 0, "TIMEOUT"),
        (WireReply.Done, 0, ""), (WireReply.Done, 0, ""), (WireReply.Done, 0, ""));

    [Fact]
    public void Memcached_replies_are_understood_in_any_pieces() => Understood(
        static () => new MemcachedWire(),
        Encoding.ASCII.GetBytes($"STORED\r\nVALUE user000000000001 0 10\r\n{Value}\r\nEND\r\nEND\r\nSERVER_ERROR out of memory\r\nSTORED\r\n"),
        (WireReply.Done, 0, ""), (WireReply.Done, 0, ""), (WireReply.Missing, 0, ""), (WireReply.Failed, 0, "SERVER_ERROR"), (WireReply.Done, 0, ""));

    [Fact]
    public void Etcd_replies_are_understood_in_any_pieces() => Understood(
        static () => AskedForAKey(),
        [
            .. Frame(4, 0, 0, [0, 3, 0, 0, 0, 100]), // SETTINGS
            .. Frame(6, 0, 0, [1, 2, 3, 4, 5, 6, 7, 8]), // PING
            .. Frame(1, 4, 1, [0x88]), .. Frame(0, 0, 1, [0, 0, 0, 0, 6, 0x0A, 2, 0x08, 1, 0x12, 0]), .. Frame(1, 5, 1, [0xBF]), // a key
            .. Frame(1, 4, 3, [0x88]), .. Frame(0, 0, 3, [0, 0, 0, 0, 4, 0x0A, 2, 0x08, 1]), .. Frame(1, 5, 3, [0xBF]), // only a header
            .. Frame(1, 5, 5, [0x88]), // no message: an error
            .. Frame(3, 0, 7, [0, 0, 0, 2]), // RST_STREAM
        ],
        (WireReply.Done, 0, ""), (WireReply.Missing, 0, ""), (WireReply.Failed, 0, "GRPC"), (WireReply.Failed, 0, "RST_STREAM"));

    [Fact]
    public void Etcd_answers_what_the_connection_itself_asks()
    {
        EtcdWire wire = AskedForAKey();
        var output = new ArrayBufferWriter<byte>();
        ReadOnlySpan<byte> input = (byte[])[.. Frame(4, 0, 0, []), .. Frame(6, 0, 0, [1, 2, 3, 4, 5, 6, 7, 8]), .. Frame(4, 1, 0, [])];
        wire.Read(ref input, output, out _, out _).ShouldBe(WireReply.NeedMore);
        output.WrittenSpan.ToArray().ShouldBe([.. Frame(4, 1, 0, []), .. Frame(6, 1, 0, [1, 2, 3, 4, 5, 6, 7, 8])]);
    }

    [Fact]
    public void Etcd_requests_are_frames_with_protobuf()
    {
        var output = new ArrayBufferWriter<byte>();
        new EtcdWire("h:1").Set(5, "vv"u8, output);
        byte[] said = output.WrittenSpan.ToArray();
        byte[] data = [0, 0, 0, 0, 22, 0x0A, 16, .. "user000000000005"u8, 0x12, 2, (byte)'v', (byte)'v'];
        said[^(9 + data.Length)..].ShouldBe(Frame(0, 1, 1, data));
        Encoding.ASCII.GetString(said).ShouldContain("/etcdserverpb.KV/Put");
    }

    [Fact]
    public void Nonsense_breaks_the_connection()
    {
        ReadOnlySpan<byte> resp = "?what\r\n"u8, memcached = "VALUE k 0 x\r\n"u8, etcd = Frame(7, 0, 0, [0, 0, 0, 0, 0, 0, 0, 0]);
        new RespWire(10).Read(ref resp, new(), out _, out _).ShouldBe(WireReply.Broken);
        new MemcachedWire().Read(ref memcached, new(), out _, out _).ShouldBe(WireReply.Broken);
        new EtcdWire("h:1").Read(ref etcd, new(), out _, out _).ShouldBe(WireReply.Broken);
    }

    private static void Understood(Func<IWireProtocol> make, byte[] input, params (WireReply, long, string)[] expected)
    {
        for (int cut = 0; cut <= input.Length; cut++)
        {
            IWireProtocol wire = make();
            var found = new List<(WireReply, long, string)>();
            int left = Replies(wire, input.AsSpan(0, cut), found);
            Replies(wire, input.AsSpan(cut - left), found).ShouldBe(0);
            found.SequenceEqual(expected).ShouldBeTrue($"cut at {cut}: {string.Join(", ", found)}");
        }
    }

    /// <summary>Reads replies until more is needed; how many bytes were left for the next piece.</summary>
    private static int Replies(IWireProtocol wire, ReadOnlySpan<byte> input, List<(WireReply, long, string)> found)
    {
        while (true)
        {
            WireReply reply = wire.Read(ref input, new(), out long number, out string error);
            if (reply == WireReply.NeedMore)
                return input.Length;
            found.Add((reply, number, error));
        }
    }

    private static EtcdWire AskedForAKey()
    {
        var wire = new EtcdWire("h:1");
        wire.Get(1, new());
        return wire;
    }

    private static byte[] Frame(byte type, byte flags, byte stream, byte[] payload) =>
        [0, 0, (byte)payload.Length, type, flags, 0, 0, 0, stream, .. payload];

    private static string Said(IWireProtocol wire, Action<IWireProtocol, ArrayBufferWriter<byte>> say)
    {
        var output = new ArrayBufferWriter<byte>();
        say(wire, output);
        return Encoding.ASCII.GetString(output.WrittenSpan);
    }
}
