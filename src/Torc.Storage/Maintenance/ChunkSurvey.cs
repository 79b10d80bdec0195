using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using Torc.Base;
using Torc.Storage.Records;
using Torc.Storage.Segments;

namespace Torc.Storage.Maintenance;

/// <summary>A record that may be needed.</summary>
/// <param name="Offset">In its segment.</param>
/// <param name="Hash">Of its key.</param>
internal readonly record struct Survivor(int Offset, byte Keyspace, ushort Partition, ulong Hash);

/// <summary>
/// Walks a chunk of a full segment for records that are not known to be dead. That is most of what compaction costs, and since such a segment does not change, and
/// what died stays dead, it is done outside the shard's lock; under the lock only those that were found are looked up and copied. In a
/// memory store a record may be overwritten meanwhile, by one with the same key and length.
/// </summary>
internal sealed class ChunkSurvey
{
    /// <summary>So far ahead memory is asked for: a segment that was not looked at for long is in no cache, and records of any length make a stride that the processor does not guess.</summary>
    private const int AheadBytes = 2_048;

    private const int LineBytes = 64;

    private readonly List<Survivor> _survivors = [];

    public ReadOnlySpan<Survivor> Survivors => CollectionsMarshal.AsSpan(_survivors);

    /// <summary>Of whole records, from the start of the chunk.</summary>
    public int Bytes { get; private set; }

    /// <summary>What follows them is no record.</summary>
    public bool IsDamaged { get; private set; }

    /// <param name="source">A full segment.</param>
    /// <param name="position">Where the chunk begins.</param>
    /// <param name="chunk">Its last record may be cut off.</param>
    /// <param name="unverifiedLog">The log's id when the chunk comes from the disk and was not verified; null otherwise.</param>
    public void Run(Segment source, int position, ReadOnlySpan<byte> chunk, ulong? unverifiedLog)
    {
        _survivors.Clear();
        Bytes = 0;
        IsDamaged = false;
        while (Bytes < chunk.Length)
        {
            ReadOnlySpan<byte> rest = chunk[Bytes..];
            int offset = position + Bytes;
            if (!RecordCodec.TryReadHeader(rest, source.End - offset, out RecordHeader header))
            {
                bool isCutOff = rest.Length < RecordCodec.HeaderBytes && offset + rest.Length < source.End && Bytes > 0;
                IsDamaged = !isCutOff;
                return;
            }
            if (header.Size > rest.Length)
                return;
            if (unverifiedLog is { } log && !RecordCodec.IsIntact(rest[..header.Size], RecordCodec.Seed(log, source.Sequence, offset)))
            {
                IsDamaged = true;
                return;
            }
            if (header.Kind != RecordKind.Put || !source.IsKnownDead(offset))
                _survivors.Add(new Survivor(offset, header.Keyspace, header.Partition, StableHash.Hash64(RecordCodec.Key(rest))));
            PrefetchAhead(rest, header.Size);
            Bytes += header.Size;
        }
    }

    private static unsafe void PrefetchAhead(ReadOnlySpan<byte> chunk, int bytes)
    {
        if (!Sse.IsSupported || chunk.Length < AheadBytes + bytes)
            return;
        fixed (byte* ahead = &chunk[AheadBytes])
        {
            for (int line = 0; line < Math.Min(bytes, AheadBytes); line += LineBytes)
                Sse.Prefetch0(ahead + line);
        }
    }
}
