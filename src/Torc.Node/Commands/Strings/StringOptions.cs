using Torc.Protocols.Resp;

namespace Torc.Node.Commands.Strings;

/// <summary>The options of SET and GETEX, in any order and letter case.</summary>
internal struct StringOptions
{
    public bool IfMissing;
    public bool IfPresent;
    public bool Get;
    public bool KeepExpiry;
    public bool Persist;
    public ExpiryUnit Unit;

    /// <summary>Where the expiry's amount stands among the arguments.</summary>
    public int ExpiryIndex;

    public readonly bool NeedsOldValue => IfMissing || IfPresent || Get || KeepExpiry;

    public readonly bool HasExpiry => Unit != ExpiryUnit.None;

    /// <summary>The deadline that the options ask for, 0 without one.</summary>
    public readonly long DeadlineMs(CommandBuffer arguments, Instant now) =>
        HasExpiry ? ExpiryOption.DeadlineOf(arguments, ExpiryIndex, Unit, now) : 0;

    /// <summary>False for an unknown option, or two that exclude each other.</summary>
    public static bool TryParse(CommandBuffer arguments, int from, bool forGetEx, out StringOptions options)
    {
        options = default;
        for (int i = from; i < arguments.Count; i++)
        {
            ReadOnlySpan<byte> option = arguments[i];
            ExpiryUnit unit = UnitOf(option);
            if (unit != ExpiryUnit.None)
            {
                if (options.HasExpiry || options.KeepExpiry || options.Persist || i + 1 == arguments.Count)
                    return false;
                options.Unit = unit;
                options.ExpiryIndex = ++i;
            }
            else if (forGetEx ? !options.TakeGetExWord(option) : !options.TakeSetWord(option))
            {
                return false;
            }
        }
        return true;
    }

    /// <summary>The options of arguments that <see cref="TryParse"/> accepted.</summary>
    public static StringOptions Of(CommandBuffer arguments, int from, bool forGetEx)
    {
        bool valid = TryParse(arguments, from, forGetEx, out StringOptions options);
        Check.That(valid);
        return options;
    }

    private bool TakeGetExWord(ReadOnlySpan<byte> option)
    {
        Persist = option.Is("PERSIST"u8);
        return Persist && !HasExpiry;
    }

    private bool TakeSetWord(ReadOnlySpan<byte> option)
    {
        if (option.Is("NX"u8) && !IfPresent)
            IfMissing = true;
        else if (option.Is("XX"u8) && !IfMissing)
            IfPresent = true;
        else if (option.Is("GET"u8))
            Get = true;
        else if (option.Is("KEEPTTL"u8) && !HasExpiry)
            KeepExpiry = true;
        else
            return false;
        return true;
    }

    private static ExpiryUnit UnitOf(ReadOnlySpan<byte> option)
    {
        if (option.Is("EX"u8))
            return ExpiryUnit.Seconds;
        if (option.Is("PX"u8))
            return ExpiryUnit.Milliseconds;
        if (option.Is("EXAT"u8))
            return ExpiryUnit.UnixSeconds;
        return option.Is("PXAT"u8) ? ExpiryUnit.UnixMilliseconds : ExpiryUnit.None;
    }
}
