using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Torc.Base;

/// <summary>
/// Asks the processor for memory that will be looked at soon. What has waited for other nodes has left its caches, and many loads that are under way together
/// take hardly longer than one.
/// </summary>
public static unsafe class ProcessorCache
{
    private const int LineBytes = 64;

    /// <summary>Begins to load the first bytes of an object, of which nothing is looked at. One that the collector moves meanwhile is loaded for nothing.</summary>
    public static void Prefetch(object target, int bytes)
    {
        if (!Sse.IsSupported)
            return;
        var first = (byte*)Unsafe.As<object, nint>(ref target);
        for (int offset = 0; offset < bytes; offset += LineBytes)
            Sse.Prefetch0(first + offset);
    }
}
