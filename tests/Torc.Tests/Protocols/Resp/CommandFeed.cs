using System.Text;
using Torc.Protocols.Resp;

namespace Torc.Tests.Protocols.Resp;

/// <summary>Feeds bytes to a command reader in chosen pieces and writes down what came of it, as text to compare.</summary>
internal sealed class CommandFeed(RespLimits limits) : IDisposable
{
    private readonly RespCommandReader _reader = new();
    private readonly CommandBuffer _command = new();

    /// <summary>Commands as <c>[a|b]</c>, then the error or, when the input ended within a command, <c>…</c>.</summary>
    internal StringBuilder Seen { get; } = new();

    internal bool Failed { get; private set; }

    internal RespErrorKind? FailureKind { get; private set; }

    internal static string Whole(ReadOnlySpan<byte> input, RespLimits limits)
    {
        using var feed = new CommandFeed(limits);
        feed.Give(input);
        return feed.Finish();
    }

    internal static string SplitAt(ReadOnlySpan<byte> input, int split, RespLimits limits)
    {
        using var feed = new CommandFeed(limits);
        feed.Give(input[..split]);
        feed.Give(input[split..]);
        return feed.Finish();
    }

    internal static string ByteByByte(ReadOnlySpan<byte> input, RespLimits limits)
    {
        using var feed = new CommandFeed(limits);
        for (int index = 0; index < input.Length; index++)
            feed.Give(input.Slice(index, 1));
        return feed.Finish();
    }

    internal void Give(ReadOnlySpan<byte> piece)
    {
        ParseOutcome outcome;
        do
        {
            int before = piece.Length;
            outcome = _reader.Read(ref piece, _command, limits, out RespError? error);
            if (outcome == ParseOutcome.NeedMore)
                piece.Length.ShouldBe(0, "a reader that needs more has taken everything");
            if (outcome == ParseOutcome.Command)
                piece.Length.ShouldBeLessThan(before, "a command costs at least a byte");
            Note(outcome, error);
        } while (outcome == ParseOutcome.Command);
    }

    internal string Finish()
    {
        if (!Failed && !_reader.AtStart)
            Seen.Append('…');
        return Seen.ToString();
    }

    public void Dispose() => _command.Dispose();

    private void Note(ParseOutcome outcome, RespError? error)
    {
        if (outcome == ParseOutcome.Command)
        {
            Seen.Append('[');
            for (int index = 0; index < _command.Count; index++)
                Seen.Append(index == 0 ? "" : "|").Append(Encoding.Latin1.GetString(_command[index]));
            Seen.Append(']');
        }
        (error is not null).ShouldBe(outcome == ParseOutcome.Error);
        if (error is null || Failed)
            return;
        Failed = true;
        FailureKind = error.Kind;
        Seen.Append(error.Message);
    }
}
