using System.Collections.Frozen;

namespace Torc.Node.Commands;

/// <summary>Every command by name, case-insensitively, without allocation. Built once from the families.</summary>
public sealed class CommandTable
{
    private const int NameBytesMax = 64;
    private readonly FrozenDictionary<string, CommandSpec> _byName;
    private readonly FrozenDictionary<string, CommandSpec>.AlternateLookup<ReadOnlySpan<char>> _lookup;

    public CommandTable(IEnumerable<CommandSpec> specs)
    {
        All = specs.OrderBy(spec => spec.Name, StringComparer.Ordinal).ToArray();
        foreach (CommandSpec spec in All)
        {
            Verify(spec);
            spec.Number = Count++;
            foreach (CommandSpec subcommand in spec.Subcommands)
                subcommand.Number = Count++;
        }
        _byName = All.ToFrozenDictionary(spec => spec.Name, StringComparer.Ordinal);
        _lookup = _byName.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    /// <summary>In order of name, internal ones included.</summary>
    public IReadOnlyList<CommandSpec> All { get; }

    /// <summary>Commands and subcommands.</summary>
    public int Count { get; private set; }

    public CommandSpec? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>Looks a command up by the name a client sent, in any case; null when there is none.</summary>
    public CommandSpec? Find(ReadOnlySpan<byte> name)
    {
        if (name.Length > NameBytesMax)
            return null;
        Span<char> lower = stackalloc char[NameBytesMax];
        for (int i = 0; i < name.Length; i++)
        {
            byte value = name[i];
            lower[i] = (char)(value is >= (byte)'A' and <= (byte)'Z' ? value | 0x20 : value);
        }
        return _lookup.TryGetValue(lower[..name.Length], out CommandSpec? spec) ? spec : null;
    }

    private static void Verify(CommandSpec spec)
    {
        Check.That(spec.Name == spec.Name.ToLowerInvariant() && spec.Name.Length <= NameBytesMax);
        bool handled = spec.Kind switch
        {
            CommandKind.Session => spec.OnSession is not null || spec.Subcommands.Count > 0,
            CommandKind.Read => spec.OnRead is not null,
            CommandKind.Write or CommandKind.ReadModifyWrite => spec.OnWrite is not null,
            CommandKind.Plan => spec.MakePlan is not null,
            _ => spec.Has(CommandFlags.Internal),
        };
        if (!handled)
            throw new InvariantException($"command {spec.Name} has no handler for its kind");
    }
}
