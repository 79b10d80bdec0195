using System.Text;

namespace Torc.Tests.House;

/// <summary>
/// Just enough of a C# lexer to look at structure: blanks out comments and literals, keeping line breaks and the code
/// within interpolation holes as blanks too, so that braces and words that remain are code.
/// </summary>
internal sealed class CodeText
{
    private readonly string _source;
    private readonly StringBuilder _code;
    private int _at;

    private CodeText(string source)
    {
        _source = source;
        _code = new StringBuilder(source);
    }

    public static string Blank(string source)
    {
        var text = new CodeText(source);
        while (text._at < source.Length)
            text.Step();
        return text._code.ToString();
    }

    private void Step()
    {
        if (Sees("//"))
            Skip(_source.IndexOf('\n', _at) is >= 0 and int end ? end : _source.Length);
        else if (Sees("/*"))
            Skip(_source.IndexOf("*/", _at + 2, StringComparison.Ordinal) + 2);
        else if (Sees("'"))
            SkipCharacter();
        else if (!TrySkipString())
            _at++;
    }

    private void SkipCharacter()
    {
        int end = _at + 1;
        end += _source[end] == '\\' ? 2 : 1;
        while (_source[end] != '\'')
            end++;
        Skip(end + 1);
    }

    private bool TrySkipString()
    {
        int start = _at, dollars = 0;
        bool isVerbatim = false;
        for (; start < _source.Length && _source[start] is '$' or '@'; start++)
        {
            dollars += _source[start] == '$' ? 1 : 0;
            isVerbatim |= _source[start] == '@';
        }
        if (start >= _source.Length || _source[start] != '"')
            return false;
        int quotes = 0;
        while (start + quotes < _source.Length && _source[start + quotes] == '"')
            quotes++;
        Skip(start);
        if (quotes >= 3)
            SkipRaw(quotes);
        else if (quotes == 2)
            Skip(_at + 2);
        else
            SkipQuoted(dollars > 0, isVerbatim);
        return true;
    }

    private void SkipRaw(int quotes)
    {
        int end = _source.IndexOf(new string('"', quotes), _at + quotes, StringComparison.Ordinal) + quotes;
        while (end < _source.Length && _source[end] == '"')
            end++;
        Skip(end);
    }

    private void SkipQuoted(bool hasHoles, bool isVerbatim)
    {
        Skip(_at + 1);
        while (_source[_at] != '"' || (isVerbatim && Sees("\"\"")))
        {
            if (isVerbatim && Sees("\"\""))
                Skip(_at + 2);
            else if (!isVerbatim && _source[_at] == '\\')
                Skip(_at + 2);
            else if (hasHoles && (Sees("{{") || Sees("}}")))
                Skip(_at + 2);
            else if (hasHoles && _source[_at] == '{')
                SkipHole();
            else
                Skip(_at + 1);
        }
        Skip(_at + 1);
    }

    private void SkipHole()
    {
        int depth = 0;
        do
        {
            depth += _source[_at] == '{' ? 1 : _source[_at] == '}' ? -1 : 0;
            if (_source[_at] == '\'')
                SkipCharacter();
            else if (!TrySkipString())
                Skip(_at + 1);
        } while (depth > 0);
    }

    private bool Sees(string token) => string.CompareOrdinal(_source, _at, token, 0, token.Length) == 0;

    private void Skip(int end)
    {
        for (; _at < end; _at++)
        {
            if (_source[_at] is not ('\n' or '\r'))
                _code[_at] = ' ';
        }
    }
}
