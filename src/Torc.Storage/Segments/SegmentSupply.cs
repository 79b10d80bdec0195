using Torc.Storage.Log;

namespace Torc.Storage.Segments;

/// <summary>
/// The segments that are not in use yet: the next one, ready to become active, and the reserve of spare files. Ordinary puts may
/// take the next segment only while the reserve is whole, deletes while half of it is: so compaction always finds space.
/// </summary>
internal sealed class SegmentSupply(int reservedSegments)
{
    private readonly SortedSet<long> _spares = [];

    /// <summary>Prepared: file, header, memory.</summary>
    public Segment? Next { get; set; }

    /// <summary>The last attempt to take space from the disk failed.</summary>
    public bool IsDiskFull { get; set; }

    public int SpareCount => _spares.Count;

    public bool IsReserveWhole => _spares.Count >= reservedSegments;

    /// <summary>The least use that may take the next segment now.</summary>
    public AppendUse LeastUse =>
        IsReserveWhole ? AppendUse.Put : _spares.Count >= reservedSegments / 2 ? AppendUse.Delete : AppendUse.Compaction;

    /// <summary>One more than the reserve, so that the next segment seldom waits for zeros to be written.</summary>
    public bool WantsSpare => _spares.Count <= reservedSegments;

    public void AddSpare(long number)
    {
        _spares.Add(number);
        if (IsReserveWhole && Next != null)
            IsDiskFull = false;
    }

    public long? TakeSpare()
    {
        if (_spares.Count == 0)
            return null;
        long number = _spares.Min;
        _spares.Remove(number);
        return number;
    }

    /// <summary>A number that no spare file has.</summary>
    public long NewSpareNumber() => _spares.Count == 0 ? 1 : _spares.Max + 1;
}
