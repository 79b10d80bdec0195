using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Torc.Core.Placement;

namespace Torc.Server.Settings;

/// <summary>The kinds of value a setting may have: how each is written, checked and shown.</summary>
internal static class SettingTypes
{
    private static readonly (string Suffix, long Factor)[] SizeSuffixes =
    [
        ("kib", 1L << 10), ("mib", 1L << 20), ("gib", 1L << 30), ("tib", 1L << 40),
        ("kb", 1L << 10), ("mb", 1L << 20), ("gb", 1L << 30), ("tb", 1L << 40),
        ("k", 1_000), ("m", 1_000_000), ("g", 1_000_000_000), ("b", 1),
    ];

    internal static Setting<int> Number(string group, string name, int standard, int least, int most, string unit, string meaning) =>
        new(name, Text(standard), meaning, $"{least} to {most}{unit}", group,
            (string text, out int value) =>
                int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value) && value >= least && value <= most,
            static value => Text(value));

    /// <summary>Bytes, written as a number or with kb, mb, gb (powers of 1,024, as in redis.conf) or KiB, MiB, GiB.</summary>
    internal static Setting<long> Size(string group, string name, string standard, string least, string most, string meaning)
    {
        bool sound = TryParseSize(least, out long leastBytes) & TryParseSize(most, out long mostBytes);
        Base.Check.That(sound);
        return new Setting<long>(name, standard, meaning, $"{least} to {most}", group,
            (string text, out long value) => TryParseSize(text, out value) && value >= leastBytes && value <= mostBytes,
            static value => Text(value));
    }

    internal static Setting<T> Choice<T>(string group, string name, T standard, string meaning, params (string Word, T Value)[] choices)
        where T : struct, Enum
    {
        string WordOf(T value) => Array.Find(choices, choice => choice.Value.Equals(value)).Word;
        return new Setting<T>(name, WordOf(standard), meaning, string.Join(" | ", choices.Select(static choice => choice.Word)), group,
            (string text, out T value) =>
            {
                int index = Array.FindIndex(choices, choice => choice.Word.Equals(text, StringComparison.OrdinalIgnoreCase));
                value = index < 0 ? default : choices[index].Value;
                return index >= 0;
            },
            WordOf);
    }

    internal static Setting<string> Words(string group, string name, string standard, string range, string meaning, Predicate<string> accepts) =>
        new(name, standard, meaning, range, group,
            (string text, [NotNullWhen(true)] out string? value) =>
            {
                value = text;
                return accepts(text);
            },
            static value => value);

    internal static Setting<AddressList> Addresses(string group, string name, string meaning) =>
        new(name, "", meaning, "host:port,host:port,...", group, AddressList.TryParse, static value => value.ToString());

    /// <summary>A replication factor: one number, or one for each data centre.</summary>
    internal static Setting<CopiesWanted> Copies(string group, string name, string standard, string meaning) =>
        new(name, standard, meaning, CopiesWanted.Range, group,
            static (string text, [NotNullWhen(true)] out CopiesWanted? value) => CopiesWanted.TryParse(text, out value, out _),
            static value => value.ToString());

    internal static bool TryParseSize(string text, out long bytes)
    {
        string lower = text.Trim().ToLowerInvariant();
        long factor = 1;
        foreach ((string suffix, long suffixFactor) in SizeSuffixes)
        {
            if (!lower.EndsWith(suffix, StringComparison.Ordinal))
                continue;
            lower = lower[..^suffix.Length].TrimEnd();
            factor = suffixFactor;
            break;
        }
        bool sound = long.TryParse(lower, NumberStyles.None, CultureInfo.InvariantCulture, out bytes) && bytes <= long.MaxValue / factor;
        bytes = sound ? bytes * factor : 0;
        return sound;
    }

    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);
}
