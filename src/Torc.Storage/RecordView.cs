using System.Diagnostics.CodeAnalysis;
using Torc.Storage.Records;

namespace Torc.Storage;

/// <summary>What the store needs to know of a record to count it. Persisted; frozen by a test.</summary>
[Flags]
public enum RecordFlags : byte
{
    None = 0,

    /// <summary>A delete: kept, but not counted as a live key.</summary>
    Tombstone = 1,

    HasDeadline = 2,
}

/// <summary>
/// A record where it lies: valid until the lock is left or the store is next called, whichever is first. It is decoded
/// member by member when asked: most callers want two or three.
/// </summary>
/// <remarks>Its maker fills it in place, and it is handed on by reference: a copy of it costs more than the look-up that it tells of.</remarks>
public ref struct RecordView
{
    internal ReadOnlySpan<byte> Record;
    internal RecordPlace FoundAt;

    /// <summary>Of a record that a scan met.</summary>
    internal RecordView(ulong hash, ReadOnlySpan<byte> record, long endOffset)
    {
        Record = record;
        FoundAt = new RecordPlace { Hash = hash };
        EndOffset = endOffset;
    }

    public readonly ulong Hash => FoundAt.Hash;

    public readonly ReadOnlySpan<byte> Key => Record.IsEmpty ? default : RecordCodec.Key(Record);

    public readonly ReadOnlySpan<byte> Row => Record.IsEmpty ? default : RecordCodec.Row(Record);

    public readonly UInt128 Version => Record.IsEmpty ? default : RecordCodec.Version(Record);

    public readonly RecordFlags Flags => Record.IsEmpty ? default : RecordCodec.Flags(Record);

    /// <summary>The log offset after the record: it is durable once <see cref="ShardStore.DurableOffset"/> reached this.</summary>
    public long EndOffset { readonly get; internal set; }

    /// <summary>Where the record begins in the log; no other record ever does.</summary>
    public readonly long Offset => EndOffset - Record.Length;

    /// <summary>For a put of the same key in the same turn. Also that of a key that was not found, all else is empty then. A scan knows no places.</summary>
    [UnscopedRef]
    public readonly ref readonly RecordPlace Place => ref FoundAt;
}

/// <summary>Takes the records of a <see cref="ShardStore.Scan"/>.</summary>
public interface IScanVisitor
{
    /// <summary>Called in ascending order of hash; must not call the store.</summary>
    void Visit(in RecordView record);

    /// <summary>
    /// A record that begins at an offset of the log cannot be read. Its hash is not known, so that it may lie in a neighbouring range. Called before the records of the
    /// range; must not call the store. Most learn enough from <see cref="ScanOutcome.Damaged"/>.
    /// </summary>
    void VisitUnreadable(long offset)
    {
    }
}
