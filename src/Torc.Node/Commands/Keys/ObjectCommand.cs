using Torc.Protocols.Resp;

namespace Torc.Node.Commands.Keys;

/// <summary>OBJECT: what Redis would say of a value like this one. Values are rows here, not objects.</summary>
internal static class ObjectCommand
{
    private static readonly KeyPositions SecondArgument = new(2, 2, 1);

    /// <summary>Redis embeds strings up to this length in their object.</summary>
    private const int EmbeddedBytesMax = 44;

    public static IEnumerable<CommandSpec> Specs =>
    [
        new()
        {
            Name = "object", Arity = -2, Kind = CommandKind.Session, Categories = CategoryNames.Slow,
            Since = "2.2.3", Syntax = "<subcommand> [argument ...]", Summary = "A container for object introspection commands.",
            Subcommands =
            [
                Ask("encoding", OnEncoding, "Returns the internal encoding that Redis would use for the value."),
                Ask("freq", OnFrequency, "Returns the logarithmic access frequency counter: an error, since keys are not evicted by frequency."),
                Ask("idletime", OnIdleTime, "Returns the seconds since the last write of the key. Reads do not count here."),
                Ask("refcount", OnReferenceCount, "Returns the reference count of a value, which is 1."),
                HelpCommand.Make("object", "2.2.3", CategoryNames.Slow,
                [
                    "ENCODING <key>", "    Return the kind of internal representation used in order to store the value", "    associated with a <key>.",
                    "FREQ <key>", "    Return the access frequency index of the <key>: an error here.",
                    "IDLETIME <key>", "    Return the seconds since the last write of the <key>.",
                    "REFCOUNT <key>", "    Return the number of references of the value associated with the specified", "    <key>.",
                ]),
            ],
        },
    ];

    private static CommandSpec Ask(string name, ReadHandler handler, string summary) => new()
    {
        Name = "object|" + name,
        Arity = 3,
        Kind = CommandKind.Read,
        OnRead = handler,
        Flags = CommandFlags.ReadOnly,
        Keys = SecondArgument,
        Categories = CategoryNames.KeyspaceReadSlow,
        Since = "2.2.3",
        Syntax = "key",
        Summary = summary,
    };

    private static void OnEncoding(in ReadContext context)
    {
        if (!context.IsLive)
        {
            context.Reply.Null(context.Request.Protocol);
            return;
        }
        ReadOnlySpan<byte> value = context.Row.StringValue;
        if (ArgumentText.TryInteger(value, out _))
            context.Reply.Bulk("int"u8);
        else
            context.Reply.Bulk(value.Length <= EmbeddedBytesMax ? "embstr"u8 : "raw"u8);
    }

    private static void OnFrequency(in ReadContext context)
    {
        if (!context.IsLive)
            context.Reply.Null(context.Request.Protocol);
        else
            context.Reply.Error(
                "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust."u8);
    }

    private static void OnIdleTime(in ReadContext context)
    {
        if (!context.IsLive)
            context.Reply.Null(context.Request.Protocol);
        else
            context.Reply.Integer(Math.Max(context.Now.WallMs - context.Row.MaxVersion.WallMs, 0) / 1000);
    }

    private static void OnReferenceCount(in ReadContext context)
    {
        if (!context.IsLive)
            context.Reply.Null(context.Request.Protocol);
        else
            context.Reply.Integer(1);
    }
}
