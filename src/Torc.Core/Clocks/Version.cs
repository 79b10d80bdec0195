namespace Torc.Core.Clocks;

/// <summary>
/// The stamp of one write: totally ordered by (stamp, actor), the same order everywhere, as UInt128 too.
/// <see cref="None"/> is below every version that was ever issued and stands for "no write".
/// </summary>
/// <param name="Stamp">Hybrid logical clock: 48 bits of Unix milliseconds over a 16-bit counter.</param>
/// <param name="ActorValue">The <see cref="Actor"/> that issued it: breaks ties.</param>
public readonly record struct Version(ulong Stamp, ulong ActorValue) : IComparable<Version>
{
    public const int CounterBits = 16;

    /// <summary>The greatest stamp taken from a peer (the year 6429): leaves room to stamp above whatever was accepted.</summary>
    public const ulong StampMax = long.MaxValue;

    public static Version None => default;

    public bool IsNone => Stamp == 0 && ActorValue == 0;

    /// <summary>Neither absent nor beyond <see cref="StampMax"/>.</summary>
    public bool IsValid => !IsNone && Stamp <= StampMax;

    public long WallMs => (long)(Stamp >> CounterBits);

    public Actor Actor => new(ActorValue);

    /// <summary>
    /// The least version above this one: above what this one is above, and below everything else that was or will be stamped. No clock issues it, because incarnations
    /// are drawn at random; whoever makes it from the same version means the same.
    /// </summary>
    public Version Next => FromUInt128(ToUInt128() + 1);

    public UInt128 ToUInt128() => new(Stamp, ActorValue);

    public static Version FromUInt128(UInt128 value) => new((ulong)(value >> 64), (ulong)value);

    public static Version Max(Version left, Version right) => left < right ? right : left;

    public int CompareTo(Version other)
    {
        int order = Stamp.CompareTo(other.Stamp);
        return order != 0 ? order : ActorValue.CompareTo(other.ActorValue);
    }

    public static bool operator <(Version left, Version right) =>
        left.Stamp < right.Stamp || (left.Stamp == right.Stamp && left.ActorValue < right.ActorValue);

    public static bool operator >(Version left, Version right) => right < left;

    public static bool operator <=(Version left, Version right) => !(right < left);

    public static bool operator >=(Version left, Version right) => !(left < right);

    public override string ToString() => $"{WallMs}.{Stamp & ((1UL << CounterBits) - 1)}@{Actor.NodeId}.{Actor.Incarnation:x}";
}
