using Torc.Base;

namespace Torc.Simulator.Cluster;

/// <summary>Bytes that arrived and are not consumed yet.</summary>
internal sealed class ReceiveBuffer
{
    private byte[] _bytes = [];
    private int _start;
    private int _end;

    public int Length => _end - _start;

    public ReadOnlyMemory<byte> Rest => _bytes.AsMemory(_start, Length);

    public void Append(ReadOnlySpan<byte> bytes)
    {
        if (_bytes.Length - _end < bytes.Length)
        {
            var larger = new byte[Math.Max((Length + bytes.Length) * 2, 256)];
            Rest.CopyTo(larger);
            _end = Length;
            _start = 0;
            _bytes = larger;
        }
        bytes.CopyTo(_bytes.AsSpan(_end));
        _end += bytes.Length;
    }

    public ReadOnlySpan<byte> Peek(int count) => _bytes.AsSpan(_start, count);

    public void Skip(int count)
    {
        Check.That(count >= 0 && count <= Length);
        _start += count;
        if (_start == _end)
            _start = _end = 0;
    }

    public byte[] Take(int count)
    {
        byte[] taken = Peek(count).ToArray();
        Skip(count);
        return taken;
    }
}
