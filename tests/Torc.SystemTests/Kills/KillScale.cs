namespace Torc.SystemTests.Kills;

/// <summary>How much the kill test does: little in CI, all of it with <c>TORC_KILL_TEST=full</c>.</summary>
internal sealed record KillScale(int Writes, int SingleKills, int KillsOfAll)
{
    internal static KillScale Chosen { get; } = Environment.GetEnvironmentVariable("TORC_KILL_TEST") == "full"
        ? new KillScale(1_000_000, 100, 50)
        : new KillScale(100_000, 10, 5);
}
