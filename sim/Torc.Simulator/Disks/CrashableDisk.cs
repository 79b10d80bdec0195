using Torc.Base;
using Torc.Storage.Disk;

namespace Torc.Simulator.Disks;

/// <summary>
/// An <see cref="IDisk"/> in memory that can lose power: writes, length changes, creations, renames and deletions that
/// were not synced are kept apart, and <see cref="Crash"/> decides which of them the disk holds afterwards (see
/// <see cref="CrashImage"/> for the model). <see cref="CrashClone"/> and <see cref="CrashClones"/> give possible
/// post-crash disks and leave this one as it is, so that a test can look at many futures of one moment. It also fills up,
/// flips bits, and fails syncs and reads on demand. Single-threaded; the same calls and seed give the same bytes.
/// </summary>
public sealed class CrashableDisk : IDisk
{
    private readonly SortedDictionary<string, FileContent> _names = new(StringComparer.Ordinal);
    private readonly List<UnsyncedEntry> _unsyncedEntries = [];
    private readonly List<(FileContent Content, long Offset, long ByteCount)> _unreadable = [];
    private SortedDictionary<string, FileContent> _durableNames = new(StringComparer.Ordinal);
    private long _sequence;
    private long _usedBytes;
    private int _syncsUntilFailure = int.MaxValue;
    private int _readsUntilFailure = int.MaxValue;
    private int _failingReads;

    public CrashableDisk(long capacityBytes = long.MaxValue) => CapacityBytes = capacityBytes;

    /// <summary>May be changed at any time; below what is in use nothing is lost, but nothing grows either.</summary>
    public long CapacityBytes { get; set; }

    public long FreeBytes => Math.Max(0, CapacityBytes - _usedBytes);

    public DiskCalls Calls { get; private set; }

    /// <summary>Called before each call that changes the disk or makes a change durable: the place to take crash clones.</summary>
    public Action<CrashableDisk>? BeforeMutation { get; set; }

    /// <summary>Syncs of files say they are done and do nothing, as broken disks do: to see that checkers notice.</summary>
    public bool SyncsAreLies { get; init; }

    /// <summary>Rises when the handles die.</summary>
    internal int Generation { get; private set; }

    public IReadOnlyList<DiskFileInfo> List() =>
        _names.Select(pair => new DiskFileInfo(pair.Key, pair.Value.Length)).ToArray();

    public IDiskFile Open(string name)
    {
        if (!_names.TryGetValue(name, out FileContent? content))
            throw new DiskFailedException($"no file '{name}'");
        return new CrashableFile(this, content, Generation);
    }

    public DiskOutcome Create(string name, long length, out IDiskFile? file)
    {
        Check.That(length >= 0);
        BeforeMutation?.Invoke(this);
        Calls = Calls with { Creates = Calls.Creates + 1 };
        file = null;
        if (_names.ContainsKey(name))
            throw new DiskFailedException($"file '{name}' is there already");
        if (length > FreeBytes)
            return DiskOutcome.Full;
        var content = new FileContent();
        _names.Add(name, content);
        _unsyncedEntries.Add(new UnsyncedEntry(_sequence++, UnsyncedEntryKind.Create, name, null, content));
        if (length > 0)
            content.SetLength(_sequence++, length);
        _usedBytes += length;
        file = new CrashableFile(this, content, Generation);
        return DiskOutcome.Done;
    }

    public void Rename(string from, string to)
    {
        BeforeMutation?.Invoke(this);
        Calls = Calls with { Renames = Calls.Renames + 1 };
        if (!_names.Remove(from, out FileContent? content))
            throw new DiskFailedException($"no file '{from}'");
        if (from != to && _names.Remove(to, out FileContent? replaced))
            Unlink(replaced);
        _names[to] = content;
        _unsyncedEntries.Add(new UnsyncedEntry(_sequence++, UnsyncedEntryKind.Rename, from, to, content));
    }

    public void Delete(string name)
    {
        BeforeMutation?.Invoke(this);
        Calls = Calls with { Deletes = Calls.Deletes + 1 };
        if (!_names.Remove(name, out FileContent? content))
            throw new DiskFailedException($"no file '{name}'");
        Unlink(content);
        _unsyncedEntries.Add(new UnsyncedEntry(_sequence++, UnsyncedEntryKind.Delete, name, null, content));
    }

    public void SyncDirectory()
    {
        BeforeMutation?.Invoke(this);
        Calls = Calls with { DirectorySyncs = Calls.DirectorySyncs + 1 };
        FailSyncWhenDue();
        _durableNames = new SortedDictionary<string, FileContent>(_names, StringComparer.Ordinal);
        _unsyncedEntries.Clear();
    }

    /// <summary>Power loss: this disk becomes one of the possible images; all handles die, planned failures are forgotten.</summary>
    public void Crash(SeededRandom random, CrashOptions options)
    {
        SortedDictionary<string, FileContent> image = Image(options, new RandomChoices(random));
        Restart();
        Adopt(image);
    }

    /// <summary>The process died but the machine did not: handles die, the page cache and all that is unsynced stay.</summary>
    public void Restart()
    {
        Generation++;
        _syncsUntilFailure = int.MaxValue;
        _readsUntilFailure = int.MaxValue;
        _usedBytes = 0;
        foreach (FileContent content in _names.Values)
        {
            content.OpenHandles = 0;
            _usedBytes += content.Length;
        }
    }

    /// <summary>A possible post-crash disk; this one goes on untouched.</summary>
    public CrashableDisk CrashClone(SeededRandom random, CrashOptions options) => Clone(Image(options, new RandomChoices(random)));

    /// <summary>
    /// Every possible post-crash disk, once per sequence of choices; fails when there are more than
    /// <paramref name="imagesMax"/>. The disk must not change while this is enumerated.
    /// </summary>
    public IEnumerable<CrashableDisk> CrashClones(CrashOptions options, int imagesMax = 65536)
    {
        var choices = new ExhaustiveChoices();
        int images = 0;
        do
        {
            Check.That(++images <= imagesMax);
            yield return Clone(Image(options, choices));
        } while (choices.Next());
    }

    /// <summary>Inverts <paramref name="count"/> random bits of [offset, offset + byteCount) of a file, on the medium and in the cache.</summary>
    public void FlipBits(string name, long offset, long byteCount, int count, SeededRandom random)
    {
        FileContent content = _names[name];
        Check.That(offset >= 0 && byteCount > 0 && offset + byteCount <= content.Length);
        for (int flipped = 0; flipped < count; flipped++)
            content.FlipBit(random.Between(offset, offset + byteCount), random.Below(8));
    }

    /// <summary>
    /// The sync (of a file or of the directory) after <paramref name="successesBefore"/> more throws. What it should have made
    /// durable stays visible and is lost at the next power loss, even when a later sync says it is done: as on Linux.
    /// </summary>
    public void FailNextSync(int successesBefore = 0) => _syncsUntilFailure = successesBefore;

    /// <summary>The reads after <paramref name="successesBefore"/> more say <see cref="DiskOutcome.ReadFailed"/>, so many times.</summary>
    public void FailNextReads(int count, int successesBefore = 0)
    {
        _failingReads = count;
        _readsUntilFailure = successesBefore;
    }

    /// <summary>Every read that touches the range fails until <see cref="HealReads"/> or a power loss.</summary>
    public void FailReads(string name, long offset, long byteCount) => _unreadable.Add((_names[name], offset, byteCount));

    public void HealReads()
    {
        _unreadable.Clear();
        _readsUntilFailure = int.MaxValue;
    }

    /// <summary>Reads of a checker: they meet no planned failure and are not counted.</summary>
    public void ReadAside(Action reads)
    {
        (int until, DiskCalls calls) = (_readsUntilFailure, Calls);
        _readsUntilFailure = int.MaxValue;
        reads();
        (_readsUntilFailure, Calls) = (until, calls);
    }

    /// <summary>Takes back a failure of a sync that has not come yet.</summary>
    public void HealSyncs() => _syncsUntilFailure = int.MaxValue;

    /// <summary>Memory taken by file contents; zero pages take none.</summary>
    public long ResidentBytes => AllContents().Sum(content => (long)content.LivePages.Count * SparsePages.PageBytes);

    internal DiskOutcome Write(FileContent content, long offset, ReadOnlySpan<byte> data)
    {
        Check.That(offset >= 0);
        BeforeMutation?.Invoke(this);
        long growth = Math.Max(0, offset + data.Length - content.Length);
        bool full = growth > FreeBytes;
        if (full)
        {
            growth = FreeBytes;
            long fits = Math.Max(0, content.Length + growth - offset);
            data = data[..(int)Math.Min(data.Length, fits)];
            growth = Math.Max(0, offset + data.Length - content.Length);
        }
        if (!data.IsEmpty)
            content.Write(_sequence++, offset, data);
        _usedBytes += data.IsEmpty ? 0 : growth;
        Calls = Calls with { Writes = Calls.Writes + 1, BytesWritten = Calls.BytesWritten + data.Length };
        return full ? DiskOutcome.Full : DiskOutcome.Done;
    }

    internal DiskOutcome Read(FileContent content, long offset, Span<byte> into)
    {
        Calls = Calls with { Reads = Calls.Reads + 1, BytesRead = Calls.BytesRead + into.Length };
        bool due = _readsUntilFailure == 0;
        if (due)
            _readsUntilFailure = --_failingReads > 0 ? 0 : int.MaxValue;
        else if (_readsUntilFailure != int.MaxValue)
            _readsUntilFailure--;
        if (due || offset < 0 || offset + into.Length > content.Length || TouchesUnreadable(content, offset, into.Length))
            return DiskOutcome.ReadFailed;
        content.LivePages.Read(offset, into);
        return DiskOutcome.Done;
    }

    internal void Sync(FileContent content)
    {
        BeforeMutation?.Invoke(this);
        Calls = Calls with { Syncs = Calls.Syncs + 1 };
        if (_syncsUntilFailure == 0)
            content.ForgetUnsynced();
        FailSyncWhenDue();
        if (!SyncsAreLies)
            content.Sync();
    }

    internal DiskOutcome SetLength(FileContent content, long length)
    {
        Check.That(length >= 0);
        BeforeMutation?.Invoke(this);
        Calls = Calls with { Writes = Calls.Writes + 1 };
        long growth = length - content.Length;
        if (growth > FreeBytes)
            return DiskOutcome.Full;
        content.SetLength(_sequence++, length);
        _usedBytes += growth;
        return DiskOutcome.Done;
    }

    internal void Release(FileContent content)
    {
        content.OpenHandles--;
        if (!content.IsLinked && content.OpenHandles == 0)
            _usedBytes -= content.Length;
    }

    private void Unlink(FileContent content)
    {
        content.IsLinked = false;
        if (content.OpenHandles == 0)
            _usedBytes -= content.Length;
    }

    private void FailSyncWhenDue()
    {
        if (_syncsUntilFailure == int.MaxValue)
            return;
        if (_syncsUntilFailure-- > 0)
            return;
        _syncsUntilFailure = int.MaxValue;
        throw new DiskFailedException("sync failed (EIO)");
    }

    private bool TouchesUnreadable(FileContent content, long offset, int byteCount)
    {
        foreach ((FileContent bad, long start, long count) in _unreadable)
        {
            if (ReferenceEquals(bad, content) && offset < start + count && start < offset + byteCount)
                return true;
        }
        return false;
    }

    private HashSet<FileContent> AllContents()
    {
        var contents = new HashSet<FileContent>(ReferenceEqualityComparer.Instance);
        contents.UnionWith(_names.Values);
        contents.UnionWith(_durableNames.Values);
        return contents;
    }

    private SortedDictionary<string, FileContent> Image(CrashOptions options, ICrashChoices choices) =>
        CrashImage.Build(_durableNames, _unsyncedEntries, options, choices);

    private CrashableDisk Clone(SortedDictionary<string, FileContent> image)
    {
        var clone = new CrashableDisk(CapacityBytes);
        clone.Adopt(image);
        return clone;
    }

    private void Adopt(SortedDictionary<string, FileContent> image)
    {
        _names.Clear();
        _unsyncedEntries.Clear();
        _unreadable.Clear();
        _durableNames = image;
        _usedBytes = 0;
        foreach ((string name, FileContent content) in image)
        {
            _names.Add(name, content);
            _usedBytes += content.Length;
        }
    }
}
