// Notices a node whose log has gone back in time: its data directory was replaced by an earlier copy of itself.
//
// What a node acknowledged and then forgot is not noticed by looking at its files: an earlier state of a log is as whole as a later one. Its peers
// notice: each tells the others with its heartbeats how far its log has come, and they remember it for as long as they run. When a link opens each
// side tells which runs its log has had and how much of it each found, and what it remembers of the other (PeerGreeting). If a peer remembers a run
// that the log does not know, or more of one than was found after it, the link is refused (LinkHandshake) and the node takes its copies to be
// incomplete, as after a loss of power; from then on its greetings say so, and links open.
//
// Nothing is noticed when no peer runs that heard the later state: when a whole cluster is put back to one moment, that is as it should be.

using System.Collections.Immutable;
using Torc.Node.Peers;

namespace Torc.Node.Control;

internal sealed class LogPositions(TorcNode node)
{
    /// <summary>By node: what it told last. Replaced, never changed.</summary>
    public ImmutableDictionary<ushort, LogPosition> Told { get; private set; } = ImmutableDictionary<ushort, LogPosition>.Empty;

    /// <summary>This node's log ends before what it told a peer in an earlier run.</summary>
    public bool WentBack { get; private set; }

    /// <summary>False when that was known.</summary>
    public bool TryGoBack()
    {
        bool isNew = !WentBack;
        WentBack = true;
        return isNew;
    }

    /// <summary>What this node tells now.</summary>
    public LogPosition Own => new(node.Identity.Self.Birth, node.Identity.Incarnation, node.LogOffset);

    /// <summary>A run whose log does not know yet that it tells of it, and that therefore tells of nothing, does not replace what an earlier one told.</summary>
    public void Take(ushort from, in LogPosition told)
    {
        if (told.Offset > 0 && Told.GetValueOrDefault(from) != told)
            Told = Told.SetItem(from, told);
    }
}
