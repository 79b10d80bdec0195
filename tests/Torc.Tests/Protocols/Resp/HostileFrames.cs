using Torc.Base;

namespace Torc.Tests.Protocols.Resp;

/// <summary>
/// Frames that a broken or hostile peer may send: pure noise, noise made of RESP's own bytes, and valid frames of the corpus
/// with bytes changed, dropped, doubled, spliced, or numbers replaced by awkward ones. Seeded.
/// </summary>
internal sealed class HostileFrames(SeededRandom random, IReadOnlyList<byte[]> corpus)
{
    internal const int FrameBytesMax = 512;

    private const int MutationsMax = 4;
    private const string Alphabet = "*$+-:_#,(!=%~>|\r\n\r\n0123456789 \"'\\x\0aT";

    private static readonly byte[][] Numbers =
        [.. new[] { "0", "-1", "-2", "1", "2", "10", "16384", "65536", "33554433", "536870912", "2147483647", "2147483648",
            "4294967297", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "18446744073709551617", "007", "+1", "1e3", "" }
            .Select(RespCorpus.Bytes)];

    /// <summary>Writes the next frame to the front of <paramref name="frame"/>, which has room for <see cref="FrameBytesMax"/>.</summary>
    internal int Next(Span<byte> frame)
    {
        switch (random.Below(8))
        {
            case 0:
                int noise = random.Below(40);
                random.Fill(frame[..noise]);
                return noise;
            case 1:
                int letters = random.Below(40);
                for (int index = 0; index < letters; index++)
                    frame[index] = (byte)Alphabet[random.Below(Alphabet.Length)];
                return letters;
            default:
                byte[] valid = corpus[random.Below(corpus.Count)];
                valid.CopyTo(frame);
                return Mutate(frame, valid.Length);
        }
    }

    private int Mutate(Span<byte> frame, int length)
    {
        for (int mutations = random.Below(MutationsMax + 1); mutations > 0 && length > 0; mutations--)
        {
            int place = random.Below(length);
            switch (random.Below(6))
            {
                case 0:
                    frame[place] = (byte)random.Below(256);
                    break;
                case 1:
                    frame[place] = (byte)Alphabet[random.Below(Alphabet.Length)];
                    break;
                case 2:
                    length = place;
                    break;
                case 3:
                    frame[(place + 1)..length].CopyTo(frame[place..]);
                    length--;
                    break;
                case 4:
                    byte[] other = corpus[random.Below(corpus.Count)];
                    length = Splice(frame, place, 0, other.AsSpan(random.Below(other.Length)), length);
                    break;
                default:
                    length = ReplaceNumber(frame, place, length);
                    break;
            }
        }
        return length;
    }

    private int ReplaceNumber(Span<byte> frame, int place, int length)
    {
        int found = frame[place..length].IndexOfAnyInRange((byte)'0', (byte)'9');
        if (found < 0)
            return length;
        int start = place + found;
        int digits = frame[start..length].IndexOfAnyExceptInRange((byte)'0', (byte)'9');
        return Splice(frame, start, digits < 0 ? length - start : digits, Numbers[random.Below(Numbers.Length)], length);
    }

    private static int Splice(Span<byte> frame, int place, int replaced, ReadOnlySpan<byte> inserted, int length)
    {
        if (length - replaced + inserted.Length > FrameBytesMax)
            return length;
        frame[(place + replaced)..length].CopyTo(frame[(place + inserted.Length)..]);
        inserted.CopyTo(frame[place..]);
        return length - replaced + inserted.Length;
    }
}
