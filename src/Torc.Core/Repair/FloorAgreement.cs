namespace Torc.Core.Repair;

/// <summary>What is asked of a node. Numbers are sent, so they are frozen by a test.</summary>
public enum FloorStep : byte
{
    /// <summary>Of every node of the map: keep no hints of the partition at or below the stamp and take none; replicas: stamp nothing at or below it any more.</summary>
    Close = 1,

    /// <summary>Of every replica, when all nodes have closed: pull from every other replica, and say so when that is done.</summary>
    Hold = 2,

    /// <summary>Of every replica, when all of them hold everything: the stamp is the floor.</summary>
    Raise = 3,
}

public enum FloorAnswer : byte
{
    /// <summary>Done, and in the log.</summary>
    Done = 1,

    /// <summary>Ask again.</summary>
    NotYet = 2,

    /// <summary>It will not be: the copy is incomplete, or knows of a later agreement.</summary>
    Refused = 3,
}

/// <summary>
/// One attempt to raise a partition's garbage floor, at the replica that makes it: asks, and asks again, until all have answered a step, and only then begins the next.
/// <code>
///  Close ──all nodes of the map──► Hold ──all replicas──► Raise ──all replicas──► finished
///    └────── a refusal, a change of the map, or time: nothing happened, a later attempt takes another stamp
/// </code>
/// </summary>
/// <remarks>
/// Nothing hangs on who attempts it, on how many do at once, or on its end: what a node has said it has said in its log, to everybody. A replica that never hears that the floor was raised
/// meets it at its next exchange with one that did.
/// </remarks>
public sealed class FloorAgreement
{
    private readonly List<ushort> _nodes = [];
    private readonly List<ushort> _replicas = [];
    private readonly HashSet<ushort> _done = [];

    /// <param name="stamp">The floor to be; no other attempt has the same.</param>
    /// <param name="nodes">All of the map.</param>
    /// <param name="replicas">Of the partition, which is not moving.</param>
    public FloorAgreement(ulong stamp, IEnumerable<ushort> nodes, ReadOnlySpan<ushort> replicas)
    {
        Check.That(stamp > 0 && replicas.Length > 0);
        Stamp = stamp;
        _nodes.AddRange(nodes);
        foreach (ushort replica in replicas)
        {
            Check.That(_nodes.Contains(replica));
            _replicas.Add(replica);
        }
    }

    public ulong Stamp { get; }

    public FloorStep Step { get; private set; } = FloorStep.Close;

    /// <summary>Every replica has the floor.</summary>
    public bool IsFinished { get; private set; }

    public bool HasFailed { get; private set; }

    /// <summary>Whom the step is asked of.</summary>
    public IReadOnlyList<ushort> Asked => Step == FloorStep.Close ? _nodes : _replicas;

    /// <summary>The step waits for a node.</summary>
    public bool Awaits(ushort node) => !IsFinished && !HasFailed && Asked.Contains(node) && !_done.Contains(node);

    /// <summary>True when a step ended: the next is to be asked at once.</summary>
    public bool Answered(ushort node, FloorStep step, FloorAnswer answer)
    {
        if (step != Step || !Awaits(node) || answer == FloorAnswer.NotYet)
            return false;
        // Once it is raised somewhere there is no way back: who refuses then meets the floor in an exchange.
        if (answer == FloorAnswer.Refused && Step != FloorStep.Raise)
        {
            HasFailed = true;
            return false;
        }
        _done.Add(node);
        if (_done.Count < Asked.Count)
            return false;
        _done.Clear();
        IsFinished = Step == FloorStep.Raise;
        if (!IsFinished)
            Step++;
        return !IsFinished;
    }
}
