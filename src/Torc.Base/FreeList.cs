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
    private static T[]? t_free;

    [ThreadStatic]
    private static int t_count;

    public static T Rent() => t_count > 0 ? t_free![--t_count] : new T();

    public static void Return(T item)
    {
        t_free ??= new T[KeptMax];
        if (t_count < KeptMax)
            t_free[t_count++] = item;
    }
}
