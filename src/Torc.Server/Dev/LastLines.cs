namespace Torc.Server.Dev;

/// <summary>The last lines a node wrote, for the moment it dies. Bounded; any thread.</summary>
internal sealed class LastLines
{
    internal const int LinesMax = 12;
    private readonly Queue<string> _lines = new();
    private readonly Lock _gate = new();

    internal void Add(string line)
    {
        lock (_gate)
        {
            if (_lines.Count == LinesMax)
                _lines.Dequeue();
            _lines.Enqueue(line);
        }
    }

    internal IReadOnlyList<string> Snapshot()
    {
        lock (_gate)
            return [.. _lines];
    }
}
