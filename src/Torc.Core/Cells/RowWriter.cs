namespace Torc.Core.Cells;

/// <summary>
/// Writes the rows and deltas that commands make: each method appends the encoded bytes to a buffer and returns the
/// row's greatest version, which travels beside them.
/// </summary>
public static class RowWriter
{
    /// <summary>A delete at any version: a base at max, without kind.</summary>
    internal static ReadOnlySpan<byte> TombstoneBytes => [RowCodec.BaseAtMax << RowCodec.BaseTagShift];

    /// <summary>DEL: covers everything up to and including <paramref name="version"/>.</summary>
    public static Version Tombstone(ByteWriter to, Version version)
    {
        Check.That(version.IsValid);
        to.Write(TombstoneBytes);
        return version;
    }

    /// <summary>SET: a new base, its string cell, and an expiry when <paramref name="deadlineMs"/> is not 0.</summary>
    public static Version String(ByteWriter to, Version version, ReadOnlySpan<byte> value, long deadlineMs)
    {
        Check.That(version.IsValid && deadlineMs >= 0);
        Version expiry = deadlineMs == 0 ? Version.None : version;
        RowCodec.WriteHead(to, new RowHead(version, version, RowKind.String, expiry, deadlineMs), isShort: true);
        to.Write(value);
        return version;
    }

    /// <summary>INCR, APPEND, SETRANGE: another value on the base that was read; the expiry stays as it is.</summary>
    public static Version StringCell(ByteWriter to, Version version, Version baseVersion, ReadOnlySpan<byte> value)
    {
        Check.That(version.IsValid && baseVersion.IsValid && baseVersion < version);
        RowCodec.WriteHead(to, new RowHead(version, baseVersion, RowKind.String, Version.None, 0), isShort: true);
        to.Write(value);
        return version;
    }

    /// <summary>EXPIRE of a row that had no deadline: only the expiry, on the base that was read.</summary>
    public static Version Expiry(ByteWriter to, Version version, Version baseVersion, RowKind kind, long deadlineMs)
    {
        Check.That(version.IsValid && baseVersion.IsValid && baseVersion < version && deadlineMs >= 0 && kind != RowKind.None);
        var head = new RowHead(version, baseVersion, kind, version, deadlineMs);
        bool isShort = RowCodec.IsShort(head, 0, false);
        RowCodec.WriteHead(to, head, isShort);
        if (!isShort)
            RowCodec.WriteVarint(to, 0);
        return version;
    }

    /// <summary>
    /// EXPIRE of a string that has a deadline, or PERSIST with deadline 0. Whoever takes the row that was read for expired makes it a <see cref="Collapsed"/> one, and may have
    /// done so already: the value comes along with a base of the least version that such a delete does not cover. All that was written over the value covers it as before.
    /// </summary>
    public static Version Renewed(ByteWriter to, Version version, in RowView row, long deadlineMs)
    {
        Version content = row.ContentVersion.Next;
        Check.That(version.IsValid && content < version && deadlineMs >= 0 && row.Kind == RowKind.String && row.HasStringCell);
        var head = new RowHead(version, content, RowKind.String, version, deadlineMs);
        RowCodec.WriteHead(to, head, isShort: false);
        RowCodec.WriteVarint(to, 1);
        RowCodec.WriteCell(to, head, new RowCell(RowKind.String, default, content, false, row.StringValue));
        return version;
    }

    /// <summary>
    /// What becomes of an expired row: a delete of what it holds, with the expiry that says so. It covers no version above what it holds, so that a row
    /// that was <see cref="Renewed"/> stays, in whatever order they meet.
    /// </summary>
    public static Version Collapsed(ByteWriter to, in RowView row)
    {
        RowHead head = row.Head;
        Version content = row.ContentVersion;
        if (head.Expiry <= content)
            return Tombstone(to, content);
        RowCodec.WriteHead(to, new RowHead(head.Expiry, content, RowKind.None, head.Expiry, head.DeadlineMs), isShort: true);
        return head.Expiry;
    }

    /// <summary>
    /// SET KEEPTTL: a new base and cell. A new base drops every older expiry, so the old deadline is stamped again
    /// with it; without a deadline this is a plain SET.
    /// </summary>
    public static Version StringKeepingExpiry(ByteWriter to, Version version, ReadOnlySpan<byte> value, in RowView replaced) =>
        String(to, version, value, replaced.HasDeadline ? replaced.DeadlineMs : 0);

    /// <summary>The row as it is; nothing for the absent row.</summary>
    public static Version Copy(ByteWriter to, in RowView row)
    {
        to.Write(row.Encoded);
        return row.MaxVersion;
    }

    /// <summary>The row with every value emptied: all that is needed to say whether a key exists, at the cost of a few bytes.</summary>
    public static Version CopyWithoutValues(ByteWriter to, in RowView row)
    {
        if (row.IsAbsent)
            return Version.None;
        RowHead head = row.Head;
        bool isShort = RowCodec.IsShort(head, row.CellCount, row.StringVersion == head.Max);
        RowCodec.WriteHead(to, head, isShort);
        if (isShort)
            return row.MaxVersion;
        RowCodec.WriteVarint(to, (ulong)row.CellCount);
        foreach (RowCell cell in row.Cells)
            RowCodec.WriteCell(to, head, new RowCell(cell.Kind, cell.SubKey, cell.Version, cell.IsTombstone, default));
        return row.MaxVersion;
    }
}
