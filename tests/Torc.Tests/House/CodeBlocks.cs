using System.Text.RegularExpressions;

namespace Torc.Tests.House;

/// <summary>A member with a body, directly within a type: a method, a constructor, a property.</summary>
internal sealed record CodeMember(string Header, int FirstLine, int Lines);

/// <summary>Finds the members of types by their braces.</summary>
internal static class CodeBlocks
{
    private static readonly Regex TypeHeader = new(@"\b(class|struct|record|interface|enum|namespace|extension)\b", RegexOptions.CultureInvariant);

    public static List<CodeMember> MembersOf(string source)
    {
        string code = CodeText.Blank(source);
        var members = new List<CodeMember>();
        var open = new Stack<(bool IsType, string Header, int Line)>();
        int headerStart = 0, line = 1;
        for (int at = 0; at < code.Length; at++)
        {
            switch (code[at])
            {
                case '\n':
                    line++;
                    break;
                case '{':
                    string header = code[headerStart..at].Trim();
                    int headerLine = line - header.Count(one => one == '\n') - (code[headerStart..at].TrimEnd(' ').EndsWith('\n') ? 1 : 0);
                    bool isInType = open.Count == 0 || open.Peek().IsType;
                    open.Push((isInType && TypeHeader.IsMatch(header), header, headerLine));
                    headerStart = at + 1;
                    break;
                case '}':
                    (bool isType, string name, int first) = open.Pop();
                    if (!isType && open.Count > 0 && open.Peek().IsType)
                        members.Add(new CodeMember(name, first, line - first + 1));
                    headerStart = at + 1;
                    break;
                case ';':
                    headerStart = at + 1;
                    break;
            }
        }
        return members;
    }
}
