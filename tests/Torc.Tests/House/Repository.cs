namespace Torc.Tests.House;

/// <summary>The source tree that these tests were built from.</summary>
internal static class Repository
{
    private static readonly string[] CodeFolders = ["src", "sim", "tests", "bench"];

    public static string Root { get; } = FindRoot();

    /// <summary>Every hand-written C# file, as paths relative to the root with forward slashes.</summary>
    public static IReadOnlyList<string> CodeFiles { get; } = [.. CodeFolders
        .Select(folder => Path.Combine(Root, folder))
        .Where(Directory.Exists)
        .SelectMany(folder => Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories))
        .Select(path => Path.GetRelativePath(Root, path).Replace('\\', '/'))
        .Where(path => !path.Split('/').Any(part => part is "bin" or "obj"))
        .Order(StringComparer.Ordinal)];

    public static string Read(string path) => File.ReadAllText(Path.Combine(Root, path));

    private static string FindRoot()
    {
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            if (File.Exists(Path.Combine(at.FullName, "Torc.slnx")))
                return at.FullName;
        }
        throw new InvalidOperationException("Torc.slnx is above none of the test's folders");
    }
}
