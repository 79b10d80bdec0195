using Torc.Core.Placement;

namespace Torc.Node.Control;

/// <summary>Links with members that were removed: each stays a while, for the node to hear that it is none any more.</summary>
internal sealed class Farewells
{
    private const long FarewellMs = 1_000;
    private readonly Dictionary<ushort, long> _dueMicros = [];

    /// <summary>A map came into use: its removed nodes among those that are linked have a moment left.</summary>
    public void Use(ClusterMap map, IEnumerable<ushort> linked, Instant now)
    {
        foreach (ushort node in linked)
        {
            if (map.PlaceOf(node) < 0 && map.IsRemoved(node))
                _dueMicros.TryAdd(node, now.MonotonicMicros + FarewellMs * Instant.MicrosPerMs);
        }
    }

    public void LinkDown(ushort node) => _dueMicros.Remove(node);

    public void Run(Instant now, Outbox outbox)
    {
        foreach ((ushort node, long dueMicros) in _dueMicros)
        {
            if (now.MonotonicMicros >= dueMicros)
                outbox.LinksToEnd.Add(node);
        }
    }
}
