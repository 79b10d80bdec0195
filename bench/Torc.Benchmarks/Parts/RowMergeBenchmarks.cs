using BenchmarkDotNet.Attributes;
using Torc.Base;
using Torc.Core.Cells;
using Version = Torc.Core.Clocks.Version;

namespace Torc.Benchmarks.Parts;

/// <summary>Joins a stored 100-byte string with what a command changes, both encoded, as a replica does it for each write.</summary>
public class RowMergeBenchmarks
{
    private static readonly Version Before = new(1UL << 40, 1);
    private static readonly Version After = new(1UL << 41, 2);

    private readonly byte[] _stored = Encode(static to => RowWriter.String(to, Before, new byte[100], deadlineMs: 0));
    private readonly byte[] _set = Encode(static to => RowWriter.String(to, After, new byte[100], deadlineMs: 0));
    private readonly byte[] _cell = Encode(static to => RowWriter.StringCell(to, After, Before, "12345"u8));
    private readonly byte[] _expiry = Encode(static to => RowWriter.Expiry(to, After, Before, RowKind.String, deadlineMs: 1_800_000_000_000));
    private readonly ByteWriter _merged = new();

    /// <summary>SET: replaces all.</summary>
    [Benchmark]
    public MergeOutcome Set() => Merge(_set, MergeOutcome.TookRight);

    /// <summary>INCR: another cell on the same base.</summary>
    [Benchmark]
    public MergeOutcome Increment() => Merge(_cell, MergeOutcome.TookRight);

    /// <summary>EXPIRE: neither side is the result.</summary>
    [Benchmark]
    public MergeOutcome Expire() => Merge(_expiry, MergeOutcome.Combined);

    private MergeOutcome Merge(byte[] delta, MergeOutcome expected)
    {
        _merged.Clear();
        Check.That(RowView.TryDecode(Before, _stored, out RowView left) & RowView.TryDecode(After, delta, out RowView right));
        MergeOutcome outcome = RowMerge.Merge(left, right, _merged, out _);
        Check.That(outcome == expected);
        return outcome;
    }

    private static byte[] Encode(Action<ByteWriter> write)
    {
        var to = new ByteWriter();
        write(to);
        return to.Written.ToArray();
    }
}
