namespace Torc.Node.Commands;

/// <summary>Replies that arrive in any order and are wanted in the order of their parts. One buffer holds all.</summary>
internal sealed class PartReplies(int count)
{
    private readonly ByteWriter _bytes = new();
    private readonly (int Start, int Length)[] _places = new (int, int)[count];

    public int Count => _places.Length;

    public ReadOnlySpan<byte> this[int part] => _bytes.Written.Slice(_places[part].Start, _places[part].Length);

    public void Set(int part, ReadOnlySpan<byte> reply)
    {
        _places[part] = (_bytes.Length, reply.Length);
        _bytes.Write(reply);
    }

    /// <summary>Gives the buffer back.</summary>
    public void Release() => _bytes.Dispose();
}
