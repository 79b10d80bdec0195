namespace Torc.Base;

/// <summary>
/// Objects of one type that are free for use again, a list for each thread: the one returned last, which is still in the
/// processor's cache, is rented first, and no thread waits for another. The owner resets an object before it returns it.
/// </summary>
/// <remarks>An object may be returned on another thread than it was rented on. Beyond <see cref="KeptMax"/> it is left to the collector.</remarks>
public static class FreeList<T>
    where T : class, new()
{
    /// <summary>Objects kept for one thread.</summary>
    public const int KeptMax = 2048;

    [ThreadStatic]
    private static T[]? _free;

    [ThreadStatic]
    private static int _count;

    public static T Rent() => _count > 0 ? _free![--_count] : new T();

    public static void Return(T item)
    {
        _free ??= new T[KeptMax];
        if (_count < KeptMax)
            _free[_count++] = item;
    }
}
