using Torc.Node.Commands.Strings;
using Torc.Protocols.Resp;

namespace Torc.Node.Commands.Keys;

/// <summary>Giving keys a deadline, taking it away, and asking for it. The coordinator's clock decides what has passed.</summary>
internal static class ExpiryCommands
{
    private const string ExpireSyntaxTail = " [NX | XX | GT | LT]";

    public static IEnumerable<CommandSpec> Specs =>
    [
        Expire("expire", "1.0.0", ExpiryUnit.Seconds, "key seconds", "Sets the expiration time of a key in seconds."),
        Expire("pexpire", "2.6.0", ExpiryUnit.Milliseconds, "key milliseconds", "Sets the expiration time of a key in milliseconds."),
        Expire("expireat", "1.2.0", ExpiryUnit.UnixSeconds, "key unix-time-seconds", "Sets the expiration time of a key to a Unix timestamp."),
        Expire("pexpireat", "2.6.0", ExpiryUnit.UnixMilliseconds, "key unix-time-milliseconds", "Sets the expiration time of a key to a Unix milliseconds timestamp."),
        new()
        {
            Name = "persist", Arity = 2, Kind = CommandKind.ReadModifyWrite, OnWrite = OnPersist,
            Flags = CommandFlags.Write | CommandFlags.Fast, Keys = KeyPositions.One, Categories = CategoryNames.KeyspaceWrite,
            Since = "2.2.0", Syntax = "key", Summary = "Removes the expiration time of a key.",
        },
        Ask("ttl", "1.0.0", OnTtl, "Returns the expiration time in seconds of a key."),
        Ask("pttl", "2.6.0", OnPttl, "Returns the expiration time in milliseconds of a key."),
        Ask("expiretime", "7.0.0", OnExpireTime, "Returns the expiration time of a key as a Unix timestamp."),
        Ask("pexpiretime", "7.0.0", OnPexpireTime, "Returns the expiration time of a key as a Unix milliseconds timestamp."),
    ];

    private static CommandSpec Expire(string name, string since, ExpiryUnit unit, string syntax, string summary) => new()
    {
        Name = name,
        Arity = -3,
        Kind = CommandKind.ReadModifyWrite,
        Check = (request, reply) => CheckExpire(request, unit, reply),
        OnWrite = (ref WriteContext context) => OnExpire(ref context, unit),
        Flags = CommandFlags.Write | CommandFlags.Fast,
        Keys = KeyPositions.One,
        Categories = CategoryNames.KeyspaceWrite,
        Since = since,
        Syntax = syntax + ExpireSyntaxTail,
        Summary = summary,
    };

    private static CommandSpec Ask(string name, string since, ReadHandler handler, string summary) => new()
    {
        Name = name,
        Arity = 2,
        Kind = CommandKind.Read,
        OnRead = handler,
        Flags = CommandFlags.ReadOnly | CommandFlags.Fast,
        Keys = KeyPositions.One,
        Categories = CategoryNames.KeyspaceRead,
        Since = since,
        Syntax = "key",
        Summary = summary,
    };

    [Flags]
    private enum Conditions
    {
        None = 0,
        IfNoExpiry = 1,
        IfExpiry = 2,
        IfLater = 4,
        IfEarlier = 8,
    }

    private static Conditions ConditionOf(ReadOnlySpan<byte> option)
    {
        if (option.Is("NX"u8))
            return Conditions.IfNoExpiry;
        if (option.Is("XX"u8))
            return Conditions.IfExpiry;
        if (option.Is("GT"u8))
            return Conditions.IfLater;
        return option.Is("LT"u8) ? Conditions.IfEarlier : Conditions.None;
    }

    private static Conditions ConditionsOf(CommandBuffer arguments)
    {
        var conditions = Conditions.None;
        for (int i = 3; i < arguments.Count; i++)
            conditions |= ConditionOf(arguments[i]);
        return conditions;
    }

    private static bool CheckExpire(Request request, ExpiryUnit unit, ByteWriter reply)
    {
        CommandBuffer arguments = request.Arguments;
        for (int i = 3; i < arguments.Count; i++)
        {
            if (ConditionOf(arguments[i]) != Conditions.None)
                continue;
            reply.Error($"ERR Unsupported option {arguments[i].Text()}");
            return false;
        }
        Conditions conditions = ConditionsOf(arguments);
        bool missing = (conditions & Conditions.IfNoExpiry) != 0;
        bool bothOrders = (conditions & Conditions.IfLater) != 0 && (conditions & Conditions.IfEarlier) != 0;
        if (missing && conditions != Conditions.IfNoExpiry)
            reply.Error("ERR NX and XX, GT or LT options at the same time are not compatible"u8);
        else if (bothOrders)
            reply.Error("ERR GT and LT options at the same time are not compatible"u8);
        else if (!ArgumentText.TryInteger(arguments[2], out long amount))
            reply.Error(CommandErrors.NotInteger);
        else if (!ExpiryOption.TryMilliseconds(amount, unit, out _))
            reply.Error(CommandErrors.InvalidExpiry(request.Spec));
        else
            return true;
        return false;
    }

    private static void OnExpire(ref WriteContext context, ExpiryUnit unit)
    {
        bool valid = ExpiryOption.TryMilliseconds(ArgumentText.Integer(context.Arguments[2]), unit, out long ms);
        Check.That(valid);
        long deadline = ExpiryOption.Deadline(ms, unit, context.Now);
        bool applies = context.IsLive && Applies(ConditionsOf(context.Arguments), context.Row.DeadlineMs, deadline);
        if (applies && deadline <= context.Now.WallMs)
            context.Delete();
        else if (applies)
            context.SetDeadline(deadline);
        context.Reply.Integer(applies ? 1 : 0);
    }

    /// <param name="current">0 when the key does not expire, which counts as later than any deadline.</param>
    private static bool Applies(Conditions conditions, long current, long deadline)
    {
        if ((conditions & Conditions.IfNoExpiry) != 0 && current != 0)
            return false;
        if ((conditions & Conditions.IfExpiry) != 0 && current == 0)
            return false;
        if ((conditions & Conditions.IfLater) != 0 && (current == 0 || deadline <= current))
            return false;
        return (conditions & Conditions.IfEarlier) == 0 || current == 0 || deadline < current;
    }

    private static void OnPersist(ref WriteContext context)
    {
        bool applies = context.IsLive && context.Row.HasDeadline;
        if (applies)
            context.SetDeadline(0);
        context.Reply.Integer(applies ? 1 : 0);
    }

    private static void OnTtl(in ReadContext context) => Answer(context, fromNow: true, inSeconds: true);

    private static void OnPttl(in ReadContext context) => Answer(context, fromNow: true, inSeconds: false);

    private static void OnExpireTime(in ReadContext context) => Answer(context, fromNow: false, inSeconds: true);

    private static void OnPexpireTime(in ReadContext context) => Answer(context, fromNow: false, inSeconds: false);

    private static void Answer(in ReadContext context, bool fromNow, bool inSeconds)
    {
        if (!context.IsLive)
        {
            context.Reply.Integer(-2);
            return;
        }
        if (!context.Row.HasDeadline)
        {
            context.Reply.Integer(-1);
            return;
        }
        long ms = context.Row.DeadlineMs - (fromNow ? context.Now.WallMs : 0);
        context.Reply.Integer(inSeconds ? ms / 1000 + (ms % 1000 >= 500 ? 1 : 0) : ms);
    }
}
