using System.Text;
using Torc.Protocols.Resp;

namespace Torc.Node.Commands;

/// <summary>Redis's command flags (COMMAND INFO) that apply to Torc.</summary>
[Flags]
public enum CommandFlags
{
    None = 0,
    ReadOnly = 1 << 0,
    Write = 1 << 1,
    DenyOutOfMemory = 1 << 2,
    Admin = 1 << 3,
    NoScript = 1 << 4,
    Fast = 1 << 5,
    Loading = 1 << 6,
    Stale = 1 << 7,

    /// <summary>May be called before AUTH.</summary>
    NoAuth = 1 << 8,
    MovableKeys = 1 << 9,

    /// <summary>Not to be called by clients; used by plans.</summary>
    Internal = 1 << 10,
}

/// <summary>Where the keys stand among the arguments, as COMMAND reports it; First 0: no keys. Last -1: to the end.</summary>
public readonly record struct KeyPositions(int First, int Last, int Step)
{
    public static readonly KeyPositions None = new(0, 0, 0);
    public static readonly KeyPositions One = new(1, 1, 1);
    public static readonly KeyPositions All = new(1, -1, 1);
}

public delegate void SessionHandler(in SessionContext context);

public delegate void ReadHandler(in ReadContext context);

public delegate void WriteHandler(ref WriteContext context);

/// <summary>Checks arguments before anything is read or routed: writes an error reply and returns false when they are wrong.</summary>
public delegate bool ArgumentCheck(Request request, ByteWriter reply);

/// <summary>
/// One command: everything that COMMAND, COMMAND DOCS, routing, access control and the documentation table say about
/// it comes from this description. A command family is one static class that returns its specs; see <see cref="CommandTable"/>.
/// </summary>
public sealed record CommandSpec
{
    /// <summary>Its place in counters, subcommands included; given by the table.</summary>
    public int Number { get; internal set; }

    /// <summary>Lower case, as Redis prints it; a subcommand is "container|sub".</summary>
    public required string Name { get; init; }

    /// <summary>The name as plans send it.</summary>
    public byte[] NameBytes => field ??= Encoding.ASCII.GetBytes(Name);

    /// <summary>Number of arguments with the name; negative: at least that many.</summary>
    public required int Arity { get; init; }

    public required CommandKind Kind { get; init; }

    public CommandFlags Flags { get; init; }

    public KeyPositions Keys { get; init; }

    /// <summary>ACL categories without the @: "read", "string", "fast".</summary>
    public IReadOnlyList<string> Categories { get; init; } = [];

    /// <summary>COMMAND DOCS: what it does, what it promises in a cluster, since which Redis version, cost, group.</summary>
    public required string Summary { get; init; }

    public string Since { get; init; } = "1.0.0";

    public string Group { get; init; } = "generic";

    public string Complexity { get; init; } = "O(1)";

    /// <summary>The arguments as a usage line, for COMMAND DOCS and the documentation table: "key value [NX | XX]".</summary>
    public string Syntax { get; init; } = "";

    public IReadOnlyList<CommandSpec> Subcommands { get; init; } = [];

    public SessionHandler? OnSession { get; init; }

    public ReadHandler? OnRead { get; init; }

    /// <summary>The handler of <see cref="CommandKind.Write"/> and <see cref="CommandKind.ReadModifyWrite"/>. It may be
    /// called again with a later stamp when another write won, so it must not remember anything.</summary>
    public WriteHandler? OnWrite { get; init; }

    public Func<CommandPlan>? MakePlan { get; init; }

    public ArgumentCheck? Check { get; init; }

    /// <summary>For commands whose options change what they need: SET without options is a Write, SET NX is not.</summary>
    public Func<CommandBuffer, CommandKind>? KindFor { get; init; }

    public bool Has(CommandFlags flag) => (Flags & flag) != 0;

    public bool IsWrite => Has(CommandFlags.Write);

    /// <summary>The subcommand that a client named, in any letter case; null when there is none.</summary>
    public CommandSpec? FindSubcommand(ReadOnlySpan<byte> name)
    {
        foreach (CommandSpec subcommand in Subcommands)
        {
            if (Ascii.EqualsIgnoreCase(name, subcommand.Name.AsSpan(Name.Length + 1)))
                return subcommand;
        }
        return null;
    }

    public bool AcceptsArgumentCount(int count) => Arity >= 0 ? count == Arity : count >= -Arity;
}
