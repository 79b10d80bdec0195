using System.Runtime.InteropServices;
using Torc.Base;

namespace Torc.Storage.Memory;

/// <summary>
/// One large piece of memory outside the managed heap, for the moment: it goes back to the system when it is disposed, which the
/// collector's large object heap does late or never. Zero-filled.
/// </summary>
internal sealed unsafe class NativeBuffer : IDisposable
{
    private byte* _start;

    /// <summary>Throws <see cref="InsufficientMemoryException"/> when the system has none left.</summary>
    public NativeBuffer(long bytes)
    {
        Check.That(bytes >= 0);
        Length = bytes;
        _start = IsMapped ? MemoryMap.Map(bytes, NativeArena.HugePageBytes) : (byte*)NativeMemory.AllocZeroed((nuint)Math.Max(bytes, 1));
        if (_start == null)
            throw new InsufficientMemoryException($"The system has no {bytes} bytes left.");
    }

    public long Length { get; }

    /// <summary>Valid until disposed; for those up to <see cref="int.MaxValue"/> bytes.</summary>
    public Span<byte> Span
    {
        get
        {
            Check.That(_start != null);
            return new Span<byte>(_start, checked((int)Length));
        }
    }

    public byte* Pointer => _start;

    // Small ones would use up the number of mappings that a process may have.
    private bool IsMapped => Length >= NativeArena.HugePageBytes;

    public void Dispose()
    {
        if (_start == null)
            return;
        if (IsMapped)
            MemoryMap.Unmap(_start, Length);
        else
            NativeMemory.Free(_start);
        _start = null;
    }
}
