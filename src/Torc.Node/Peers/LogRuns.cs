namespace Torc.Node.Peers;

/// <summary>One run of a node on a log: <c>incarnation u64 | found i64</c>.</summary>
/// <param name="Incarnation">Of the run.</param>
/// <param name="Found">How much of the log it found when it started.</param>
public readonly record struct LogRun(ulong Incarnation, long Found)
{
    public const int Bytes = 16;

    public void Encode(ByteWriter to)
    {
        to.WriteUInt64(Incarnation);
        to.WriteInt64(Found);
    }

    public static LogRun Decode(ref ByteReader from) => new(from.ReadUInt64(), from.ReadInt64());
}

/// <summary>
/// The latest runs that a log knows of and that told a peer of it, then the one that speaks. A log that was put back to an earlier state does not know the runs since, or found less of one
/// than that run had told its peers (<see cref="LogPosition"/>).
/// </summary>
public sealed class LogRuns : IEquatable<LogRuns>
{
    public const int KeptMax = 16;

    private readonly LogRun[] _runs;

    /// <param name="runs">Oldest first, at least one and at most <see cref="KeptMax"/>.</param>
    public LogRuns(params ReadOnlySpan<LogRun> runs)
    {
        Check.That(runs.Length is > 0 and <= KeptMax);
        _runs = runs.ToArray();
    }

    public LogRun Newest => _runs[^1];

    /// <summary>All but the newest, oldest first.</summary>
    public ReadOnlySpan<LogRun> Earlier => _runs.AsSpan(0, _runs.Length - 1);

    /// <summary>With one run more. When there are too many the oldest two are forgotten, but for what the oldest found: the peer that remembers one of them takes it for lost.</summary>
    public LogRuns Then(LogRun run) => _runs.Length < KeptMax ? new([.. _runs, run]) : new([_runs[0] with { Incarnation = 0 }, .. _runs[2..], run]);

    /// <summary>The newest run told nobody of its log, and is followed by another: nobody will ask for it, and what that one finds is not more than this one did.</summary>
    public LogRuns Instead(ulong incarnation) => new([.. Earlier, Newest with { Incarnation = incarnation }]);

    /// <summary>
    /// How much of what a run had written was found again, as far as is known here: by the run after it; of a run that is not known, which was before all of these or was forgotten by the log, what the
    /// oldest found.
    /// </summary>
    public long FoundAfter(ulong incarnation)
    {
        for (int index = 0; index + 1 < _runs.Length; index++)
        {
            if (_runs[index].Incarnation == incarnation)
                return _runs[index + 1].Found;
        }
        return _runs[0].Found;
    }

    /// <summary>Of a node with several logs: the runs that all know, what they found summed. A run that some do not know told nobody.</summary>
    public static LogRuns Sum(params ReadOnlySpan<LogRuns> logs)
    {
        var runs = new List<LogRun>();
        ulong? before = null;
        foreach (LogRun run in logs[0]._runs)
        {
            long found = 0;
            bool isKnown = true;
            foreach (LogRuns log in logs)
            {
                found += before is null ? log._runs[0].Found : log.FoundAfter(before.Value);
                isKnown &= Array.Exists(log._runs, other => other.Incarnation == run.Incarnation);
            }
            if (!isKnown)
                continue;
            runs.Add(run with { Found = found });
            before = run.Incarnation;
        }
        return new LogRuns([.. runs]);
    }

    public bool Equals(LogRuns? other) => other is not null && _runs.AsSpan().SequenceEqual(other._runs);

    public override bool Equals(object? obj) => Equals(obj as LogRuns);

    public override int GetHashCode() => Newest.GetHashCode();
}
