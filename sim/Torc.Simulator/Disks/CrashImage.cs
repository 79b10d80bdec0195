using Torc.Base;

namespace Torc.Simulator.Disks;

/// <summary>A directory change that is not synced.</summary>
internal sealed record UnsyncedEntry(long Sequence, UnsyncedEntryKind Kind, string Name, string? NewName, FileContent? Content);

internal enum UnsyncedEntryKind
{
    Create,
    Rename,
    Delete,
}

/// <summary>
/// Builds one possible state of a disk after a power loss, out of durable state, unsynced changes and choices. Model: the
/// page cache writes any sector back at any time, so each sector holds its durable version or the version after any
/// one of the changes that touched it; sectors, file lengths and directory entries are independent
/// (<see cref="CrashMode.KeepSubset"/>) or stop at one time (<see cref="CrashMode.KeepPrefix"/>). This is stricter than
/// ext4 with ordered data on purpose: what survives it survives any POSIX file system.
/// </summary>
internal sealed class CrashImage
{
    /// <summary>One of this many changed sectors is torn, when tearing is on.</summary>
    private const int TornSectorOneIn = 4;

    private readonly CrashOptions _options;
    private readonly ICrashChoices _choices;
    private readonly long _cutSequence;
    private readonly Dictionary<FileContent, FileContent> _images = new(ReferenceEqualityComparer.Instance);

    private CrashImage(CrashOptions options, ICrashChoices choices, long cutSequence)
    {
        Check.That(options.SectorBytes is > 0 and <= SparsePages.PageBytes && SparsePages.PageBytes % options.SectorBytes == 0);
        _options = options;
        _choices = choices;
        _cutSequence = cutSequence;
    }

    /// <summary>The directory of the image: names to files whose content is durable.</summary>
    public static SortedDictionary<string, FileContent> Build(
        IReadOnlyDictionary<string, FileContent> durable,
        IReadOnlyList<UnsyncedEntry> entries,
        CrashOptions options,
        ICrashChoices choices)
    {
        long cut = long.MaxValue;
        if (options.Mode == CrashMode.KeepPrefix)
            cut = ChooseCut(durable, entries, choices);
        var image = new CrashImage(options, choices, cut);
        var names = new SortedDictionary<string, FileContent>(StringComparer.Ordinal);
        foreach ((string name, FileContent content) in durable)
            names[name] = content;
        foreach (UnsyncedEntry entry in entries)
        {
            if (image.Survives(entry))
                Apply(entry, names);
        }
        foreach (string name in names.Keys.ToArray())
            names[name] = image.ImageOf(names[name]);
        return names;
    }

    private static long ChooseCut(
        IReadOnlyDictionary<string, FileContent> durable, IReadOnlyList<UnsyncedEntry> entries, ICrashChoices choices)
    {
        var sequences = new SortedSet<long>();
        foreach (UnsyncedEntry entry in entries)
        {
            sequences.Add(entry.Sequence);
            foreach (UnsyncedChange change in entry.Content?.Unsynced ?? [])
                sequences.Add(change.Sequence);
        }
        foreach (FileContent content in durable.Values)
        {
            foreach (UnsyncedChange change in content.Unsynced)
                sequences.Add(change.Sequence);
        }
        int kept = choices.Below(sequences.Count + 1);
        return kept == sequences.Count ? long.MaxValue : sequences.ElementAt(kept);
    }

    private bool Survives(UnsyncedEntry entry) => _options.Mode switch
    {
        CrashMode.DropUnsynced => false,
        CrashMode.KeepAll => true,
        CrashMode.KeepPrefix => entry.Sequence < _cutSequence,
        _ => _choices.Below(2) == 1,
    };

    /// <summary>A change whose forerunner did not survive does nothing.</summary>
    private static void Apply(UnsyncedEntry entry, SortedDictionary<string, FileContent> names)
    {
        switch (entry.Kind)
        {
            case UnsyncedEntryKind.Create:
                names[entry.Name] = entry.Content!;
                break;
            case UnsyncedEntryKind.Delete:
                names.Remove(entry.Name);
                break;
            default:
                if (names.Remove(entry.Name, out FileContent? moved))
                    names[entry.NewName!] = moved;
                break;
        }
    }

    private FileContent ImageOf(FileContent content)
    {
        if (_images.TryGetValue(content, out FileContent? known))
            return known;
        FileContent image = _options.Mode switch
        {
            CrashMode.DropUnsynced => new FileContent(content.DurablePages.Share(), content.DurableLength),
            CrashMode.KeepAll => Prefix(content, long.MaxValue),
            CrashMode.KeepPrefix => Prefix(content, _cutSequence),
            _ => Subset(content),
        };
        _images.Add(content, image);
        return image;
    }

    /// <summary>The changes before the cut; the change at the cut may survive up to a sector (torn: byte) inside it.</summary>
    private FileContent Prefix(FileContent content, long cutSequence)
    {
        SparsePages pages = content.DurablePages.Share();
        long length = content.DurableLength;
        foreach (UnsyncedChange change in content.Unsynced)
        {
            if (change.Sequence < cutSequence)
            {
                length = change.LengthAfter;
                Overlay(pages, change, change.ByteCount);
            }
            else if (change.Sequence == cutSequence && change.Data is not null)
            {
                int unit = _options.TearSectors ? 1 : _options.SectorBytes;
                int boundaries = (int)((change.Offset + change.ByteCount - 1) / unit - change.Offset / unit);
                long kept = (change.Offset / unit + _choices.Below(boundaries + 1)) * unit - change.Offset;
                if (kept <= 0)
                    continue;
                length = Math.Max(length, change.Offset + kept);
                Overlay(pages, change, kept);
            }
        }
        return Cut(pages, length);
    }

    private FileContent Subset(FileContent content)
    {
        SparsePages pages = content.DurablePages.Share();
        var before = new byte[_options.SectorBytes];
        var after = new byte[_options.SectorBytes];
        foreach ((long sector, List<UnsyncedChange> changes) in ChangesBySector(content))
        {
            Version(content, sector, changes, _choices.Below(changes.Count + 1), before);
            if (_options.TearSectors && _choices.Below(TornSectorOneIn) == 0)
            {
                Version(content, sector, changes, _choices.Below(changes.Count + 1), after);
                int split = _choices.Below(_options.SectorBytes);
                after.AsSpan(split).CopyTo(before.AsSpan(split));
            }
            StoreSector(pages, sector, before);
        }
        List<long> lengths = [content.DurableLength];
        foreach (UnsyncedChange change in content.Unsynced)
        {
            if (!lengths.Contains(change.LengthAfter))
                lengths.Add(change.LengthAfter);
        }
        return Cut(pages, lengths[_choices.Below(lengths.Count)]);
    }

    /// <summary>For every sector whose bytes may differ from the durable ones: the changes that touched it, in order.</summary>
    private SortedDictionary<long, List<UnsyncedChange>> ChangesBySector(FileContent content)
    {
        int sectorBytes = _options.SectorBytes;
        var sectors = new SortedDictionary<long, List<UnsyncedChange>>();
        foreach (UnsyncedChange change in content.Unsynced)
        {
            if (change.ByteCount == 0)
                continue;
            long last = (change.Offset + change.ByteCount - 1) / sectorBytes;
            for (long sector = change.Offset / sectorBytes; sector <= last; sector++)
            {
                bool known = sectors.TryGetValue(sector, out List<UnsyncedChange>? changes);
                bool wasZero = !known && !content.DurablePages.Contains(sector * sectorBytes / SparsePages.PageBytes);
                if (change.Data is null && wasZero)
                    continue;
                if (changes is null)
                    sectors[sector] = changes = [];
                changes.Add(change);
            }
        }
        return sectors;
    }

    private void Version(FileContent content, long sector, List<UnsyncedChange> changes, int kept, byte[] into)
    {
        long offset = sector * _options.SectorBytes;
        content.DurablePages.Read(offset, into);
        for (int index = 0; index < kept; index++)
            changes[index].ApplyTo(offset, into);
    }

    private void StoreSector(SparsePages pages, long sector, byte[] bytes)
    {
        (long page, int start, _) = SparsePages.Piece(sector * _options.SectorBytes, bytes.Length);
        byte[] target = (byte[]?)pages.Find(page)?.Clone() ?? new byte[SparsePages.PageBytes];
        bytes.CopyTo(target.AsSpan(start));
        pages.Set(page, target);
    }

    private static void Overlay(SparsePages pages, UnsyncedChange change, long byteCount)
    {
        for (long done = 0; done < byteCount;)
        {
            (long page, int start, int count) = SparsePages.Piece(change.Offset + done, byteCount - done);
            if (change.Data is not null || pages.Contains(page))
            {
                byte[] target = (byte[]?)pages.Find(page)?.Clone() ?? new byte[SparsePages.PageBytes];
                change.ApplyTo(change.Offset + done, target.AsSpan(start, count));
                pages.Set(page, target);
            }
            done += count;
        }
    }

    /// <summary>Zeros what is beyond the length, as a file system shows it should the file grow again.</summary>
    private static FileContent Cut(SparsePages pages, long length)
    {
        pages.ClearFrom(length);
        return new FileContent(pages, length);
    }
}
