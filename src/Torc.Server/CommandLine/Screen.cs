using System.Globalization;
using Spectre.Console;

namespace Torc.Server.CommandLine;

/// <summary>Output for people: tables that are as wide as they need to be when they do not go to a terminal.</summary>
internal static class Screen
{
    private const int WidthWithoutTerminal = 200;

    internal static IAnsiConsole Console { get; } = Make();

    internal static Table Table(params ReadOnlySpan<string> columns)
    {
        var table = new Table().Border(TableBorder.Simple);
        foreach (string column in columns)
            table.AddColumn(new TableColumn(Markup.Escape(column)).NoWrap());
        return table;
    }

    internal static string Count(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    internal static string Bytes(long value)
    {
        string[] units = ["B", "KiB", "MiB", "GiB", "TiB"];
        double amount = value;
        int unit = 0;
        for (; amount >= 1024 && unit < units.Length - 1; unit++)
            amount /= 1024;
        return unit == 0 ? $"{value} B" : string.Create(CultureInfo.InvariantCulture, $"{amount:0.0} {units[unit]}");
    }

    /// <summary>What follows the replication factor where each data centre has its own: <c> (dc1:3,dc2:2)</c>.</summary>
    internal static string CopiesInEach(string copies) => copies.Contains(':', StringComparison.Ordinal) ? $" ({copies})" : "";

    internal static string State(string state) => state switch
    {
        "up" => "[green]up[/]",
        "down" => "[red]down[/]",
        _ => $"[yellow]{Markup.Escape(state)}[/]",
    };

    private static IAnsiConsole Make()
    {
        if (!System.Console.IsOutputRedirected)
            return AnsiConsole.Create(new AnsiConsoleSettings());
        IAnsiConsole plain = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = AnsiSupport.No,
            ColorSystem = ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
        });
        plain.Profile.Width = WidthWithoutTerminal;
        return plain;
    }
}
