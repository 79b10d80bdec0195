using Torc.Storage.Disk;

namespace Torc.Storage.Segments;

/// <summary>What is done to segment files outside the lock.</summary>
internal static class SegmentFile
{
    /// <summary>
    /// Makes the file of a segment, out of a spare one when there is one, with its header synced: it may become active at any time. A
    /// crash on the way leaves a spare, an empty or a misnamed segment, which recovery tells apart by name and header.
    /// </summary>
    public static DiskOutcome Prepare(IDisk disk, string? spare, in SegmentHeader header, out IDiskFile? file)
    {
        string name = FileNames.Segment(header.Sequence);
        if (spare != null)
        {
            disk.Rename(spare, name);
            file = disk.Open(name);
        }
        else
        {
            DiskOutcome created = Make(disk, name, header.SegmentBytes, header.Durability, out file);
            if (created != DiskOutcome.Done)
                return created;
        }
        Span<byte> bytes = stackalloc byte[SegmentHeader.Bytes];
        header.Write(bytes);
        DiskOutcome written = file!.Write(0, bytes);
        if (written == DiskOutcome.Done)
        {
            file.Sync();
            disk.SyncDirectory();
            return DiskOutcome.Done;
        }
        file.Dispose();
        file = null;
        disk.Delete(name);
        return written;
    }

    /// <summary>Makes a file of a segment's size. Zeros are written ahead only where each flush group is synced: there they pay for themselves.</summary>
    public static DiskOutcome Make(IDisk disk, string name, long length, Durability durability, out IDiskFile? file) =>
        durability == Durability.Always ? disk.Create(name, length, out file) : disk.Allocate(name, length, out file);

    /// <summary>Fills the span from the file's start as far as it can be read; sectors that cannot be read become 0xFF, which no checksum accepts.</summary>
    public static void ReadLeniently(IDiskFile file, Span<byte> into)
    {
        const int SectorBytes = 4096;
        if (file.Read(0, into) == DiskOutcome.Done)
            return;
        for (int offset = 0; offset < into.Length; offset += SectorBytes)
        {
            Span<byte> sector = into.Slice(offset, Math.Min(SectorBytes, into.Length - offset));
            if (file.Read(offset, sector) != DiskOutcome.Done)
                sector.Fill(0xFF);
        }
    }
}
