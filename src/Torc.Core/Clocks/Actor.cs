namespace Torc.Core.Clocks;

/// <summary>
/// Who stamped a write: a node and one run of it. The incarnation is new at every start, so that a node that lost
/// the end of its log cannot issue a stamp again that it has already given away.
/// </summary>
/// <param name="Value">Node id in the high 16 bits, incarnation in the low 48: a seed (32 bits, drawn at every start) over a
/// start counter (16 bits).</param>
public readonly record struct Actor(ulong Value)
{
    public const int IncarnationBits = 48;
    public const ulong IncarnationMax = (1UL << IncarnationBits) - 1;

    public ushort NodeId => (ushort)(Value >> IncarnationBits);

    public ulong Incarnation => Value & IncarnationMax;

    public static Actor Of(ushort nodeId, ulong incarnation)
    {
        Check.That(incarnation <= IncarnationMax);
        return new Actor(((ulong)nodeId << IncarnationBits) | incarnation);
    }
}
