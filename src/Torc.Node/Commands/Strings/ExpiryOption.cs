using Torc.Protocols.Resp;

namespace Torc.Node.Commands.Strings;

/// <summary>How an expiry is given: its unit, and whether from now or since 1970.</summary>
internal enum ExpiryUnit
{
    None,
    Seconds,
    Milliseconds,
    UnixSeconds,
    UnixMilliseconds,
}

/// <summary>An expiry as an argument, and the deadline that it makes.</summary>
internal static class ExpiryOption
{
    /// <summary>No wall clock reads more (48 bits of milliseconds); with a margin of it no deadline overflows.</summary>
    private const long WallMsMax = 1L << 48;

    public static bool IsRelative(ExpiryUnit unit) => unit is ExpiryUnit.Seconds or ExpiryUnit.Milliseconds;

    /// <summary>The amount in milliseconds; false when it is out of range.</summary>
    public static bool TryMilliseconds(long amount, ExpiryUnit unit, out long ms)
    {
        ms = amount;
        bool seconds = unit is ExpiryUnit.Seconds or ExpiryUnit.UnixSeconds;
        if (seconds && amount is > long.MaxValue / 1000 or < long.MinValue / 1000)
            return false;
        if (seconds)
            ms = amount * 1000;
        return !IsRelative(unit) || ms <= long.MaxValue - WallMsMax;
    }

    /// <summary>The deadline in Unix milliseconds. Positive amounts only make positive deadlines.</summary>
    public static long Deadline(long ms, ExpiryUnit unit, Instant now) => IsRelative(unit) ? now.WallMs + ms : ms;

    /// <summary>Checks the amount of SET, SETEX and GETEX: an integer above zero and in range.</summary>
    public static bool CheckPositive(Request request, int index, ExpiryUnit unit, ByteWriter reply)
    {
        if (!ArgumentText.TryInteger(request.Arguments[index], out long amount))
        {
            reply.Error(CommandErrors.NotInteger);
            return false;
        }
        if (amount > 0 && TryMilliseconds(amount, unit, out _))
            return true;
        reply.Error(CommandErrors.InvalidExpiry(request.Spec));
        return false;
    }

    /// <summary>The deadline of an argument that <see cref="CheckPositive"/> accepted.</summary>
    public static long DeadlineOf(CommandBuffer arguments, int index, ExpiryUnit unit, Instant now)
    {
        bool valid = TryMilliseconds(ArgumentText.Integer(arguments[index]), unit, out long ms);
        Check.That(valid);
        return Deadline(ms, unit, now);
    }
}
