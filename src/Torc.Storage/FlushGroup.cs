using Torc.Base;
using Torc.Storage.Disk;
using Torc.Storage.Segments;

namespace Torc.Storage;

/// <summary>Bytes of one segment that a flush group writes.</summary>
internal readonly record struct FlushRange(Segment Segment, int From, int To);

/// <summary>
/// What the log wants of the disk, outside the lock: everything appended and not yet written when <see cref="ShardStore.BeginFlush"/> or
/// <see cref="ShardStore.BeginWrite"/> was called, written; and when <see cref="Syncs"/>, everything written so far, synced. One that writes and one
/// that syncs may run at the same time; the object is used again for the next group of its kind.
/// A clean-stop mark is written last, after a sync of all before it: where it is found, nothing before it is missing.
/// </summary>
public sealed class FlushGroup
{
    private readonly List<FlushRange> _ranges = [];
    private readonly List<Segment> _toSync = [];
    private readonly ReachedFile? _reached;
    private int _stopMarkBytes;
    private volatile bool _isDone;

    internal FlushGroup(ReachedFile? reached) => _reached = reached;

    /// <summary>The log offset up to which everything is written, or synced when <see cref="Syncs"/>, once this group ran.</summary>
    public long EndOffset { get; private set; }

    /// <summary>Whether the group ends with a sync.</summary>
    public bool Syncs { get; private set; }

    /// <summary>Bytes to write.</summary>
    public long Bytes { get; private set; }

    /// <summary><see cref="Run"/> came to its end. From any thread.</summary>
    public bool IsDone => _isDone;

    internal Instant Begun { get; private set; }

    internal List<FlushRange> Ranges => _ranges;

    internal List<Segment> ToSync => _toSync;

    /// <summary>A write found no space; nothing of the group counts as written, and the next group tries again.</summary>
    internal bool FoundDiskFull { get; private set; }

    /// <summary>Writes and syncs. Throws <see cref="DiskFailedException"/> when a write or sync failed: the node stops.</summary>
    public void Run(IDisk disk)
    {
        WriteAndSync();
        if (Syncs && !FoundDiskFull)
            _reached?.Write(EndOffset); // Before anybody hears of it, so that nothing acknowledged is above what the file says.
        _isDone = true;
    }

    private void WriteAndSync()
    {
        for (int index = 0; index < _ranges.Count; index++)
        {
            FlushRange range = _ranges[index];
            int to = index == _ranges.Count - 1 ? range.To - _stopMarkBytes : range.To;
            if (!TryWrite(range.Segment, range.From, to))
                return;
        }
        if (!Syncs)
            return;
        foreach (Segment segment in _toSync)
            segment.File!.Sync();
        if (_stopMarkBytes == 0 || _ranges.Count == 0)
            return;
        FlushRange last = _ranges[^1];
        if (TryWrite(last.Segment, last.To - _stopMarkBytes, last.To))
            last.Segment.File!.Sync();
    }

    internal void Prepare(long endOffset, bool syncs, Instant now, int stopMarkBytes)
    {
        _ranges.Clear();
        _toSync.Clear();
        EndOffset = endOffset;
        Syncs = syncs;
        Begun = now;
        Bytes = 0;
        _stopMarkBytes = stopMarkBytes;
        _isDone = FoundDiskFull = false;
    }

    internal void AddRange(Segment segment, int from, int to)
    {
        if (from == to)
            return;
        _ranges.Add(new FlushRange(segment, from, to));
        Bytes += to - from;
        AddSync(segment);
    }

    internal void AddSync(Segment segment)
    {
        if (!_toSync.Contains(segment))
            _toSync.Add(segment);
    }

    private bool TryWrite(Segment segment, int from, int to)
    {
        if (from == to)
            return true;
        switch (segment.File!.Write(from, segment.Bytes(from, to - from)))
        {
            case DiskOutcome.Done:
                return true;
            case DiskOutcome.Full:
                FoundDiskFull = true;
                return false;
            default:
                throw new DiskFailedException($"Writing {FileNames.Segment(segment.Sequence)} at {from} failed.");
        }
    }
}
