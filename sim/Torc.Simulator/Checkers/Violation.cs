namespace Torc.Simulator.Checkers;

/// <summary>An invariant that a run broke.</summary>
/// <param name="Invariant">Its number in docs/ARCHITECTURE.md.</param>
/// <param name="What">For a person: what was seen and what forbids it.</param>
/// <param name="Key">The key it is about; empty when it is about none.</param>
public sealed record Violation(int Invariant, string What, string Key = "")
{
    public override string ToString() => $"invariant {Invariant}: {What}";
}
