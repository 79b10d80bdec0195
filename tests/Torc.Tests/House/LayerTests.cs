using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Text.RegularExpressions;

namespace Torc.Tests.House;

/// <summary>Who may know whom. A new edge is a decision: it is made here, where it is seen.</summary>
public sealed class LayerTests
{
    private static readonly Dictionary<string, string[]> Layers = new()
    {
        ["Torc.Base"] = [],
        ["Torc.Core"] = ["Torc.Base"],
        ["Torc.Storage"] = ["Torc.Base"],
        ["Torc.Protocols"] = ["Torc.Base"],
        ["Torc.Node"] = ["Torc.Base", "Torc.Core", "Torc.Storage", "Torc.Protocols"],
    };

    private static readonly Dictionary<string, string[]> CoreAreas = new()
    {
        ["Clocks"] = [],
        ["Cells"] = ["Clocks"],
        ["Replication"] = ["Clocks"],
        ["Placement"] = ["Replication"],
        ["Membership"] = ["Placement"],
        ["Consensus"] = ["Clocks", "Placement"],
        ["Repair"] = ["Cells", "Clocks", "Replication"],
    };

    public static TheoryData<string> LayerNames => [.. Layers.Keys];

    [Theory]
    [MemberData(nameof(LayerNames))]
    public void A_layer_refers_only_to_layers_below_it(string layer) =>
        Assembly.Load(layer).GetReferencedAssemblies()
            .Select(name => name.Name!)
            .Where(name => name.StartsWith("Torc", StringComparison.OrdinalIgnoreCase))
            .ShouldBeSubsetOf(Layers[layer]);

    /// <summary>Read from what was compiled, so that a suppressed warning of the analyzer is found too.</summary>
    [Theory]
    [MemberData(nameof(LayerNames))]
    public void A_layer_below_Server_uses_no_banned_type(string layer)
    {
        using FileStream file = File.OpenRead(Assembly.Load(layer).Location);
        using var image = new PEReader(file);
        MetadataReader metadata = image.GetMetadataReader();
        string[] used = [.. metadata.TypeReferences
            .Select(handle => metadata.GetTypeReference(handle))
            .Select(type => $"{metadata.GetString(type.Namespace)}.{metadata.GetString(type.Name)}")];
        used.Intersect(BannedTypes(layer)).ShouldBeEmpty();
    }

    [Theory]
    [MemberData(nameof(LayerNames))]
    public void Every_layer_below_Server_bans_the_same(string layer) =>
        Banned(layer).Order().ShouldBe(Banned("Torc.Base").Order());

    [Fact]
    public void Areas_of_Core_know_only_what_they_build_on()
    {
        var wrong = new List<string>();
        foreach (string path in Repository.CodeFiles.Where(path => path.StartsWith("src/Torc.Core/", StringComparison.Ordinal)))
        {
            string[] parts = path.Split('/');
            if (parts.Length == 3)
                continue;
            CoreAreas.ShouldContainKey(parts[2], "a new area of Core");
            foreach (Match match in Regex.Matches(CodeText.Blank(Repository.Read(path)), @"\bTorc\.Core\.(\w+)"))
            {
                string area = match.Groups[1].Value;
                if (area != parts[2] && !CoreAreas[parts[2]].Contains(area))
                    wrong.Add($"{path}: {area}");
            }
        }
        wrong.ShouldBeEmpty();
    }

    private static string[] Banned(string layer) =>
        [.. Repository.Read($"src/{layer}/BannedSymbols.txt").Split('\n').Select(line => line.Split(';')[0].Trim()).Where(line => line.Length > 0)];

    private static IEnumerable<string> BannedTypes(string layer) =>
        Banned(layer).Where(line => line.StartsWith("T:", StringComparison.Ordinal)).Select(line => line[2..]);
}
