using Torc.Protocols.Resp;

namespace Torc.Node.Commands.Server;

/// <summary>A spec as COMMAND INFO and COMMAND DOCS show it.</summary>
internal static class CommandDescriptions
{
    private static readonly (CommandFlags Flag, string Name)[] FlagNames =
    [
        (CommandFlags.Write, "write"), (CommandFlags.ReadOnly, "readonly"), (CommandFlags.DenyOutOfMemory, "denyoom"), (CommandFlags.Admin, "admin"),
        (CommandFlags.NoScript, "noscript"), (CommandFlags.Loading, "loading"), (CommandFlags.Stale, "stale"), (CommandFlags.Fast, "fast"),
        (CommandFlags.NoAuth, "no_auth"), (CommandFlags.MovableKeys, "movablekeys"),
    ];

    /// <summary>COMMAND INFO's ten elements: name, arity, flags, first key, last key, step, categories, tips, key specifications, subcommands.</summary>
    public static void WriteInfo(ByteWriter reply, CommandSpec spec, RespProtocol protocol)
    {
        reply.ArrayHeader(10);
        reply.Bulk(spec.Name);
        reply.Integer(spec.Arity);
        WriteWords(reply, FlagNames.Where(flag => spec.Has(flag.Flag)).Select(flag => flag.Name), protocol);
        reply.Integer(spec.Keys.First);
        reply.Integer(spec.Keys.Last);
        reply.Integer(spec.Keys.Step);
        WriteWords(reply, spec.Categories.Select(category => "@" + category), protocol);
        reply.ArrayHeader(0);
        WriteKeySpecifications(reply, spec, protocol);
        reply.ArrayHeader(spec.Subcommands.Count);
        foreach (CommandSpec subcommand in spec.Subcommands)
            WriteInfo(reply, subcommand, protocol);
    }

    /// <summary>What happens to the keys, in the words of Redis' key specifications.</summary>
    public static IEnumerable<string> KeyFlags(CommandSpec spec)
    {
        if (!spec.IsWrite)
            return ["RO", "access"];
        if (spec.Name is "del" or "unlink")
            return ["RM", "delete"];
        bool readsFirst = spec.Kind == CommandKind.ReadModifyWrite || spec.KindFor is not null;
        return readsFirst ? ["RW", "access", "update"] : ["OW", "update"];
    }

    public static void WriteWords(ByteWriter reply, IEnumerable<string> words, RespProtocol protocol)
    {
        string[] all = [.. words];
        reply.SetHeader(all.Length, protocol);
        foreach (string word in all)
            reply.SimpleString(word);
    }

    /// <summary>A map, RESP2 clients get it flat: summary, since, group, complexity, arguments, subcommands.</summary>
    public static void WriteDocumentation(ByteWriter reply, CommandSpec spec, RespProtocol protocol)
    {
        IReadOnlyList<SyntaxArgument> arguments = SyntaxArgument.Parse(spec.Syntax);
        bool hasArguments = arguments.Count > 0 && spec.Subcommands.Count == 0;
        reply.MapHeader(4 + (hasArguments ? 1 : 0) + (spec.Subcommands.Count > 0 ? 1 : 0), protocol);
        WritePair(reply, "summary", spec.Summary);
        WritePair(reply, "since", spec.Since);
        WritePair(reply, "group", spec.Group);
        WritePair(reply, "complexity", spec.Complexity);
        if (hasArguments)
        {
            reply.Bulk("arguments"u8);
            WriteArguments(reply, arguments, protocol);
        }
        if (spec.Subcommands.Count == 0)
            return;
        reply.Bulk("subcommands"u8);
        reply.MapHeader(spec.Subcommands.Count, protocol);
        foreach (CommandSpec subcommand in spec.Subcommands)
        {
            reply.Bulk(subcommand.Name);
            WriteDocumentation(reply, subcommand, protocol);
        }
    }

    private static void WritePair(ByteWriter reply, string name, string value)
    {
        reply.Bulk(name);
        reply.Bulk(value);
    }

    private static void WriteArguments(ByteWriter reply, IReadOnlyList<SyntaxArgument> arguments, RespProtocol protocol)
    {
        reply.ArrayHeader(arguments.Count);
        foreach (SyntaxArgument argument in arguments)
        {
            bool hasFlags = argument.IsOptional || argument.IsMultiple;
            reply.MapHeader(2 + (argument.Token is null ? 0 : 1) + (hasFlags ? 1 : 0) + (argument.Parts.Count > 0 ? 1 : 0), protocol);
            WritePair(reply, "name", argument.Name);
            WritePair(reply, "type", argument.Type);
            if (argument.Token is not null)
                WritePair(reply, "token", argument.Token);
            if (hasFlags)
            {
                reply.Bulk("flags"u8);
                string[] flags = argument.IsOptional && argument.IsMultiple ? ["optional", "multiple"] : [argument.IsOptional ? "optional" : "multiple"];
                WriteWords(reply, flags, protocol);
            }
            if (argument.Parts.Count == 0)
                continue;
            reply.Bulk("arguments"u8);
            WriteArguments(reply, argument.Parts, protocol);
        }
    }

    private static void WriteKeySpecifications(ByteWriter reply, CommandSpec spec, RespProtocol protocol)
    {
        if (spec.Keys.First == 0)
        {
            reply.ArrayHeader(0);
            return;
        }
        reply.ArrayHeader(1);
        reply.MapHeader(3, protocol);
        reply.Bulk("flags"u8);
        WriteWords(reply, KeyFlags(spec), protocol);
        reply.Bulk("begin_search"u8);
        reply.MapHeader(2, protocol);
        WritePair(reply, "type", "index");
        reply.Bulk("spec"u8);
        reply.MapHeader(1, protocol);
        reply.Bulk("index"u8);
        reply.Integer(spec.Keys.First);
        reply.Bulk("find_keys"u8);
        reply.MapHeader(2, protocol);
        WritePair(reply, "type", "range");
        reply.Bulk("spec"u8);
        reply.MapHeader(3, protocol);
        reply.Bulk("lastkey"u8);
        reply.Integer(spec.Keys.Last < 0 ? spec.Keys.Last : spec.Keys.Last - spec.Keys.First);
        reply.Bulk("keystep"u8);
        reply.Integer(spec.Keys.Step);
        reply.Bulk("limit"u8);
        reply.Integer(0);
    }
}
