using System.Buffers.Binary;

namespace Torc.Core.Repair;

/// <summary>
/// Finds the hash ranges in which a peer's Merkle tree differs from the own one: level by level, asking for the children of the nodes
/// that differ, down to the leaves of the shallower tree.
/// </summary>
/// <remarks>
/// Mostly only what the peer holds is of interest: a node that is 0 at the peer has no rows there. Rows go on changing on both sides meanwhile; a change
/// in between costs a range that is listed for nothing, or is found by the next exchange, since a row that the peer held before the
/// first question and still lacks here keeps its whole path different.
/// </remarks>
public sealed class TreeDescent
{
    /// <summary>Nodes whose children are asked for in one message: its answer has 16 hashes of 8 bytes for each.</summary>
    public const int NodesPerQuestionMax = 128;

    private readonly List<int> _asked = [];
    private readonly List<int> _differing = [];
    private readonly List<(ulong From, ulong End)> _ranges = [];
    private int _depth, _from;
    private bool _bothWays;

    /// <summary>The level of the nodes whose children are to be asked for.</summary>
    public int Level { get; private set; }

    /// <summary>The ranges are known.</summary>
    public bool IsFinished { get; private set; }

    /// <summary>Ascending; neighbours are one range.</summary>
    public IReadOnlyList<(ulong From, ulong End)> Ranges => _ranges;

    /// <summary>The roots differ.</summary>
    /// <param name="ownDepth">Of this side's tree.</param>
    /// <param name="peerDepth">Of the peer's.</param>
    /// <param name="bothWays">Ranges in which only this side holds rows are of interest too.</param>
    public void Begin(int ownDepth, int peerDepth, bool bothWays = false)
    {
        _bothWays = bothWays;
        _depth = Math.Min(ownDepth, peerDepth);
        Check.That(_depth >= MerkleTree.DepthMin);
        Level = 0;
        IsFinished = false;
        _ranges.Clear();
        _differing.Clear();
        _asked.Clear();
        _asked.Add(0);
        _from = 0;
    }

    /// <summary>The whole keyspace is one range: one side has no tree now, or this side has no rows.</summary>
    public void TakeAll()
    {
        IsFinished = true;
        _ranges.Clear();
        _ranges.Add((0, 0));
    }

    /// <summary>The next nodes whose children are to be asked for, on <see cref="Level"/>.</summary>
    public ReadOnlySpan<int> Question =>
        System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_asked).Slice(_from, Math.Min(NodesPerQuestionMax, _asked.Count - _from));

    /// <summary>The peer's answer: all children of the <see cref="Question"/> in order. False when it is malformed, or when the own tree is no longer as deep.</summary>
    public bool Answer(ReadOnlySpan<byte> hashes, MerkleTree? own)
    {
        ReadOnlySpan<int> question = Question;
        if (IsFinished || hashes.Length != question.Length * MerkleTree.FanOut * sizeof(ulong) || own is null || own.Depth <= Level)
            return false;
        foreach (int node in question)
        {
            for (int child = node * MerkleTree.FanOut; child < (node + 1) * MerkleTree.FanOut; child++)
            {
                ulong theirs = BinaryPrimitives.ReadUInt64LittleEndian(hashes);
                hashes = hashes[sizeof(ulong)..];
                if ((theirs != 0 || _bothWays) && theirs != own.NodeAt(Level + 1, child))
                    _differing.Add(child);
            }
        }
        _from += question.Length;
        if (_from == _asked.Count)
            Descend();
        return true;
    }

    /// <summary>What a replica answers; false when its tree is not so deep, or a node is none of the level's.</summary>
    public static bool TryAnswer(MerkleTree? tree, int level, ReadOnlySpan<byte> nodes, ByteWriter answer)
    {
        if (level < 0 || level >= MerkleTree.DepthMax || (tree is not null && tree.Depth <= level))
            return false;
        for (; nodes.Length >= sizeof(int); nodes = nodes[sizeof(int)..])
        {
            int node = BinaryPrimitives.ReadInt32LittleEndian(nodes);
            if (node < 0 || node >= MerkleTree.NodesAt(level))
                return false;
            for (int child = 0; child < MerkleTree.FanOut; child++)
                answer.WriteUInt64(tree?.NodeAt(level + 1, node * MerkleTree.FanOut + child) ?? 0);
        }
        return nodes.IsEmpty;
    }

    private void Descend()
    {
        Level++;
        _asked.Clear();
        _asked.AddRange(_differing);
        _differing.Clear();
        _from = 0;
        if (Level < _depth && _asked.Count > 0)
            return;
        IsFinished = true;
        foreach (int node in _asked)
        {
            ulong from = MerkleTree.FirstHash(Level, node), end = MerkleTree.FirstHash(Level, node + 1);
            if (_ranges.Count > 0 && _ranges[^1].End == from)
                _ranges[^1] = (_ranges[^1].From, end);
            else
                _ranges.Add((from, end));
        }
    }
}
