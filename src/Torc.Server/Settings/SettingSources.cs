namespace Torc.Server.Settings;

/// <summary>
/// Gathers what the user wrote. A setting given in several places is taken from the first of: command line,
/// environment, configuration file; else it has its default. Every place is checked, also where it is overruled, so
/// that a mistake does not lie in wait.
/// </summary>
public static class SettingSources
{
    public const string ConfigFileVariable = Setting.EnvironmentPrefix + "CONFIG";
    private const int ConfigFileBytesMax = 1 << 20;

    /// <param name="options">Options of the command line, by setting name.</param>
    /// <param name="environment">All environment variables; those with the prefix TORC_ count.</param>
    /// <param name="configFile">The path of --config, or null.</param>
    public static SettingValues Read(
        IReadOnlyDictionary<string, string> options, IReadOnlyDictionary<string, string> environment, string? configFile)
    {
        configFile ??= environment.GetValueOrDefault(ConfigFileVariable);
        var written = new Dictionary<string, WrittenValue>(StringComparer.Ordinal);
        if (!string.IsNullOrEmpty(configFile))
            AddFile(configFile, ReadLines(configFile), written);
        AddEnvironment(environment, written);
        foreach ((string name, string text) in options.OrderBy(static option => option.Key, StringComparer.Ordinal))
            Add(written, name, text, $"option --{name}");
        return SettingValues.From(written, configFile ?? "");
    }

    /// <summary>Lines <c>name = value</c>; blank lines and lines that begin with <c>#</c> say nothing.</summary>
    internal static void AddFile(string path, IEnumerable<string> lines, Dictionary<string, WrittenValue> written)
    {
        var seen = new Dictionary<string, int>(StringComparer.Ordinal);
        int number = 0;
        foreach (string line in lines)
        {
            number++;
            string trimmed = line.Trim();
            if (trimmed.Length == 0 || trimmed[0] == '#')
                continue;
            int equals = trimmed.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
                throw new SettingException($"{path}, line {number}: '{trimmed}' is not 'name = value'. Write it so, or begin the line with # to say nothing.");
            string name = trimmed[..equals].TrimEnd();
            if (!seen.TryAdd(name, number))
                throw new SettingException($"{path}, line {number}: {name} was already given in line {seen[name]}. Remove one of them.");
            Add(written, name, trimmed[(equals + 1)..].TrimStart(), $"{path}, line {number}");
        }
    }

    private static void AddEnvironment(IReadOnlyDictionary<string, string> environment, Dictionary<string, WrittenValue> written)
    {
        foreach ((string variable, string text) in environment.OrderBy(static pair => pair.Key, StringComparer.Ordinal))
        {
            if (!variable.StartsWith(Setting.EnvironmentPrefix, StringComparison.Ordinal) || variable == ConfigFileVariable)
                continue;
            string name = variable[Setting.EnvironmentPrefix.Length..].Replace('_', '-').ToLowerInvariant();
            // A name that is near to no setting's is somebody else's variable; one that is near is a mistake.
            if (IsServiceLink(variable, text) || (SettingTable.Find(name) is null && SettingTable.Nearest(name) is null))
                continue;
            Add(written, name, text, $"environment variable {variable}");
        }
    }

    /// <summary>
    /// Kubernetes puts TORC_SERVICE_HOST, TORC_PORT=tcp://..., TORC_PORT_6379_TCP and the like into every pod beside a
    /// service whose name begins with torc; they are not settings.
    /// </summary>
    private static bool IsServiceLink(string variable, string text) =>
        text.StartsWith("tcp://", StringComparison.Ordinal)
        || variable.Contains("_SERVICE_HOST", StringComparison.Ordinal)
        || variable.Contains("_SERVICE_PORT", StringComparison.Ordinal)
        || (variable.Contains("_PORT_", StringComparison.Ordinal) && variable.Contains("_TCP", StringComparison.Ordinal));

    private static void Add(Dictionary<string, WrittenValue> written, string name, string text, string place)
    {
        Setting setting = SettingTable.Find(name) ?? throw new SettingException(Unknown(name, place));
        object value = setting.Parse(text) ?? throw new SettingException(
            $"{name} ({place}) is '{(setting.IsSecret ? "..." : text)}'. Give {setting.Range}.");
        written[setting.Name] = new WrittenValue(value, place);
    }

    private static string Unknown(string name, string place)
    {
        string? nearest = SettingTable.Nearest(name);
        string advice = nearest is null ? "See 'torc serve --help' for all settings." : $"Did you mean {nearest}?";
        return $"there is no setting {name} ({place}). {advice}";
    }

    private static string[] ReadLines(string path)
    {
        try
        {
            var file = new FileInfo(path);
            if (!file.Exists)
                throw new SettingException($"config: the file {path} does not exist. Give --config an existing file, or leave it out.");
            if (file.Length > ConfigFileBytesMax)
                throw new SettingException($"config: {path} has {file.Length} bytes, which is no configuration file. Give another one.");
            return File.ReadAllLines(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new SettingException($"config: {path} cannot be read: {error.Message}");
        }
    }
}

/// <summary>A parsed value and where the user wrote it, for messages.</summary>
public readonly record struct WrittenValue(object Value, string Place);
