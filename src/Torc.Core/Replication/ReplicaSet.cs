using System.Numerics;

namespace Torc.Core.Replication;

/// <summary>A set of replicas of one preference list, by index: a bit mask, so that counting answers costs no memory.</summary>
public readonly record struct ReplicaSet(ushort Bits)
{
    /// <summary>The longest preference list.</summary>
    public const int ReplicasMax = 16;

    public static ReplicaSet Empty => default;

    public int Count => BitOperations.PopCount(Bits);

    public bool IsEmpty => Bits == 0;

    /// <summary>The lowest index, or -1.</summary>
    public int First => Bits == 0 ? -1 : BitOperations.TrailingZeroCount(Bits);

    public static ReplicaSet FirstOf(int count)
    {
        Check.That(count is >= 0 and <= ReplicasMax);
        return new ReplicaSet((ushort)((1 << count) - 1));
    }

    public static ReplicaSet Single(int replica) => Empty.With(replica);

    public bool Contains(int replica) => replica is >= 0 and < ReplicasMax && (Bits >> replica & 1) != 0;

    public ReplicaSet With(int replica)
    {
        Check.That(replica is >= 0 and < ReplicasMax);
        return new ReplicaSet((ushort)(Bits | 1 << replica));
    }

    public ReplicaSet Without(int replica) => Contains(replica) ? new ReplicaSet((ushort)(Bits & ~(1 << replica))) : this;

    public ReplicaSet And(ReplicaSet other) => new((ushort)(Bits & other.Bits));

    public ReplicaSet Or(ReplicaSet other) => new((ushort)(Bits | other.Bits));

    public ReplicaSet Except(ReplicaSet other) => new((ushort)(Bits & ~other.Bits));

    public Enumerator GetEnumerator() => new(Bits);

    /// <summary>Visits the indices in ascending order.</summary>
    public struct Enumerator(ushort bits)
    {
        private int _left = bits;

        public int Current { get; private set; } = -1;

        public bool MoveNext()
        {
            if (_left == 0)
                return false;
            Current = BitOperations.TrailingZeroCount(_left);
            _left &= _left - 1;
            return true;
        }
    }
}
