using System.Collections;
using System.CommandLine;
using Torc.Server.Settings;

namespace Torc.Server.CommandLine;

/// <summary>The settings of a node as options of a command. They are read as text here and checked in one place, by the table.</summary>
internal sealed class SettingOptions
{
    private readonly List<(Setting Setting, Option<string> Option)> _options = [];
    private readonly Option<string> _config = new("--config")
    {
        Description = "File with settings, one 'name = value' a line; # begins a comment. Also TORC_CONFIG.",
        HelpName = "FILE",
    };

    internal SettingOptions(Command command, params ReadOnlySpan<Setting> without)
    {
        command.Add(_config);
        foreach (Setting setting in SettingTable.All)
        {
            if (without.Contains(setting))
                continue;
            var option = new SettingOption(setting);
            if (setting.Alias.Length > 0)
                option.Aliases.Add("--" + setting.Alias);
            command.Add(option);
            _options.Add((setting, option));
        }
    }

    /// <summary>The options that the user gave, by setting name.</summary>
    internal Dictionary<string, string> Given(ParseResult parsed)
    {
        var given = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach ((Setting setting, Option<string> option) in _options)
        {
            if (parsed.GetResult(option) is { Implicit: false })
                given[setting.Name] = parsed.GetValue(option) ?? "";
        }
        return given;
    }

    internal string? ConfigFile(ParseResult parsed) => parsed.GetValue(_config);

    internal SettingValues Read(ParseResult parsed) => SettingSources.Read(Given(parsed), EnvironmentVariables(), ConfigFile(parsed));

    private static Dictionary<string, string> EnvironmentVariables()
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (DictionaryEntry entry in Environment.GetEnvironmentVariables())
            variables[(string)entry.Key] = (string?)entry.Value ?? "";
        return variables;
    }
}

/// <summary>The option that gives a setting of a node; other commands have options of the same names that mean something else.</summary>
internal sealed class SettingOption : Option<string>
{
    internal SettingOption(Setting setting)
        : base(setting.Option)
    {
        Setting = setting;
        Description = setting.Meaning;
        HelpName = "VALUE";
    }

    internal Setting Setting { get; }
}
