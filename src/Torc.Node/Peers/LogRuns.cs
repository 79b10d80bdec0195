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
/// The latest runs that a log knows of, the one that speaks last. A log that was put back to an earlier state does not know the runs since, or found less of one
/// than that run had told its peers (<see cref="LogPosition"/>).
/// </summary>
public sealed class LogRuns : IEquatable<LogRuns>
{
    public const int KeptMax = 16;

    private readonly LogRun[] _runs;

    /// <param name="runs">Oldest first, at least one. Of more than <see cref="KeptMax"/> the oldest are dropped.</param>
    public LogRuns(params ReadOnlySpan<LogRun> runs)
    {
        Check.That(runs.Length > 0);
        _runs = runs[Math.Max(0, runs.Length - KeptMax)..].ToArray();
    }

    public LogRun Newest => _runs[^1];

    /// <summary>All but the newest, oldest first.</summary>
    public ReadOnlySpan<LogRun> Earlier => _runs.AsSpan(0, _runs.Length - 1);

    public LogRuns Then(LogRun run) => new([.. _runs, run]);

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

    /// <summary>Of a node with several logs: the runs that all know, what they found summed. A run that some do not know ended before it served.</summary>
    public static LogRuns Sum(ReadOnlySpan<LogRuns> logs)
    {
        var runs = new List<LogRun>();
        foreach (LogRun run in logs[0]._runs)
        {
            long found = 0;
            int known = 0;
            foreach (LogRuns log in logs)
            {
                int at = Array.FindIndex(log._runs, other => other.Incarnation == run.Incarnation);
                if (at < 0)
                    break;
                found += log._runs[at].Found;
                known++;
            }
            if (known == logs.Length)
                runs.Add(run with { Found = found });
        }
        return new LogRuns([.. runs]);
    }

    public bool Equals(LogRuns? other) => other is not null && _runs.AsSpan().SequenceEqual(other._runs);

    public override bool Equals(object? obj) => Equals(obj as LogRuns);

    public override int GetHashCode() => Newest.GetHashCode();
}
