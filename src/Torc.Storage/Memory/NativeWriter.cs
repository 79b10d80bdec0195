using Torc.Base;

namespace Torc.Storage.Memory;

/// <summary>Bytes that are appended to a <see cref="NativeBuffer"/>, which is replaced by a larger one when it is full.</summary>
internal sealed class NativeWriter(int capacity) : IDisposable
{
    private NativeBuffer _buffer = new(capacity);

    public int Length { get; private set; }

    public ReadOnlySpan<byte> Written => _buffer.Span[..Length];

    /// <summary>So many bytes at the end to write to.</summary>
    public Span<byte> Append(int bytes)
    {
        Check.That(bytes >= 0);
        int start = Length;
        if (bytes > _buffer.Length - start)
            Grow(checked(start + bytes));
        Length = start + bytes;
        return _buffer.Span.Slice(start, bytes);
    }

    public void Dispose() => _buffer.Dispose();

    private void Grow(int needed)
    {
        var larger = new NativeBuffer((int)Math.Min(Math.Max(needed, _buffer.Length * 2), Array.MaxLength));
        Written.CopyTo(larger.Span);
        _buffer.Dispose();
        _buffer = larger;
    }
}
