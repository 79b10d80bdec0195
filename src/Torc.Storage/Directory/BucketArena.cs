using System.Numerics;
using System.Runtime.InteropServices;
using Torc.Base;
using Torc.Storage.Memory;

namespace Torc.Storage.Directory;

/// <summary>
/// The memory of all key directories of a shard: runs of 64-byte lines out of huge-page chunks, by number.
/// <code>
///  chunk   2 MiB, a slot of a NativeArena:  | 512 sheet headers (three sheets) | sheet 3 | sheet 4 | … | sheet 511 |
///  sheet   64 lines, 4 KiB, whose free lines are one 64-bit word of its header
///  line    64 bytes, aligned; its number is (chunk, place in the chunk): 32 bits, so 256 GiB; number 0 is never given out
/// </code>
/// Sheets with a free line hang in a list by the longest run that they can still serve. A request takes the first run
/// that fits from the tightest list, so that holes are filled before new sheets are broken into; freed neighbours are one
/// run again at once, as the free lines are bits of a word.
/// <para>
/// Why not a free list per block size: the regions of evenly filled directories pass through the sizes together, and
/// each size's freed blocks would lie idle while the next size maps new memory.
/// </para>
/// </summary>
public sealed unsafe class BucketArena : IDisposable
{
    public const int LineBytes = 64;

    /// <summary>The most lines that can be had in one run.</summary>
    public const int RunLinesMax = 64;

    private const int ChunkBytes = (int)NativeArena.HugePageBytes;
    private const int LinesPerChunkBits = 15;
    private const int LinesPerChunk = 1 << LinesPerChunkBits;
    private const int SheetsPerChunk = LinesPerChunk / RunLinesMax;
    private const int HeaderSheets = SheetsPerChunk * SheetHeader.Bytes / (RunLinesMax * LineBytes);
    private const long BytesMaxMax = (1L << 32) * LineBytes;

    /// <summary>Whole free sheets that an insert may need: two regions and the largest branch at each of a few splits in a row.</summary>
    private const int InsertSheetsMax = 16;

    private const uint NoSheet = 0; // the number of the first chunk's header

    /// <summary>The lengths that are asked for: sizes of regions and of branches.</summary>
    private static readonly int[] RunLengths = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 16, 32, 64];

    /// <summary>Index in <see cref="RunLengths"/> of the greatest length that a run of this many lines serves; -1 for none.</summary>
    private static readonly sbyte[] ClassOfRun = MakeClasses();

    private readonly NativeArena _chunks;
    private readonly uint[] _firstOfClass = new uint[RunLengths.Length];
    private byte*[] _chunkStarts = new byte*[4];
    private uint _classesInUse; // a bit for each list that is not empty
    private int _chunkCount;
    private int _emptySheets;
    private int _directories;

    /// <param name="bytesMax">Native memory that the directories may take together; rounded down to 2 MiB.</param>
    public BucketArena(long bytesMax)
    {
        Check.That(bytesMax >= ChunkBytes && bytesMax <= BytesMaxMax);
        BytesMax = bytesMax;
        _chunks = new NativeArena(ChunkBytes, (int)(bytesMax / ChunkBytes));
        Arrived = new ArrivedEntries(this);
    }

    public long BytesMax { get; }

    /// <summary>Native memory held, in use or free.</summary>
    public long MappedBytes => _chunks.MappedBytes;

    /// <summary>Bytes of the lines in use.</summary>
    public long UsedBytes { get; private set; }

    /// <summary>True while any single insert is sure to find memory within <see cref="BytesMax"/>; ask before <see cref="KeyDirectory.Insert"/>.</summary>
    public bool HasRoom => _emptySheets >= InsertSheetsMax || _chunkCount < _chunks.SlotsMax;

    /// <summary>How often entries may have moved, or were taken out.</summary>
    internal long Shape { get; private set; }

    /// <summary>Of all directories.</summary>
    internal ArrivedEntries Arrived { get; }

    public void Dispose() => _chunks.Dispose();

    /// <summary>A number for a new directory, from 1 on; they are never given twice.</summary>
    internal int NextDirectory() => ++_directories;

    /// <summary>An entry was taken out where it was.</summary>
    internal void NoteRemoval() => Shape++;

    /// <summary>Takes a run of lines, of one of <see cref="RunLengths"/>; they hold what the last user left.</summary>
    internal uint Rent(int lines)
    {
        int wanted = ClassOfRun[lines];
        Check.Deep(RunLengths[wanted] == lines);
        uint lists = _classesInUse >> wanted << wanted;
        if (lists == 0)
        {
            AddChunk();
            lists = _classesInUse >> wanted << wanted;
        }
        uint sheet = _firstOfClass[BitOperations.TrailingZeroCount(lists)];
        SheetHeader* header = Header(sheet);
        int place = BitOperations.TrailingZeroCount(RunStarts(header->Free, lines));
        ChangeFree(sheet, header, header->Free & ~(RunMask(lines) << place));
        UsedBytes += (long)lines * LineBytes;
        return sheet * RunLinesMax + (uint)place;
    }

    internal void Return(uint line, int lines)
    {
        uint sheet = line / RunLinesMax;
        SheetHeader* header = Header(sheet);
        ulong run = RunMask(lines) << (int)(line % RunLinesMax);
        Check.That((header->Free & run) == 0);
        ChangeFree(sheet, header, header->Free | run);
        UsedBytes -= (long)lines * LineBytes;
        Shape++;
    }

    internal byte* Pointer(uint line) =>
        _chunkStarts[line >> LinesPerChunkBits] + (line & (LinesPerChunk - 1)) * (nuint)LineBytes;

    private static ulong RunMask(int lines) => ulong.MaxValue >> (64 - lines);

    /// <summary>A bit for each place where a run of so many free lines starts.</summary>
    private static ulong RunStarts(ulong free, int lines)
    {
        for (int have = 1; have < lines;)
        {
            int step = Math.Min(have, lines - have);
            free &= free >> step;
            have += step;
        }
        return free;
    }

    private static int LongestRun(ulong free)
    {
        if (free == ulong.MaxValue)
            return 64;
        int length = 0;
        for (; free != 0; free &= free >> 1)
            length++;
        return length;
    }

    private SheetHeader* Header(uint sheet) =>
        (SheetHeader*)_chunkStarts[sheet / SheetsPerChunk] + sheet % SheetsPerChunk;

    private void ChangeFree(uint sheet, SheetHeader* header, ulong free)
    {
        header->Free = free;
        int listed = ClassOfRun[LongestRun(free)];
        if (listed == header->Class)
            return;
        Unlist(header);
        List(sheet, header, listed);
    }

    private void List(uint sheet, SheetHeader* header, int listed)
    {
        header->Class = listed;
        if (listed < 0)
            return;
        header->Previous = NoSheet;
        header->Next = _firstOfClass[listed];
        if (header->Next != NoSheet)
            Header(header->Next)->Previous = sheet;
        _firstOfClass[listed] = sheet;
        _classesInUse |= 1u << listed;
        if (listed == RunLengths.Length - 1)
            _emptySheets++;
    }

    private void Unlist(SheetHeader* header)
    {
        int listed = header->Class;
        if (listed < 0)
            return;
        if (header->Next != NoSheet)
            Header(header->Next)->Previous = header->Previous;
        if (header->Previous != NoSheet)
            Header(header->Previous)->Next = header->Next;
        else
            _firstOfClass[listed] = header->Next;
        if (_firstOfClass[listed] == NoSheet)
            _classesInUse &= ~(1u << listed);
        if (listed == RunLengths.Length - 1)
            _emptySheets--;
    }

    private void AddChunk()
    {
        bool rented = _chunks.TryRent(out int chunk);
        Check.That(rented); // The caller of Insert asked HasRoom first.
        Check.That(chunk == _chunkCount);
        if (chunk == _chunkStarts.Length)
            GrowTable();
        _chunkStarts[chunk] = _chunks.Pointer(chunk);
        _chunkCount++;
        for (uint sheet = SheetsPerChunk - 1; sheet >= HeaderSheets; sheet--)
        {
            uint number = (uint)chunk * SheetsPerChunk + sheet;
            Header(number)->Free = ulong.MaxValue;
            List(number, Header(number), RunLengths.Length - 1);
        }
    }

    private void GrowTable()
    {
        var larger = new byte*[_chunkStarts.Length * 2];
        for (int chunk = 0; chunk < _chunkStarts.Length; chunk++)
            larger[chunk] = _chunkStarts[chunk];
        _chunkStarts = larger;
    }

    private static sbyte[] MakeClasses()
    {
        var classes = new sbyte[RunLinesMax + 1];
        for (int run = 0; run < classes.Length; run++)
            classes[run] = (sbyte)(Array.FindLastIndex(RunLengths, length => length <= run));
        return classes;
    }

    [StructLayout(LayoutKind.Sequential, Size = Bytes)]
    private struct SheetHeader
    {
        public const int Bytes = 24;

        public ulong Free;     // a bit for each free line
        public uint Next;      // sheets of the same list
        public uint Previous;
        public int Class;      // the list, as an index of RunLengths; -1 for none
    }
}
