using System.Text.RegularExpressions;

namespace Torc.Tests.House;

public sealed class StructureTests
{
    private static readonly Regex Namespace = new(@"^namespace\s+([\w.]+)\s*[;{]", RegexOptions.Multiline | RegexOptions.CultureInvariant);
    private static readonly Regex Partial = new(@"\bpartial\s+(?:class|struct|record|interface)\s+(?:struct\s+|class\s+)?(\w+)", RegexOptions.CultureInvariant);

    /// <summary>What asks for a partial type because a generator writes the other part.</summary>
    private static readonly string[] Generators = ["[LibraryImport", "[LoggerMessage", "[GeneratedRegex", "[JsonSerializable"];

    [Fact]
    public void Folder_is_namespace()
    {
        var wrong = new List<string>();
        foreach (string path in Repository.CodeFiles)
        {
            Match found = Namespace.Match(CodeText.Blank(Repository.Read(path)));
            string expected = string.Join('.', path.Split('/')[1..^1]);
            if (found.Success && found.Groups[1].Value != expected)
                wrong.Add($"{path}: {found.Groups[1].Value}");
        }
        wrong.ShouldBeEmpty();
    }

    [Fact]
    public void Only_entry_points_and_global_usings_have_no_namespace() =>
        Repository.CodeFiles
            .Where(path => !Namespace.IsMatch(CodeText.Blank(Repository.Read(path))))
            .ShouldAllBe(path => path.EndsWith("/Program.cs") || path.EndsWith("/GlobalUsings.cs") || path.EndsWith("/AssemblyInfo.cs"));

    [Fact]
    public void Types_are_whole_unless_a_generator_writes_the_rest()
    {
        var seen = new Dictionary<string, string>();
        foreach (string path in Repository.CodeFiles)
        {
            string source = Repository.Read(path);
            foreach (Match match in Partial.Matches(CodeText.Blank(source)))
            {
                Generators.ShouldContain(generator => source.Contains(generator), $"{path}: partial {match.Groups[1].Value}");
                string name = $"{Namespace.Match(source).Groups[1].Value}.{match.Groups[1].Value}";
                seen.TryAdd(name, path).ShouldBeTrue($"{name} is in {path} and {seen[name]}");
            }
        }
    }

    [Fact]
    public void Links_in_documents_lead_somewhere()
    {
        string[] documents = [.. Directory.EnumerateFiles(Repository.Root, "*.md")
            .Concat(Directory.Exists(Path.Combine(Repository.Root, "docs"))
                ? Directory.EnumerateFiles(Path.Combine(Repository.Root, "docs"), "*.md", SearchOption.AllDirectories)
                : [])];
        var broken = new List<string>();
        foreach (string document in documents)
        {
            foreach (Match link in Regex.Matches(File.ReadAllText(document), @"\]\(([^)#\s]+)(#[^)]*)?\)"))
            {
                string target = link.Groups[1].Value;
                if (target.Contains("://") || target.StartsWith("mailto:", StringComparison.Ordinal))
                    continue;
                if (!Path.Exists(Path.Combine(Path.GetDirectoryName(document)!, target)))
                    broken.Add($"{Path.GetRelativePath(Repository.Root, document)}: {target}");
            }
        }
        broken.ShouldBeEmpty();
    }
}
