using System.Diagnostics;
using Torc.SystemTests.Networks;

// Each test starts processes that want the whole machine, and some measure memory and time.
[assembly: CollectionBehavior(DisableTestParallelization = true)]

namespace Torc.SystemTests.Harness;

/// <summary>What a test needs of the machine beyond the tools that <c>.ci/setup</c> installs.</summary>
public enum Need
{
    Nothing,

    /// <summary>The right to mount a small file system, to fill it.</summary>
    Mount,

    /// <summary>The right to make network namespaces and to filter in them.</summary>
    Network,
}

/// <summary>
/// Whether system tests run. They start real processes and real clients for minutes, so they run when asked to; then
/// a missing tool is a failure, never a skipped test.
/// </summary>
internal static class SystemRun
{
    internal const string Variable = "TORC_SYSTEM_TESTS";

    private const string NotAsked =
        "SKIPPED, NOT TESTED: real processes and real clients. Run .ci/setup once, then TORC_SYSTEM_TESTS=1 dotnet test -c Release tests/Torc.SystemTests";

    private const string NoMount = "SKIPPED, NOT TESTED: needs the right to mount a tmpfs (root with CAP_SYS_ADMIN)";

    private const string NoNetwork = "SKIPPED, NOT TESTED: needs network namespaces and nftables (root with CAP_NET_ADMIN): ";

    private static readonly Lazy<string?> NetworkObstacle = new(TestNetwork.FindObstacle);
    private static readonly Lazy<bool> CanMount = new(TryMount);

    internal static bool IsAsked => Environment.GetEnvironmentVariable(Variable) == "1";

    /// <summary>Null: run it.</summary>
    internal static string? ReasonToSkip(Need need)
    {
        if (!IsAsked)
            return NotAsked;
        if (need == Need.Network)
            return NetworkObstacle.Value is { } obstacle ? NoNetwork + obstacle : null;
        return need == Need.Mount && !CanMount.Value ? NoMount : null;
    }

    private static bool TryMount()
    {
        using var directory = new TemporaryDirectory();
        using Process? mount = Process.Start(new ProcessStartInfo("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", directory.Path]) { RedirectStandardError = true });
        mount!.WaitForExit();
        if (mount.ExitCode != 0)
            return false;
        using Process? unmount = Process.Start("umount", [directory.Path]);
        unmount!.WaitForExit();
        return true;
    }
}

/// <summary>A test with real processes; see <see cref="SystemRun"/>.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SystemFactAttribute : FactAttribute
{
    public SystemFactAttribute(Need need = Need.Nothing) => Skip = SystemRun.ReasonToSkip(need);
}

/// <summary>A test with real processes and parameters; see <see cref="SystemRun"/>.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SystemTheoryAttribute : TheoryAttribute
{
    public SystemTheoryAttribute(Need need = Need.Nothing) => Skip = SystemRun.ReasonToSkip(need);
}
