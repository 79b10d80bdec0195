using System.Globalization;
using Torc.Storage.Disk;

namespace Torc.Storage.Segments;

/// <summary>What a file of a shard's directory is, by its name.</summary>
internal enum FileRole
{
    Unknown,

    /// <summary><c>segment-SEQUENCE.torc</c>: a part of the log.</summary>
    Segment,

    /// <summary><c>hint-SEQUENCE.torc</c>: what a sealed segment holds, without the rows. Can always be made again.</summary>
    Hint,

    /// <summary><c>spare-NUMBER.torc</c>: a file of a segment's size, whose content means nothing.</summary>
    Spare,

    /// <summary><c>roster.torc</c>, and the file that is to replace it: see <see cref="SegmentRoster"/>.</summary>
    Roster,

    /// <summary><c>reached.torc</c>: see <see cref="ReachedFile"/>.</summary>
    Reached,
}

/// <summary>Names of files: a role, then 16 hexadecimal digits, so that the order of names is the order of the log.</summary>
internal static class FileNames
{
    private const string SegmentPrefix = "segment-", HintPrefix = "hint-", SparePrefix = "spare-", Suffix = ".torc";
    private const int Digits = 16;

    public static string Segment(long sequence) => Name(SegmentPrefix, sequence);

    public static string Hint(long sequence) => Name(HintPrefix, sequence);

    public static string Spare(long number) => Name(SparePrefix, number);

    public static FileRole Parse(string name, out long number)
    {
        if (TryParse(name, SegmentPrefix, out number))
            return FileRole.Segment;
        if (TryParse(name, HintPrefix, out number))
            return FileRole.Hint;
        if (TryParse(name, SparePrefix, out number))
            return FileRole.Spare;
        if (name == ReachedFile.FileName)
            return FileRole.Reached;
        return name == SegmentRoster.FileName || name == ReplacedFile.TemporaryNameOf(SegmentRoster.FileName) ? FileRole.Roster : FileRole.Unknown;
    }

    private static string Name(string prefix, long number) =>
        prefix + number.ToString("x16", CultureInfo.InvariantCulture) + Suffix;

    private static bool TryParse(string name, string prefix, out long number)
    {
        number = 0;
        return name.Length == prefix.Length + Digits + Suffix.Length
            && name.StartsWith(prefix, StringComparison.Ordinal) && name.EndsWith(Suffix, StringComparison.Ordinal)
            && long.TryParse(name.AsSpan(prefix.Length, Digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out number)
            && number > 0 && Name(prefix, number) == name;
    }
}
