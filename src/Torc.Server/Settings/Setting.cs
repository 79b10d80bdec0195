using System.Diagnostics.CodeAnalysis;

namespace Torc.Server.Settings;

/// <summary>
/// One setting of a node: the single description from which the option, the environment variable, the line of the
/// configuration file, the validation, the help, CONFIG GET and the documentation all come.
/// </summary>
/// <param name="Name">Lower-case words joined by hyphens; the option is <c>--name</c>.</param>
/// <param name="Default">The default as text a user could have written.</param>
/// <param name="Meaning">One sentence for a person.</param>
/// <param name="Range">What is accepted, in words, e.g. <c>1 to 65535</c>.</param>
/// <param name="Group">The heading it is listed under.</param>
public abstract record Setting(string Name, string Default, string Meaning, string Range, string Group)
{
    public const string EnvironmentPrefix = "TORC_";

    public string Option => "--" + Name;

    public string EnvironmentName => EnvironmentPrefix + Name.Replace('-', '_').ToUpperInvariant();

    /// <summary>Another name by which it can be given, or empty.</summary>
    public string Alias { get; init; } = "";

    /// <summary>A password: its value is not shown in messages.</summary>
    public bool IsSecret { get; init; }

    /// <summary>Reads the text of a user; null when it is not acceptable.</summary>
    public abstract object? Parse(string text);

    /// <summary>A value as CONFIG GET shows it.</summary>
    public abstract string Show(object value);
}

/// <summary>A setting whose values are <typeparamref name="T"/>.</summary>
public sealed record Setting<T>(
    string Name, string Default, string Meaning, string Range, string Group, SettingParser<T> Parser, Func<T, string> Printer)
    : Setting(Name, Default, Meaning, Range, Group)
    where T : notnull
{
    public override object? Parse(string text) => Parser(text, out T? value) ? value : null;

    public override string Show(object value) => Printer((T)value);
}

/// <summary>Reads a value as a user writes it.</summary>
public delegate bool SettingParser<T>(string text, [NotNullWhen(true)] out T? value);
