using System.Globalization;
using Torc.Protocols.Resp;

namespace Torc.Node.Commands.Strings;

/// <summary>INCR and its kin: the number is the text of a string, as in Redis.</summary>
internal static class CounterCommands
{
    private const int IntegerBytesMax = 20;

    public static IEnumerable<CommandSpec> Specs =>
    [
        Counter("incr", 2, "1.0.0", "key", OnIncrement, null, "Increments the integer value of a key by one. Uses 0 as initial value if the key doesn't exist."),
        Counter("decr", 2, "1.0.0", "key", OnDecrement, null, "Decrements the integer value of a key by one. Uses 0 as initial value if the key doesn't exist."),
        Counter("incrby", 3, "1.0.0", "key increment", OnIncrementBy, CheckIncrement, "Increments the integer value of a key by a number. Uses 0 as initial value if the key doesn't exist."),
        Counter("decrby", 3, "1.0.0", "key decrement", OnDecrementBy, CheckDecrement, "Decrements a number from the integer value of a key. Uses 0 as initial value if the key doesn't exist."),
        Counter("incrbyfloat", 3, "2.6.0", "key increment", OnIncrementByFloat, CheckFloat, "Increments the floating point value of a key by a number. Uses 0 as initial value if the key doesn't exist."),
    ];

    private static CommandSpec Counter(string name, int arity, string since, string syntax, WriteHandler handler, ArgumentCheck? check, string summary) => new()
    {
        Name = name,
        Arity = arity,
        Kind = CommandKind.ReadModifyWrite,
        OnWrite = handler,
        Check = check,
        Flags = CommandFlags.Write | CommandFlags.DenyOutOfMemory | CommandFlags.Fast,
        Keys = KeyPositions.One,
        Categories = CategoryNames.StringWrite,
        Group = "string",
        Since = since,
        Syntax = syntax,
        Summary = summary + " A read-modify-write of a string: each counts once while the nodes agree who is healthy.",
    };

    private static bool CheckIncrement(Request request, ByteWriter reply)
    {
        bool valid = ArgumentText.TryInteger(request.Arguments[2], out _);
        if (!valid)
            reply.Error(CommandErrors.NotInteger);
        return valid;
    }

    private static bool CheckDecrement(Request request, ByteWriter reply)
    {
        if (!ArgumentText.TryInteger(request.Arguments[2], out long decrement))
        {
            reply.Error(CommandErrors.NotInteger);
            return false;
        }
        if (decrement != long.MinValue)
            return true;
        reply.Error("ERR decrement would overflow"u8);
        return false;
    }

    private static void OnIncrement(ref WriteContext context) => Add(ref context, 1);

    private static void OnDecrement(ref WriteContext context) => Add(ref context, -1);

    private static void OnIncrementBy(ref WriteContext context) => Add(ref context, ArgumentText.Integer(context.Arguments[2]));

    private static void OnDecrementBy(ref WriteContext context) => Add(ref context, -ArgumentText.Integer(context.Arguments[2]));

    private static void Add(ref WriteContext context, long increment)
    {
        if (!StringRow.TryValue(context.Row, context.IsLive, context.Reply, out ReadOnlySpan<byte> text))
            return;
        long old = 0;
        if (context.IsLive && !ArgumentText.TryInteger(text, out old))
        {
            context.Reply.Error(CommandErrors.NotInteger);
            return;
        }
        long sum = unchecked(old + increment);
        bool overflowed = ((old ^ sum) & (increment ^ sum)) < 0;
        if (overflowed)
        {
            context.Reply.Error("ERR increment or decrement would overflow"u8);
            return;
        }
        Span<byte> value = stackalloc byte[IntegerBytesMax];
        bool fits = sum.TryFormat(value, out int length, default, CultureInfo.InvariantCulture);
        Check.That(fits);
        context.UpdateString(value[..length]);
        context.Reply.Integer(sum);
    }

    private static bool CheckFloat(Request request, ByteWriter reply)
    {
        bool valid = ExtendedFloat.TryParse(request.Arguments[2], out _);
        if (!valid)
            reply.Error(CommandErrors.NotFloat);
        return valid;
    }

    private static void OnIncrementByFloat(ref WriteContext context)
    {
        if (!StringRow.TryValue(context.Row, context.IsLive, context.Reply, out ReadOnlySpan<byte> text))
            return;
        ExtendedFloat old = default;
        if (context.IsLive && !ExtendedFloat.TryParse(text, out old))
        {
            context.Reply.Error(CommandErrors.NotFloat);
            return;
        }
        bool valid = ExtendedFloat.TryParse(context.Arguments[2], out ExtendedFloat increment);
        Check.That(valid);
        ExtendedFloat sum = old + increment;
        if (!sum.IsFinite)
        {
            context.Reply.Error("ERR increment would produce NaN or Infinity"u8);
            return;
        }
        using var value = new ByteWriter();
        sum.Format(value);
        context.UpdateString(value.Written);
        context.Reply.Bulk(value.Written);
    }
}
