using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Torc.Base;

/// <summary>
/// Assertions. <see cref="That"/> is always on: a broken invariant stops the process before it spreads.
/// <see cref="Deep"/> is for checks that cost more than the code they guard, and compiles only into
/// builds that define <c>TORC_DEEP_CHECKS</c> (Debug).
/// </summary>
public static class Check
{
    public static void That(
        [DoesNotReturnIf(false)] bool condition,
        [CallerArgumentExpression(nameof(condition))] string? expression = null)
    {
        if (!condition)
            Fail(expression);
    }

    [Conditional("TORC_DEEP_CHECKS")]
    public static void Deep(
        bool condition,
        [CallerArgumentExpression(nameof(condition))] string? expression = null)
    {
        if (!condition)
            Fail(expression);
    }

    [DoesNotReturn]
    private static void Fail(string? expression) => throw new InvariantException($"Invariant broken: {expression}");
}
