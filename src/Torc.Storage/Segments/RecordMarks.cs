using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using Torc.Storage.Records;

namespace Torc.Storage.Segments;

/// <summary>A bit for each record that a segment may hold, by offset; takes memory with the first mark only. One thread marks, under the shard's lock; any may ask.</summary>
internal struct RecordMarks(int segmentBytes)
{
    /// <summary>Two records start at least this far apart, so offset / this tells records apart.</summary>
    private const int GranuleBytes = RecordCodec.HeaderBytes;

    private ulong[]? _words;

    public void Mark(int offset)
    {
        ref ulong word = ref Words()[offset / GranuleBytes >> 6];
        ulong bit = 1UL << (offset / GranuleBytes & 63);
        if ((word & bit) == 0)
            word |= bit;
    }

    public readonly bool IsMarked(int offset) =>
        _words != null && (_words[offset / GranuleBytes >> 6] & 1UL << (offset / GranuleBytes & 63)) != 0;

    /// <summary>Asks the processor to load the word of a record that will be marked.</summary>
    public readonly unsafe void Prefetch(int offset)
    {
        if (_words != null && Sse.IsSupported)
            Sse.Prefetch0(Unsafe.AsPointer(ref _words[offset / GranuleBytes >> 6])); // an array that moves meanwhile makes it useless, not wrong
    }

    /// <summary>Takes all marks away.</summary>
    public void Clear()
    {
        if (_words != null)
            ArrayPool<ulong>.Shared.Return(_words);
        _words = null;
    }

    private ulong[] Words()
    {
        if (_words == null)
        {
            ulong[] words = ArrayPool<ulong>.Shared.Rent((segmentBytes / GranuleBytes / 64) + 1);
            Array.Clear(words);
            Volatile.Write(ref _words, words); // who looks for marks outside the shard's lock finds none that were not made
        }
        return _words;
    }
}
