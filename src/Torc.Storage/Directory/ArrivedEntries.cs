using System.Runtime.CompilerServices;

namespace Torc.Storage.Directory;

/// <summary>
/// Where approaches found the entries of their keys lately: the look-up that an approach was for, and the change that follows, need not walk the directory again.
/// A place is by the low bits of a hash, and the last one stays. It is right while the directory has the shape that it had (<see cref="BucketArena.Shape"/>: no
/// bucket has moved, no entry was taken out) and the entry says what it said.
/// </summary>
internal sealed unsafe class ArrivedEntries(BucketArena arena)
{
    /// <summary>Some times as many as approach together.</summary>
    private const int Places = 128;

    private readonly Place[] _places = new Place[Places];

    public void Add(int directory, ulong hash, ulong* entry)
    {
        ref Place place = ref PlaceOf(hash);
        place.Hash = hash;
        place.Directory = directory;
        place.Shape = arena.Shape;
        place.Entry = entry;
        place.Word = *entry;
    }

    /// <summary>The entry that an approach of this hash found, or null.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong* Find(KeyDirectory directory, ulong hash)
    {
        ref Place place = ref PlaceOf(hash);
        return place.Hash == hash && place.Directory == directory.Number && place.Shape == arena.Shape && *place.Entry == place.Word ? place.Entry : null;
    }

    private ref Place PlaceOf(ulong hash) => ref _places[(int)hash & (Places - 1)];

    private struct Place
    {
        public ulong Hash;
        public ulong* Entry;
        public ulong Word;
        public long Shape;
        public int Directory; // 0 in a place that was never taken
    }
}
