namespace Torc.Protocols.Resp;

/// <summary>
/// Splits the line of an inline command as Redis' <c>sdssplitargs</c> does: white space separates; double quotes take
/// <c>\n \r \t \b \a \xHH</c> and <c>\</c> before any other byte; single quotes take <c>\'</c>; a closing quote must be
/// followed by white space or the end. Decoding never lengthens, so it happens in place. NUL is a byte like others.
/// </summary>
internal ref struct InlineArguments
{
    private readonly Span<byte> _line;
    private int _read;
    private int _written;

    private InlineArguments(Span<byte> line) => _line = line;

    /// <summary>Turns the unended bytes of <paramref name="command"/>, a line without its end, into arguments; false when quotes do not match.</summary>
    internal static bool TrySplit(CommandBuffer command)
    {
        var splitter = new InlineArguments(command.Unended());
        while (splitter.SkipSpace())
        {
            int start = splitter._written;
            if (!splitter.TryDecodeArgument())
                return false;
            command.EndArgumentAt(splitter._written - start);
        }
        command.DropUnended();
        return true;
    }

    private bool SkipSpace()
    {
        while (_read < _line.Length && IsSpace(_line[_read]))
            _read++;
        return _read < _line.Length;
    }

    private bool TryDecodeArgument()
    {
        while (_read < _line.Length)
        {
            byte value = _line[_read++];
            switch (value)
            {
                case (byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t':
                    return true;
                case (byte)'"':
                    return TryDecodeDoubleQuoted();
                case (byte)'\'':
                    return TryDecodeSingleQuoted();
                default:
                    _line[_written++] = value;
                    break;
            }
        }
        return true;
    }

    private bool TryDecodeDoubleQuoted()
    {
        while (_read < _line.Length)
        {
            byte value = _line[_read++];
            if (value == '"')
                return EndsArgument();
            if (value == '\\' && _read < _line.Length)
                value = DecodeEscape();
            _line[_written++] = value;
        }
        return false;
    }

    private bool TryDecodeSingleQuoted()
    {
        while (_read < _line.Length)
        {
            byte value = _line[_read++];
            if (value == '\'')
                return EndsArgument();
            if (value == '\\' && _read < _line.Length && _line[_read] == '\'')
                value = _line[_read++];
            _line[_written++] = value;
        }
        return false;
    }

    private byte DecodeEscape()
    {
        byte value = _line[_read++];
        if (value == 'x' && _read + 1 < _line.Length
            && HexDigit(_line[_read]) is >= 0 and int high && HexDigit(_line[_read + 1]) is >= 0 and int low)
        {
            _read += 2;
            return (byte)(high * 16 + low);
        }
        return value switch
        {
            (byte)'n' => (byte)'\n',
            (byte)'r' => (byte)'\r',
            (byte)'t' => (byte)'\t',
            (byte)'b' => (byte)'\b',
            (byte)'a' => (byte)'\a',
            _ => value,
        };
    }

    private readonly bool EndsArgument() => _read == _line.Length || IsSpace(_line[_read]);

    private static bool IsSpace(byte value) => value is (byte)' ' or (>= (byte)'\t' and <= (byte)'\r');

    private static int HexDigit(byte value) => value switch
    {
        >= (byte)'0' and <= (byte)'9' => value - '0',
        >= (byte)'a' and <= (byte)'f' => value - 'a' + 10,
        >= (byte)'A' and <= (byte)'F' => value - 'A' + 10,
        _ => -1,
    };
}
