using System.Buffers;
using Torc.Protocols.Resp;

namespace Torc.Tests.Protocols.Resp;

/// <summary>Feeds bytes to a reply reader in chosen pieces and writes down what came of it, as text to compare.</summary>
internal sealed class ReplyFeed(RespReplyLimits limits)
{
    internal const string Error = "error: ";

    private readonly RespReplyReader _reader = new(limits);
    private readonly List<string> _seen = [];
    private bool _failed;
    private bool _within;

    internal static string Whole(ReadOnlySpan<byte> input, RespReplyLimits limits)
    {
        var feed = new ReplyFeed(limits);
        feed.Give(input);
        return feed.Finish();
    }

    internal static string SplitAt(ReadOnlySpan<byte> input, int split, RespReplyLimits limits)
    {
        var feed = new ReplyFeed(limits);
        feed.Give(input[..split]);
        feed.Give(input[split..]);
        return feed.Finish();
    }

    internal static string ByteByByte(ReadOnlySpan<byte> input, RespReplyLimits limits)
    {
        var feed = new ReplyFeed(limits);
        for (int index = 0; index < input.Length; index++)
            feed.Give(input.Slice(index, 1));
        return feed.Finish();
    }

    internal static string AsSequence(ReadOnlySequence<byte> input, RespReplyLimits limits)
    {
        var feed = new ReplyFeed(limits);
        ReplyOutcome outcome;
        do
        {
            feed._within = !input.IsEmpty;
            outcome = feed._reader.Read(ref input, out RespValue? reply, out RespError? error);
            feed.Note(outcome, reply, error);
        } while (outcome == ReplyOutcome.Reply);
        return feed.Finish();
    }

    internal void Give(ReadOnlySpan<byte> piece)
    {
        while (!piece.IsEmpty && !_failed)
        {
            int before = piece.Length;
            ReplyOutcome outcome = _reader.Read(ref piece, out RespValue? reply, out RespError? error);
            _within = outcome == ReplyOutcome.NeedMore;
            if (_within)
                piece.Length.ShouldBe(0, "a reader that needs more has taken everything");
            if (outcome == ReplyOutcome.Reply)
                piece.Length.ShouldBeLessThan(before, "a reply costs at least a byte");
            Note(outcome, reply, error);
        }
    }

    internal string Finish()
    {
        if (_within && !_failed)
            _seen.Add("…");
        return string.Join(';', _seen);
    }

    private void Note(ReplyOutcome outcome, RespValue? reply, RespError? error)
    {
        (reply is not null).ShouldBe(outcome == ReplyOutcome.Reply);
        (error is not null).ShouldBe(outcome == ReplyOutcome.Error);
        if (reply is not null)
            _seen.Add(reply.ToString());
        if (error is null)
            return;
        _failed = true;
        _seen.Add(Error + error.Message);
    }
}
