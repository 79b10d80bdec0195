namespace Torc.SystemTests.Harness;

/// <summary>A small file system in memory, to be filled; gone with its test. Needs <see cref="Need.Mount"/>.</summary>
internal sealed class TemporaryMount : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    internal TemporaryMount(string size) => Tool.Run("mount", "-t", "tmpfs", "-o", $"size={size}", "tmpfs", _directory.Path).ShouldSucceed();

    internal string Sub(string name) => _directory.Sub(name);

    public void Dispose()
    {
        Tool.Run("umount", "-l", _directory.Path);
        _directory.Dispose();
    }
}
