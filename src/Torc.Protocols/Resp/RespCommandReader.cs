using System.Diagnostics;
using Torc.Base;

namespace Torc.Protocols.Resp;

/// <summary>
/// Reads the commands of one connection: multibulk and inline, as Redis 7.2 does.
/// <code>
/// *3 CR LF  $3 CR LF SET CR LF  $1 CR LF k CR LF  $5 CR LF hello CR LF        multibulk
/// SET k "hello\n" CR LF                                                       inline; LF alone will do
/// </code>
/// It may be given its input in any pieces. Every byte is looked at once: what was read lives in the state below and in
/// the caller's <see cref="CommandBuffer"/>, which must be the same one until the command is complete. So a command costs
/// time linear in its length however it arrives, and memory in proportion to what has arrived, whatever it announces.
/// The outcome does not depend on where the input was cut. After an error the reader repeats that error.
/// </summary>
public sealed class RespCommandReader
{
    private enum Stage
    {
        Start,
        Inline,
        ArgumentCount,
        BulkMark,
        BulkLength,
        BulkBytes,
        BulkCarriageReturn,
        BulkLineFeed,
    }

    private enum Progress
    {
        GoOn,
        NeedMore,
        Command,
        Failed,
    }

    /// <summary><c>$0 CR LF CR LF</c>.</summary>
    private const int ShortestBulkBytes = 6;

    /// <summary><c>*1 CR LF</c>.</summary>
    private const int ShortestCountBytes = 4;

    /// <summary>At most this many digits are looked at ahead; fewer than <see cref="ShortestBulkBytes"/>, so they are in the input.</summary>
    private const int ShortLengthDigitsMax = 4;

    private Stage _stage;
    private NumberLine _number;
    private int _argumentsLeft;
    private int _bytesLeft;
    private RespError? _failure;

    /// <summary>True between commands: nothing of a next command has been read.</summary>
    public bool AtStart => _stage == Stage.Start && _failure is null;

    /// <summary>Forgets a command under way and any error, for use with another connection.</summary>
    public void Reset()
    {
        _stage = Stage.Start;
        _failure = null;
    }

    /// <summary>
    /// Takes bytes from the front of <paramref name="input"/> until one command is in <paramref name="into"/>, the input
    /// is used up, or it makes no sense. The first byte of a command clears the buffer. Empty commands are passed over.
    /// </summary>
    public ParseOutcome Read(ref ReadOnlySpan<byte> input, CommandBuffer into, RespLimits limits, out RespError? error)
    {
        while (_failure is null)
        {
            switch (Step(ref input, into, limits))
            {
                case Progress.GoOn:
                    break;
                case Progress.NeedMore:
                    error = null;
                    return ParseOutcome.NeedMore;
                case Progress.Command:
                    error = null;
                    return ParseOutcome.Command;
                case Progress.Failed:
                    into.Clear();
                    break;
            }
        }
        error = _failure;
        return ParseOutcome.Error;
    }

    private Progress Step(ref ReadOnlySpan<byte> input, CommandBuffer into, RespLimits limits) => _stage switch
    {
        _ when input.IsEmpty => Progress.NeedMore,
        Stage.Start => Start(ref input, into, limits),
        Stage.Inline => ReadInline(ref input, into, limits),
        Stage.ArgumentCount => ReadArgumentCount(ref input, limits),
        Stage.BulkMark => ReadArguments(ref input, into, limits),
        Stage.BulkLength => ReadBulkLength(ref input, into, limits),
        Stage.BulkBytes => ReadBulkBytes(ref input, into),
        Stage.BulkCarriageReturn => ReadBulkCarriageReturn(ref input),
        Stage.BulkLineFeed => ReadBulkLineFeed(ref input, into),
        _ => throw new UnreachableException(),
    };

    private Progress Start(ref ReadOnlySpan<byte> input, CommandBuffer into, RespLimits limits)
    {
        into.Clear();
        if (TryTakeShortCount(ref input, limits))
            return GoTo(Stage.BulkMark);
        if (input[0] != '*')
            return GoTo(Stage.Inline);
        input = input[1..];
        _number = default;
        return GoTo(Stage.ArgumentCount);
    }

    /// <summary>Takes a number of arguments that is one digit, which it nearly always is; anything else is left to the stages.</summary>
    private bool TryTakeShortCount(ref ReadOnlySpan<byte> input, RespLimits limits)
    {
        if (input.Length < ShortestCountBytes || input[0] != '*')
            return false;
        int count = input[1] - '0';
        if (count is < 1 or > 9 || count > limits.ArgumentsMax || input[2] != '\r' || input[3] != '\n')
            return false;
        _argumentsLeft = count;
        input = input[ShortestCountBytes..];
        return true;
    }

    private Progress ReadInline(ref ReadOnlySpan<byte> input, CommandBuffer into, RespLimits limits)
    {
        int lineFeed = input.IndexOf((byte)'\n');
        ReadOnlySpan<byte> part = lineFeed < 0 ? input : input[..lineFeed];
        // One byte over the limit may still be the CR of the line end, which does not count.
        int room = limits.InlineBytesMax + 1 - into.ArgumentBytes;
        if (part.Length > room)
            return Fail(RespErrors.TooBigInline);
        into.AppendPart(part, 0);
        input = input[(lineFeed < 0 ? part.Length : part.Length + 1)..];
        Span<byte> line = into.Unended();
        bool endsInCarriageReturn = line.Length > 0 && line[^1] == '\r';
        if (line.Length - (endsInCarriageReturn ? 1 : 0) > limits.InlineBytesMax)
            return Fail(RespErrors.TooBigInline);
        if (lineFeed < 0)
            return Progress.NeedMore;
        if (!InlineArguments.TrySplit(into))
            return Fail(RespErrors.UnbalancedQuotes);
        if (into.Count == 0)
            return GoTo(Stage.Start);
        return HttpRequest.IsRequestLine(into) ? Fail(RespErrors.CrossProtocol) : Complete(into);
    }

    private Progress ReadArgumentCount(ref ReadOnlySpan<byte> input, RespLimits limits)
    {
        switch (_number.Read(ref input, limits.InlineBytesMax))
        {
            case NumberLine.Outcome.NeedMore:
                return Progress.NeedMore;
            case NumberLine.Outcome.TooLong:
                return Fail(RespErrors.TooBigMultibulkCount);
            case NumberLine.Outcome.BadLineEnd when _number.TryGet(out _):
                return Fail(RespErrors.InvalidLineEnd);
        }
        if (!_number.TryGet(out long count) || count > int.MaxValue)
            return Fail(RespErrors.InvalidMultibulkLength);
        if (count > limits.ArgumentsMax)
            return Fail(limits.Authenticated
                ? RespErrors.TooManyArguments(count, limits.ArgumentsMax)
                : RespErrors.UnauthenticatedMultibulkLength);
        if (count <= 0)
            return GoTo(Stage.Start);
        _argumentsLeft = (int)count;
        return GoTo(Stage.BulkMark);
    }

    /// <summary>
    /// Takes the arguments that are short and wholly in the input, which is nearly all of them, without walking through
    /// the stages. Anything else, errors included, is left to the stages, which begin at the same byte.
    /// </summary>
    private Progress ReadArguments(ref ReadOnlySpan<byte> input, CommandBuffer into, RespLimits limits)
    {
        ReadOnlySpan<byte> rest = input;
        while (TryTakeShortBulk(ref rest, out ReadOnlySpan<byte> argument)
            && argument.Length <= limits.BulkBytesMax && FitsCommand(argument.Length, into, limits))
        {
            input = rest;
            into.Add(argument);
            if (--_argumentsLeft == 0)
                return Complete(into);
        }
        return input.IsEmpty ? Progress.NeedMore : ReadBulkMark(ref input);
    }

    private static bool TryTakeShortBulk(ref ReadOnlySpan<byte> input, out ReadOnlySpan<byte> bulk)
    {
        bulk = default;
        if (input.Length < ShortestBulkBytes || input[0] != '$')
            return false;
        uint length = (uint)(input[1] - '0');
        if (length > 9)
            return false;
        int index = 2;
        for (uint digit; index <= ShortLengthDigitsMax && (digit = (uint)(input[index] - '0')) <= 9; index++)
        {
            if (length == 0)
                return false;
            length = length * 10 + digit;
        }
        int start = index + 2;
        int end = start + (int)length;
        if (input.Length < end + 2 || !input[index..].StartsWith("\r\n"u8) || !input[end..].StartsWith("\r\n"u8))
            return false;
        bulk = input[start..end];
        input = input[(end + 2)..];
        return true;
    }

    private Progress ReadBulkMark(ref ReadOnlySpan<byte> input)
    {
        if (input[0] != '$')
            return Fail(RespErrors.ExpectedBulk(input[0]));
        input = input[1..];
        _number = default;
        return GoTo(Stage.BulkLength);
    }

    private Progress ReadBulkLength(ref ReadOnlySpan<byte> input, CommandBuffer into, RespLimits limits)
    {
        switch (_number.Read(ref input, limits.InlineBytesMax))
        {
            case NumberLine.Outcome.NeedMore:
                return Progress.NeedMore;
            case NumberLine.Outcome.TooLong:
                return Fail(RespErrors.TooBigBulkCount);
            case NumberLine.Outcome.BadLineEnd when _number.TryGet(out _):
                return Fail(RespErrors.InvalidLineEnd);
        }
        if (!_number.TryGet(out long length) || length < 0)
            return Fail(RespErrors.InvalidBulkLength);
        if (length > limits.BulkBytesMax)
            return Fail(limits.Authenticated
                ? RespErrors.BulkTooLong(length, limits.BulkBytesMax)
                : RespErrors.UnauthenticatedBulkLength);
        if (!FitsCommand(length, into, limits))
            return Fail(RespErrors.CommandTooLong(limits.CommandBytesMax));
        _bytesLeft = (int)length;
        return GoTo(_bytesLeft == 0 ? Stage.BulkCarriageReturn : Stage.BulkBytes);
    }

    private static bool FitsCommand(long length, CommandBuffer into, RespLimits limits) =>
        into.HeldBytes + length + CommandBuffer.ArgumentOverheadBytes <= limits.CommandBytesMax;

    private Progress ReadBulkBytes(ref ReadOnlySpan<byte> input, CommandBuffer into)
    {
        int length = Math.Min(input.Length, _bytesLeft);
        _bytesLeft -= length;
        into.AppendPart(input[..length], _bytesLeft);
        input = input[length..];
        return _bytesLeft > 0 ? Progress.NeedMore : GoTo(Stage.BulkCarriageReturn);
    }

    private Progress ReadBulkCarriageReturn(ref ReadOnlySpan<byte> input)
    {
        if (input[0] != '\r')
            return Fail(RespErrors.InvalidLineEnd);
        input = input[1..];
        return GoTo(Stage.BulkLineFeed);
    }

    private Progress ReadBulkLineFeed(ref ReadOnlySpan<byte> input, CommandBuffer into)
    {
        if (input[0] != '\n')
            return Fail(RespErrors.InvalidLineEnd);
        input = input[1..];
        into.EndArgument();
        _argumentsLeft--;
        return _argumentsLeft > 0 ? GoTo(Stage.BulkMark) : Complete(into);
    }

    private Progress Complete(CommandBuffer command)
    {
        Check.That(command.Count > 0);
        _stage = Stage.Start;
        return HttpRequest.IsAttack(command) ? Fail(RespErrors.CrossProtocol) : Progress.Command;
    }

    private Progress GoTo(Stage stage)
    {
        _stage = stage;
        return Progress.GoOn;
    }

    private Progress Fail(RespError error)
    {
        _failure = error;
        return Progress.Failed;
    }
}
