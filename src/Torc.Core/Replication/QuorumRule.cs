using System.Runtime.CompilerServices;

namespace Torc.Core.Replication;

/// <summary>
/// What has to answer a read or hold a write before a level is met: of each of some sets of replicas so many. Most levels name one set;
/// EACH_QUORUM one for every data centre. A value without references: making one costs no memory.
/// </summary>
public struct QuorumRule
{
    /// <summary>No more sets than replicas.</summary>
    public const int ClausesMax = ReplicaSet.ReplicasMax;

    private Clauses _clauses;
    private int _count;

    /// <summary>So many of one set.</summary>
    public static QuorumRule Of(ReplicaSet set, int required)
    {
        QuorumRule rule = default;
        rule.Require(set, required);
        return rule;
    }

    /// <summary>Adds: so many of this set too. More than the set has: never met. What is asked for already is not asked for twice.</summary>
    public void Require(ReplicaSet set, int required)
    {
        for (int i = 0; i < _count; i++)
        {
            if (_clauses[i] == new Clause(set, (ushort)required))
                return;
        }
        Check.That(required > 0 && _count < ClausesMax);
        _clauses[_count++] = new Clause(set, (ushort)required);
    }

    /// <summary>Replicas whose answers can count.</summary>
    public readonly ReplicaSet Members
    {
        get
        {
            ReplicaSet members = ReplicaSet.Empty;
            for (int i = 0; i < _count; i++)
                members = members.Or(_clauses[i].Set);
            return members;
        }
    }

    /// <summary>Answers needed in all.</summary>
    public readonly int Required
    {
        get
        {
            int required = 0;
            for (int i = 0; i < _count; i++)
                required += _clauses[i].Required;
            return required;
        }
    }

    public readonly bool IsMetBy(ReplicaSet replicas)
    {
        for (int i = 0; i < _count; i++)
        {
            if (_clauses[i].Set.And(replicas).Count < _clauses[i].Required)
                return false;
        }
        return true;
    }

    /// <summary>Replicas of the sets of which more are needed than there are in <paramref name="having"/>, without those.</summary>
    public readonly ReplicaSet Lacking(ReplicaSet having)
    {
        ReplicaSet lacking = ReplicaSet.Empty;
        for (int i = 0; i < _count; i++)
        {
            if (_clauses[i].Set.And(having).Count < _clauses[i].Required)
                lacking = lacking.Or(_clauses[i].Set);
        }
        return lacking.Except(having);
    }

    private readonly record struct Clause(ReplicaSet Set, ushort Required);

    [InlineArray(ClausesMax)]
    private struct Clauses
    {
        private Clause _first;
    }
}
