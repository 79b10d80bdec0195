using Torc.Base;

namespace Torc.Server.Bench;

/// <summary>Values of one length that differ and do not compress: pieces of one random text, from any place in it.</summary>
internal sealed class ValueSource
{
    private const int PlacesCount = 64 * 1024;
    private readonly byte[] _text;
    private readonly int _length;
    private readonly SeededRandom _random;

    internal ValueSource(int length, SeededRandom random)
    {
        ReadOnlySpan<byte> alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"u8;
        _length = length;
        _random = random;
        _text = new byte[PlacesCount + length];
        random.Fill(_text);
        foreach (ref byte letter in _text.AsSpan())
            letter = alphabet[letter % alphabet.Length];
    }

    internal ReadOnlySpan<byte> Next() => _text.AsSpan(_random.Below(PlacesCount), _length);
}
