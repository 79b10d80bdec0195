namespace Torc.Tests.House;

/// <summary>A file that wants more lines is usually two ideas. The exceptions may only shrink.</summary>
public sealed class SizeTests
{
    private const int FileLinesMax = 499;
    private const int MemberLinesMax = 69;

    private static readonly Dictionary<string, int> LongerFiles = [];

    private static readonly Dictionary<string, int> LongerMembers = [];

    [Fact]
    public void Files_are_short()
    {
        var tooLong = new List<string>();
        foreach (string path in Repository.CodeFiles)
        {
            int lines = Repository.Read(path).AsSpan().Count('\n'), allowed = LongerFiles.GetValueOrDefault(path, FileLinesMax);
            if (lines > allowed)
                tooLong.Add($"{path}: {lines} lines");
        }
        tooLong.ShouldBeEmpty();
    }

    [Fact]
    public void Members_are_short()
    {
        var tooLong = new List<string>();
        foreach (string path in Repository.CodeFiles)
        {
            foreach (CodeMember member in CodeBlocks.MembersOf(Repository.Read(path)))
            {
                if (member.Lines > LongerMembers.GetValueOrDefault(path, MemberLinesMax))
                    tooLong.Add($"{path}:{member.FirstLine}: {member.Lines} lines");
            }
        }
        tooLong.ShouldBeEmpty();
    }

    [Fact]
    public void Exceptions_that_are_no_longer_needed_are_dropped()
    {
        foreach ((string path, int lines) in LongerFiles)
            Repository.Read(path).AsSpan().Count('\n').ShouldBe(lines, path);
        foreach ((string path, int lines) in LongerMembers)
            CodeBlocks.MembersOf(Repository.Read(path)).Max(member => member.Lines).ShouldBe(lines, path);
    }

    [Fact]
    public void Members_are_found_whatever_their_literals_hold()
    {
        const string Source = """"
            namespace A;
            public sealed class B
            {
                private const string C = "{ \" {";
                public string D(int one) // {
                {
                    char brace = '{', quote = '\'';
                    return $"{(one > 0 ? "}" : $"{{{one}")}" + @"{""{" + """ { """;
                }

                public int E
                {
                    get => 1;
                }
            }
            """";
        CodeBlocks.MembersOf(Source).Select(member => (member.FirstLine, member.Lines)).ShouldBe([(5, 5), (11, 4)]);
    }
}
