namespace Torc.Base;

/// <summary>
/// Objects of one type that are free for use again. Each thread has its own, in two magazines: the one returned last, which is
/// still in the processor's cache, is rented first, and no thread waits for another. A thread that returns more than it rents
/// leaves full magazines in a depot, where one that rents more than it returns finds them (Bonwick and Adams, "Magazines and
/// Vmem", 2001). The owner resets an object before it returns it.
/// </summary>
/// <remarks>Beyond what the magazines and the depot hold, objects are left to the collector.</remarks>
public static class FreeList<T>
    where T : class, new()
{
    private const int MagazineItems = 256;
    private const int DepotMagazines = 32;

    private static readonly Magazine?[] Full = new Magazine?[DepotMagazines];
    private static readonly Magazine?[] Empty = new Magazine?[DepotMagazines];

    [ThreadStatic]
    private static Magazine? _loaded;

    [ThreadStatic]
    private static Magazine? _previous; // full or empty, but for its first use

    public static T Rent()
    {
        Magazine? loaded = _loaded;
        return loaded is { Count: > 0 } ? loaded.Items[--loaded.Count].Value : RentFromElsewhere();
    }

    public static void Return(T item)
    {
        Magazine? loaded = _loaded;
        if (loaded is null || loaded.Count == MagazineItems)
            loaded = LoadEmpty();
        loaded.Items[loaded.Count++].Value = item;
    }

    private static T RentFromElsewhere()
    {
        if (_previous is { Count: > 0 })
        {
            (_loaded, _previous) = (_previous, _loaded);
        }
        else
        {
            if (Take(Full) is not { } full)
                return new T();
            if (_previous is not null)
                Put(Empty, _previous);
            _previous = _loaded;
            _loaded = full;
        }
        return _loaded!.Items[--_loaded.Count].Value;
    }

    private static Magazine LoadEmpty()
    {
        if (_previous is { Count: 0 })
        {
            (_loaded, _previous) = (_previous, _loaded);
            return _loaded!;
        }
        if (_previous is not null)
            Put(Full, _previous);
        _previous = _loaded;
        return _loaded = Take(Empty) ?? new Magazine();
    }

    private static Magazine? Take(Magazine?[] depot)
    {
        for (int i = 0; i < depot.Length; i++)
        {
            if (depot[i] is not null && Interlocked.Exchange(ref depot[i], null) is { } taken)
                return taken;
        }
        return null;
    }

    /// <summary>Drops the magazine when the depot is full.</summary>
    private static void Put(Magazine?[] depot, Magazine magazine)
    {
        for (int i = 0; i < depot.Length; i++)
        {
            if (depot[i] is null && Interlocked.CompareExchange(ref depot[i], magazine, null) is null)
                return;
        }
    }

    private sealed class Magazine
    {
        public readonly Item[] Items = new Item[MagazineItems];
        public int Count;
    }

    /// <summary>An array of these needs no check of its elements' type on each store.</summary>
    private struct Item
    {
        public T Value;
    }
}
