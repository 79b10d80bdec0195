using System.Buffers;
using System.Diagnostics;
using Torc.Base;

namespace Torc.Protocols.Resp;

/// <summary>
/// Reads replies of RESP2 and RESP3 into <see cref="RespValue"/> trees, given its input in any pieces. Like
/// <see cref="RespCommandReader"/> it looks at each byte once, and allocates for what arrived, not for what was announced.
/// Aggregates under way are on a stack of its own, so that nesting cannot overflow the machine's.
/// RESP3's streamed strings and aggregates (<c>$?</c>, <c>*?</c>), which no server sends, are errors.
/// After an error the reader repeats that error.
/// </summary>
public sealed class RespReplyReader(RespReplyLimits limits)
{
    private enum Stage
    {
        Mark,
        Line,
        Number,
        BulkBytes,
        BulkCarriageReturn,
        BulkLineFeed,
    }

    private enum Progress
    {
        GoOn,
        NeedMore,
        Reply,
        Failed,
    }

    /// <summary>An aggregate under way: its elements so far and how many values are to come.</summary>
    private sealed class Aggregate(byte mark, long left)
    {
        internal readonly byte Mark = mark;
        internal readonly List<RespValue> Items = [];
        internal long Left = left;
        internal RespValue[] Attributes = [];
    }

    private readonly List<Aggregate> _stack = [];
    private Stage _stage;
    private byte _mark;
    private NumberLine _number;
    private byte[] _text = [];
    private int _textLength;
    private int _bytesLeft;
    private bool _carriageReturn;
    private long _replyBytes;
    private long _values;
    private RespValue[] _attributes = [];
    private RespValue? _reply;
    private RespError? _failure;

    public RespReplyReader()
        : this(RespReplyLimits.Default)
    {
    }

    /// <summary>
    /// Takes bytes from the front of <paramref name="input"/> until one reply is complete, the input is used up, or it
    /// makes no sense. Push messages are replies of kind <see cref="RespKind.Push"/>: the caller tells them from answers.
    /// </summary>
    public ReplyOutcome Read(ref ReadOnlySpan<byte> input, out RespValue? reply, out RespError? error)
    {
        reply = null;
        while (_failure is null)
        {
            switch (Step(ref input))
            {
                case Progress.GoOn or Progress.Failed:
                    break;
                case Progress.NeedMore:
                    error = null;
                    return ReplyOutcome.NeedMore;
                case Progress.Reply:
                    error = null;
                    reply = _reply;
                    ForgetReply();
                    return ReplyOutcome.Reply;
            }
        }
        ForgetReply();
        error = _failure;
        return ReplyOutcome.Error;
    }

    /// <inheritdoc cref="Read(ref ReadOnlySpan{byte}, out RespValue?, out RespError?)"/>
    public ReplyOutcome Read(ref ReadOnlySequence<byte> input, out RespValue? reply, out RespError? error)
    {
        long taken = 0;
        SequencePosition next = input.Start;
        while (input.TryGet(ref next, out ReadOnlyMemory<byte> piece))
        {
            ReadOnlySpan<byte> rest = piece.Span;
            ReplyOutcome outcome = Read(ref rest, out reply, out error);
            taken += piece.Length - rest.Length;
            if (outcome != ReplyOutcome.NeedMore)
            {
                input = input.Slice(taken);
                return outcome;
            }
        }
        input = input.Slice(input.End);
        reply = null;
        error = _failure;
        return _failure is null ? ReplyOutcome.NeedMore : ReplyOutcome.Error;
    }

    /// <summary>Forgets a reply under way and any error, for use with another connection.</summary>
    public void Reset()
    {
        ForgetReply();
        _stage = Stage.Mark;
        _failure = null;
    }

    private Progress Step(ref ReadOnlySpan<byte> input) => _stage switch
    {
        _ when input.IsEmpty => Progress.NeedMore,
        Stage.Mark => ReadMark(ref input),
        Stage.Line => ReadLine(ref input),
        Stage.Number => ReadNumber(ref input),
        Stage.BulkBytes => ReadBulkBytes(ref input),
        Stage.BulkCarriageReturn => ReadBulkLineEnd(ref input, (byte)'\r'),
        Stage.BulkLineFeed => ReadBulkLineEnd(ref input, (byte)'\n'),
        _ => throw new UnreachableException(),
    };

    private Progress ReadMark(ref ReadOnlySpan<byte> input)
    {
        _mark = input[0];
        input = input[1..];
        if (++_values > limits.ValuesMax)
            return Fail(RespErrorKind.TooLarge, $"over the limit of {limits.ValuesMax} values in a reply");
        switch (_mark)
        {
            case (byte)'+' or (byte)'-' or (byte)'_' or (byte)'#' or (byte)',' or (byte)'(':
                _textLength = 0;
                _carriageReturn = false;
                return GoTo(Stage.Line);
            case (byte)':' or (byte)'$' or (byte)'!' or (byte)'=' or (byte)'*' or (byte)'%' or (byte)'~' or (byte)'>' or (byte)'|':
                _number = default;
                return GoTo(Stage.Number);
            default:
                return Fail(RespErrorKind.Malformed, $"unknown type byte 0x{_mark:x2}");
        }
    }

    private Progress ReadLine(ref ReadOnlySpan<byte> input)
    {
        if (_carriageReturn)
        {
            if (input[0] != '\n')
                return Fail(RespErrorKind.Malformed, "CR without LF in a line");
            input = input[1..];
            return FinishLine();
        }
        int length = input.IndexOf((byte)'\r');
        ReadOnlySpan<byte> part = length < 0 ? input : input[..length];
        if (part.Length > limits.LineBytesMax - _textLength)
            return Fail(RespErrorKind.TooLarge, $"a line is over the limit of {limits.LineBytesMax} bytes");
        if (!TryAppend(part, 0))
            return FailReplyBytes();
        _carriageReturn = length >= 0;
        input = input[(length < 0 ? part.Length : part.Length + 1)..];
        return Progress.GoOn;
    }

    private Progress FinishLine()
    {
        ReadOnlySpan<byte> text = _text.AsSpan(0, _textLength);
        switch (_mark)
        {
            case (byte)'+':
                return Finish(new RespValue(RespKind.SimpleString, text.ToArray()));
            case (byte)'-':
                return Finish(new RespValue(RespKind.Error, text.ToArray()));
            case (byte)'_' when text.IsEmpty:
                return Finish(new RespValue(RespKind.Null));
            case (byte)'#' when text.SequenceEqual("t"u8):
                return Finish(new RespValue(RespKind.Boolean, integer: 1));
            case (byte)'#' when text.SequenceEqual("f"u8):
                return Finish(new RespValue(RespKind.Boolean));
            case (byte)',' when RespDouble.TryParse(text, out double number):
                return Finish(new RespValue(RespKind.Double, text.ToArray(), number: number));
            case (byte)'(' when IsBigNumber(text):
                return Finish(new RespValue(RespKind.BigNumber, text.ToArray()));
            default:
                return Fail(RespErrorKind.Malformed, $"no value after '{(char)_mark}'");
        }
    }

    private Progress ReadNumber(ref ReadOnlySpan<byte> input)
    {
        switch (_number.Read(ref input, limits.LineBytesMax))
        {
            case NumberLine.Outcome.NeedMore:
                return Progress.NeedMore;
            case NumberLine.Outcome.TooLong:
                return Fail(RespErrorKind.TooLarge, $"a line is over the limit of {limits.LineBytesMax} bytes");
            case NumberLine.Outcome.BadLineEnd:
                return Fail(RespErrorKind.Malformed, "CR without LF in a line");
        }
        if (!_number.TryGet(out long value))
            return Fail(RespErrorKind.Malformed, $"no number after '{(char)_mark}'");
        switch (_mark)
        {
            case (byte)':':
                return Finish(new RespValue(RespKind.Integer, integer: value));
            case (byte)'$' or (byte)'!' or (byte)'=':
                return BeginBulk(value);
            default:
                return BeginAggregate(value);
        }
    }

    private Progress BeginBulk(long length)
    {
        if (length == -1 && _mark == '$')
            return Finish(new RespValue(RespKind.Null));
        if (length < 0)
            return Fail(RespErrorKind.Malformed, "negative length of a string");
        if (length > limits.BulkBytesMax)
            return Fail(RespErrorKind.TooLarge, $"a string of {length} bytes is over the limit of {limits.BulkBytesMax}");
        if (length > limits.ReplyBytesMax - _replyBytes)
            return FailReplyBytes();
        _bytesLeft = (int)length;
        _textLength = 0;
        return GoTo(length == 0 ? Stage.BulkCarriageReturn : Stage.BulkBytes);
    }

    private Progress ReadBulkBytes(ref ReadOnlySpan<byte> input)
    {
        int length = Math.Min(input.Length, _bytesLeft);
        _bytesLeft -= length;
        if (!TryAppend(input[..length], _bytesLeft))
            return FailReplyBytes();
        input = input[length..];
        return _bytesLeft > 0 ? Progress.NeedMore : GoTo(Stage.BulkCarriageReturn);
    }

    private Progress ReadBulkLineEnd(ref ReadOnlySpan<byte> input, byte expected)
    {
        if (input[0] != expected)
            return Fail(RespErrorKind.Malformed, "a string is longer than it announced");
        input = input[1..];
        return expected == '\r' ? GoTo(Stage.BulkLineFeed) : FinishBulk();
    }

    private Progress FinishBulk()
    {
        byte[] payload = _text.AsSpan(0, _textLength).ToArray();
        switch (_mark)
        {
            case (byte)'$':
                return Finish(new RespValue(RespKind.Bulk, payload));
            case (byte)'!':
                return Finish(new RespValue(RespKind.BulkError, payload));
            default:
                return RespValue.TryVerbatim(payload) is { } verbatim
                    ? Finish(verbatim)
                    : Fail(RespErrorKind.Malformed, "a verbatim string without its format");
        }
    }

    private Progress BeginAggregate(long count)
    {
        if (count == -1 && _mark == '*')
            return Finish(new RespValue(RespKind.Null));
        if (count < 0)
            return Fail(RespErrorKind.Malformed, "negative length of an aggregate");
        long announced = count <= limits.ValuesMax && _mark is (byte)'%' or (byte)'|' ? count * 2 : count;
        if (announced > limits.ValuesMax - _values)
            return Fail(RespErrorKind.TooLarge, $"over the limit of {limits.ValuesMax} values in a reply");
        if (_mark == '|' && _attributes.Length > 0)
            return Fail(RespErrorKind.Malformed, "attributes of attributes");
        if (_stack.Count == limits.DepthMax)
            return Fail(RespErrorKind.TooLarge, $"nested deeper than the limit of {limits.DepthMax}");
        _stack.Add(new Aggregate(_mark, announced) { Attributes = _attributes });
        _attributes = [];
        return announced == 0 ? CloseAggregate() : GoTo(Stage.Mark);
    }

    /// <summary>Hands a finished value to the aggregate it belongs to, and closes those that it completes.</summary>
    private Progress Finish(RespValue value)
    {
        if (_attributes.Length > 0)
            value.Attributes = _attributes;
        _attributes = [];
        _stage = Stage.Mark;
        if (_stack.Count == 0)
        {
            _reply = value;
            return Progress.Reply;
        }
        Aggregate owner = _stack[^1];
        owner.Items.Add(value);
        owner.Left--;
        return owner.Left > 0 ? Progress.GoOn : CloseAggregate();
    }

    private Progress CloseAggregate()
    {
        Aggregate closed = _stack[^1];
        _stack.RemoveAt(_stack.Count - 1);
        RespValue[] items = [.. closed.Items];
        if (closed.Mark == '|')
        {
            // Attributes describe the value that follows them; they are no value themselves.
            _attributes = items;
            return GoTo(Stage.Mark);
        }
        _attributes = closed.Attributes;
        return Finish(new RespValue(
            closed.Mark switch
            {
                (byte)'%' => RespKind.Map,
                (byte)'~' => RespKind.Set,
                (byte)'>' => RespKind.Push,
                _ => RespKind.Array,
            },
            items: items));
    }

    private bool TryAppend(ReadOnlySpan<byte> part, long toCome)
    {
        _replyBytes += part.Length;
        if (_replyBytes > limits.ReplyBytesMax)
            return false;
        int needed = _textLength + part.Length;
        if (needed > _text.Length)
            PooledArray<byte>.Grow(ref _text, _textLength, needed, needed + toCome);
        part.CopyTo(_text.AsSpan(_textLength));
        _textLength = needed;
        return true;
    }

    private void ForgetReply()
    {
        _stack.Clear();
        _attributes = [];
        _reply = null;
        _replyBytes = 0;
        _values = 0;
        if (_text.Length > CommandBuffer.RetainedBytesMax)
            PooledArray<byte>.Return(ref _text);
    }

    private static bool IsBigNumber(ReadOnlySpan<byte> text)
    {
        if (text.Length > 0 && text[0] is (byte)'-' or (byte)'+')
            text = text[1..];
        return !text.IsEmpty && !text.ContainsAnyExceptInRange((byte)'0', (byte)'9');
    }

    private Progress GoTo(Stage stage)
    {
        _stage = stage;
        return Progress.GoOn;
    }

    private Progress FailReplyBytes() =>
        Fail(RespErrorKind.TooLarge, $"a reply is over the limit of {limits.ReplyBytesMax} bytes");

    private Progress Fail(RespErrorKind kind, string what)
    {
        Check.That(_failure is null);
        _failure = new RespError(kind, "Protocol error in a reply: " + what);
        return Progress.Failed;
    }
}
