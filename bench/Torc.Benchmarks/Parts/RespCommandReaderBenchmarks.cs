using System.Text;
using BenchmarkDotNet.Attributes;
using Torc.Base;
using Torc.Protocols.Resp;

namespace Torc.Benchmarks.Parts;

/// <summary>Commands as redis-benchmark sends them, 64 to a read: 22 bytes of key, 100 of value. One operation is one command.</summary>
public class RespCommandReaderBenchmarks
{
    private const int Commands = 64;
    private static readonly byte[] Sets = Repeat($"*3\r\n$3\r\nSET\r\n$16\r\nkey:000000000042\r\n$100\r\n{new string('x', 100)}\r\n");
    private static readonly byte[] Gets = Repeat("*2\r\n$3\r\nGET\r\n$16\r\nkey:000000000042\r\n");

    private readonly RespCommandReader _reader = new();
    private readonly CommandBuffer _command = new();

    [Benchmark(OperationsPerInvoke = Commands)]
    public int ReadSet() => ReadAll(Sets);

    [Benchmark(OperationsPerInvoke = Commands)]
    public int ReadGet() => ReadAll(Gets);

    private int ReadAll(ReadOnlySpan<byte> input)
    {
        int read = 0, arguments = 0;
        while (_reader.Read(ref input, _command, RespLimits.Default, out _) == ParseOutcome.Command)
        {
            read++;
            arguments += _command.Count;
        }
        Check.That(read == Commands);
        return arguments;
    }

    private static byte[] Repeat(string command) => Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(command, Commands)));
}
