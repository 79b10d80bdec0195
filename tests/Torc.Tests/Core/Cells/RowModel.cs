using Torc.Core.Cells;
using Version = Torc.Core.Clocks.Version;

namespace Torc.Tests.Core.Cells;

/// <summary>
/// The dumb twin of a row: plain sets of everything that was ever written, and an encoder made from the format page
/// without looking at the codec. Covered parts are dropped only when it is encoded.
/// </summary>
internal sealed record RowModel(
    IReadOnlyList<(Version Version, RowKind Kind)> Bases,
    IReadOnlyList<(Version Version, long DeadlineMs)> Expiries,
    IReadOnlyList<CellModel> Cells)
{
    public RowModel Union(RowModel other) =>
        new([.. Bases, .. other.Bases], [.. Expiries, .. other.Expiries], [.. Cells, .. other.Cells]);

    public (Version Version, RowKind Kind) Base => Bases.Count == 0 ? default
        : Bases.MaxBy(one => (one.Version.ToUInt128(), one.Kind == RowKind.None ? 100 : (int)one.Kind));

    public (Version Version, long DeadlineMs) Expiry =>
        Expiries.Where(one => Survives(one.Version)).OrderBy(one => (one.Version.ToUInt128(), one.DeadlineMs)).LastOrDefault();

    public List<CellModel> Surviving =>
        [.. Cells.Where(cell => Survives(cell.Version))
            .GroupBy(cell => (cell.Kind, cell.SubKey))
            .Select(place => place.OrderBy(cell => (cell.Version.ToUInt128(), cell.Value is null)).ThenBy(cell => cell.Value, StringComparer.Ordinal).Last())
            .OrderBy(cell => cell.Kind).ThenBy(cell => cell.SubKey, StringComparer.Ordinal)];

    public List<Version> Versions =>
        [.. new[] { Base.Version, Expiry.Version }.Concat(Surviving.Select(cell => cell.Version)).Where(version => !version.IsNone)];

    public EncodedRow Encode()
    {
        if (Versions.Count == 0)
            return EncodedRow.Absent;
        Version max = Versions.Max();
        (Version version, RowKind kind) = Base;
        var bytes = new List<byte>();
        int baseTag = version.IsNone ? 0 : version == max ? 1 : 2;
        int expiryTag = Expiry.Version.IsNone ? 0 : Expiry.Version == max ? 1 : Expiry.Version == version ? 2 : 3;
        List<CellModel> cells = Surviving;
        bool isShort = kind == RowKind.String
            ? cells.Count == 1 && cells[0].Kind == RowKind.String && cells[0].Version == max
            : cells.Count == 0;
        bytes.Add((byte)((int)kind + baseTag * 8 + expiryTag * 32 + (isShort ? 0 : 128)));
        if (baseTag == 2)
            Put(bytes, version);
        if (expiryTag == 3)
            Put(bytes, Expiry.Version);
        if (expiryTag != 0)
            PutNumber(bytes, Expiry.DeadlineMs);
        if (!isShort)
            PutNumber(bytes, cells.Count);
        foreach (CellModel cell in cells)
        {
            if (isShort)
                bytes.AddRange(cell.Value!.Select(one => (byte)one));
            else
                Put(bytes, cell, max, version);
        }
        return new EncodedRow(max, [.. bytes]);
    }

    private bool Survives(Version version) => Base.Kind == RowKind.None ? version > Base.Version : version >= Base.Version;

    private static void Put(List<byte> bytes, CellModel cell, Version max, Version baseVersion)
    {
        int tag = cell.Version == max ? 0 : cell.Version == baseVersion ? 1 : 2;
        bytes.Add((byte)((int)cell.Kind + (cell.Value is null ? 8 : 0) + tag * 16));
        if (tag == 2)
            Put(bytes, cell.Version);
        PutNumber(bytes, cell.SubKey.Length);
        bytes.AddRange(cell.SubKey.Select(one => (byte)one));
        if (cell.Value is null)
            return;
        PutNumber(bytes, cell.Value.Length);
        bytes.AddRange(cell.Value.Select(one => (byte)one));
    }

    private static void Put(List<byte> bytes, Version version)
    {
        bytes.AddRange(BitConverter.GetBytes(version.Stamp));
        bytes.AddRange(BitConverter.GetBytes(version.ActorValue));
    }

    private static void PutNumber(List<byte> bytes, long number)
    {
        while (number > 127)
        {
            bytes.Add((byte)(number % 128 + 128));
            number /= 128;
        }
        bytes.Add((byte)number);
    }
}

/// <summary>One written cell; value null is a tombstone.</summary>
internal sealed record CellModel(RowKind Kind, string SubKey, Version Version, string? Value);
