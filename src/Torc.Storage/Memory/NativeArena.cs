using Torc.Base;

namespace Torc.Storage.Memory;

/// <summary>
/// Native memory in slots of one size, up to a named number of them: the log's resident segments, the key directory's
/// chunks. Slots are mapped on first use, aligned to huge pages, and kept mapped for the next renter until
/// <see cref="ReleaseFree"/>. Slot numbers are small and reused lowest first, so that they fit into addresses.
/// <para>
/// Single-threaded like its shard, except <see cref="Populate"/> and <see cref="Discard"/>, which touch the pages of one rented slot and
/// nothing else, so that the kernel's work is done outside the shard's lock.
/// </para>
/// Why not the managed heap: gigabytes that never move and never die would only be walked and fragmented by the
/// collector, and it gives neither alignment nor huge pages.
/// </summary>
public sealed unsafe class NativeArena : IDisposable
{
    /// <summary>The huge page of x86-64 and of arm64 with 4 KiB pages.</summary>
    public const long HugePageBytes = 2L << 20;

    private readonly SortedSet<int> _free = [];
    private readonly SortedSet<int> _idle = []; // those of the free ones that still hold pages
    private byte*[] _slots = new byte*[4];
    private int _slotsSeen; // every slot ever rented has a lower number

    /// <param name="slotBytes">Bytes of one slot, a multiple of the page size; from <see cref="HugePageBytes"/> on, slots start on a huge page.</param>
    /// <param name="slotsMax">Slots that may be rented at the same time.</param>
    public NativeArena(long slotBytes, int slotsMax)
    {
        Check.That(slotBytes > 0 && slotBytes % Environment.SystemPageSize == 0 && slotsMax > 0);
        SlotBytes = slotBytes;
        SlotsMax = slotsMax;
    }

    public long SlotBytes { get; }

    public int SlotsMax { get; }

    public int SlotsInUse => _slotsSeen - _free.Count;

    /// <summary>Bytes of address space held, in use or waiting for the next renter.</summary>
    public long MappedBytes { get; private set; }

    /// <summary>Free slots whose last renter's pages wait for the next one.</summary>
    public int SlotsIdle => _idle.Count;

    /// <summary>
    /// Takes the lowest free slot, one that holds pages before one that does not. False: <see cref="SlotsMax"/> are in use, or the system has no memory left. The bytes are
    /// zero on the first use of a slot's memory and whatever the last renter left afterwards.
    /// </summary>
    public bool TryRent(out int slot)
    {
        slot = _idle.Count > 0 ? _idle.Min : _free.Count > 0 ? _free.Min : _slotsSeen;
        if (slot >= SlotsMax)
            return false;
        if (slot >= _slots.Length)
            GrowTable();
        if (_slots[slot] == null)
        {
            _slots[slot] = MemoryMap.Map(SlotBytes, Math.Min(HugePageBytes, LargestPowerOfTwoIn(SlotBytes)));
            if (_slots[slot] == null)
                return false;
            MappedBytes += SlotBytes;
        }
        if (!_free.Remove(slot))
            _slotsSeen++;
        _idle.Remove(slot);
        return true;
    }

    /// <summary>Takes a free slot that holds pages, for <see cref="Discard"/> and then <see cref="ReturnEmpty"/>.</summary>
    public bool TryRentIdle(out int slot)
    {
        slot = _idle.Max;
        return _idle.Remove(slot) && _free.Remove(slot);
    }

    /// <summary>Gives a slot back; its memory stays mapped for the next renter.</summary>
    public void Return(int slot)
    {
        Check.That(IsRented(slot));
        _free.Add(slot);
        _idle.Add(slot);
    }

    /// <summary>Gives back a slot whose pages were discarded.</summary>
    public void ReturnEmpty(int slot)
    {
        Check.That(IsRented(slot));
        _free.Add(slot);
    }

    /// <summary>Gives the pages of a rented slot back to the system; they are zero when they are next used. May run on any thread, as <see cref="Populate"/>.</summary>
    public void Discard(int slot) => MemoryMap.Discard(_slots[slot], SlotBytes);

    /// <summary>The first byte of a rented slot; valid until it is returned.</summary>
    public byte* Pointer(int slot)
    {
        Check.Deep(IsRented(slot));
        return _slots[slot];
    }

    /// <summary>A part of a rented slot; valid until it is returned.</summary>
    public Span<byte> Span(int slot, long offset, int bytes)
    {
        Check.That(offset >= 0 && bytes >= 0 && offset + bytes <= SlotBytes);
        return new Span<byte>(Pointer(slot) + offset, bytes);
    }

    /// <summary>
    /// Backs the range with real pages now, keeping its bytes. Offset and length are multiples of the page size. May run
    /// on any thread while the slot stays rented; do it a few megabytes at a time, since it blocks while the kernel zeroes.
    /// </summary>
    public void Populate(int slot, long offset, long bytes)
    {
        Check.That(offset >= 0 && bytes >= 0 && offset + bytes <= SlotBytes);
        MemoryMap.Populate(_slots[slot] + offset, bytes);
    }

    /// <summary>Gives the memory of slots that nobody rents back to the system.</summary>
    public void ReleaseFree()
    {
        foreach (int slot in _free)
            Release(slot);
        _idle.Clear();
    }

    public void Dispose()
    {
        for (int slot = 0; slot < _slotsSeen; slot++)
            Release(slot);
        _free.Clear();
        _idle.Clear();
        _slotsSeen = 0;
    }

    private bool IsRented(int slot) => slot >= 0 && slot < _slotsSeen && !_free.Contains(slot);

    private void Release(int slot)
    {
        if (_slots[slot] == null)
            return;
        MemoryMap.Unmap(_slots[slot], SlotBytes);
        _slots[slot] = null;
        MappedBytes -= SlotBytes;
    }

    // The old table is left as it is: a Populate on another thread may still read it, and finds the same pointers.
    private void GrowTable()
    {
        var larger = new byte*[_slots.Length * 2];
        for (int slot = 0; slot < _slots.Length; slot++)
            larger[slot] = _slots[slot];
        _slots = larger;
    }

    private static long LargestPowerOfTwoIn(long value) => value & -value;
}
