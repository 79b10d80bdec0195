using Torc.Base;
using Torc.Core.Repair;

namespace Torc.Tests.Core.Repair;

public sealed class MerkleTreeTests
{
    private static readonly byte[] Keyspaces = [0];

    /// <summary>Changes go on while the tree is built and built again, deeper; keys come, change and go.</summary>
    [Fact]
    public void A_tree_kept_with_each_change_is_the_tree_of_the_rows()
    {
        for (ulong seed = 1; seed <= 200; seed++)
            ChangeAndBuild(seed);
    }

    private static void ChangeAndBuild(ulong seed)
    {
        var random = new SeededRandom(seed);
        var rows = new SortedDictionary<ulong, ulong>();
        for (int row = random.Below(300); row > 0; row--)
            rows[random.Next()] = random.Next() | 1;
        var tree = new PartitionTree(isEmpty: rows.Count == 0);
        for (int step = 0; step < 400; step++)
        {
            ulong key = rows.Count > 0 && random.Chance(0.5) ? rows.Keys.ElementAt(random.Below(rows.Count)) : random.Next();
            ulong before = rows.GetValueOrDefault(key), after = random.Chance(0.2) ? 0 : random.Next() | 1;
            tree.Change(key, before, after);
            rows[key] = after;
            if (!tree.IsBuilding && random.Chance(0.05))
                tree.BeginBuild(random.Below(5_000));
            else if (tree.IsBuilding && random.Chance(0.5))
                CountRange(tree, rows, random);
        }
        while (tree.IsBuilding || tree.Tree is null)
        {
            if (!tree.IsBuilding)
                tree.BeginBuild(rows.Count);
            CountRange(tree, rows, random);
        }
        var expected = new MerkleTree(tree.Tree.Depth);
        foreach ((ulong key, ulong hash) in rows)
            expected.Change(key, hash);
        tree.Tree.Root.ShouldBe(expected.Root, $"seed {seed}");
        for (int leaf = 0; leaf < MerkleTree.NodesAt(expected.Depth); leaf++)
            tree.Tree.NodeAt(expected.Depth, leaf).ShouldBe(expected.NodeAt(expected.Depth, leaf), $"seed {seed}");
    }

    [Fact]
    public void Trees_of_different_depth_agree_on_the_levels_that_both_have()
    {
        var random = new SeededRandom(3);
        MerkleTree shallow = new(2), deep = new(4);
        for (int row = 0; row < 1_000; row++)
        {
            ulong key = random.Next(), hash = random.Next();
            shallow.Change(key, hash);
            deep.Change(key, hash);
        }
        deep.Root.ShouldBe(shallow.Root);
        deep.NodeAt(0, 0).ShouldBe(deep.Root);
        for (int node = 0; node < MerkleTree.NodesAt(2); node++)
            deep.NodeAt(2, node).ShouldBe(shallow.NodeAt(2, node));
    }

    [Fact]
    public void A_descent_finds_exactly_the_ranges_that_differ()
    {
        for (ulong seed = 1; seed <= 100; seed++)
            Descend(seed);
    }

    private static void Descend(ulong seed)
    {
        var random = new SeededRandom(seed);
        int depth = 1 + random.Below(3), rows = random.Below(2_000);
        MerkleTree mine = new(depth), theirs = new(1 + random.Below(4));
        for (int row = 0; row < rows; row++)
        {
            ulong key = random.Next(), hash = random.Next();
            mine.Change(key, hash);
            theirs.Change(key, hash);
        }
        var differing = new List<ulong>();
        for (int count = 1 + random.Below(30); count > 0; count--)
        {
            differing.Add(random.Next());
            theirs.Change(differing[^1], random.Next());
        }
        var descent = new TreeDescent();
        descent.Begin(mine.Depth, theirs.Depth);
        while (!descent.IsFinished)
            descent.Answer(Answer(descent, theirs), mine).ShouldBeTrue();
        foreach (ulong key in differing)
            descent.Ranges.Count(range => HashRange.Contains(range.From, range.End, key)).ShouldBe(1, $"seed {seed}");
        int common = Math.Min(mine.Depth, theirs.Depth);
        var leaves = differing.Select(key => key >> (64 - 4 * common)).ToHashSet();
        ulong width = 1UL << (64 - 4 * common);
        foreach ((ulong from, ulong end) in descent.Ranges)
        {
            for (ulong leaf = from; leaf != end; leaf += width)
                leaves.ShouldContain(leaf >> (64 - 4 * common), $"seed {seed}");
        }
    }

    /// <summary>The whole exchange, its messages' bodies counted, with listings of 40 byte keys.</summary>
    [Fact]
    public void One_differing_row_in_a_million_costs_less_than_64_kB()
    {
        const int rows = 1_000_000;
        var random = new SeededRandom(7);
        int depth = MerkleTree.DepthFor(rows);
        MerkleTree mine = new(depth), theirs = new(depth);
        const ulong changed = 0x0123_4567_89ab_cdef;
        int inLeaf = 0;
        for (int row = 0; row < rows; row++)
        {
            ulong key = random.Next(), hash = random.Next();
            mine.Change(key, hash);
            theirs.Change(key, hash);
            inLeaf += key >> (64 - 4 * depth) == changed >> (64 - 4 * depth) ? 1 : 0;
        }
        theirs.Change(changed, 99);
        using var exchange = new PartitionExchange(0, 1, Keyspaces, new Own(mine));
        using var bytes = new ByteWriter();
        PeerRoot.Write(bytes, 0, theirs);
        exchange.PeerRoots(peerIsComplete: true, bytes.Written).ShouldBeTrue();
        long asked = 0;
        while (exchange.Step == ExchangeStep.AskNodes)
        {
            asked += 10 + exchange.Question.Length * sizeof(int);
            bytes.Clear();
            TreeDescent.TryAnswer(theirs, exchange.Level, QuestionBytes(exchange.Question), bytes).ShouldBeTrue();
            exchange.PeerNodes(answered: true, bytes.Written);
        }
        exchange.Step.ShouldBe(ExchangeStep.AskPeer);
        HashRange.Contains(exchange.From, exchange.To, changed).ShouldBeTrue();
        (exchange.To - exchange.From).ShouldBe(1UL << (64 - 4 * depth));
        inLeaf.ShouldBeLessThanOrEqualTo(2 * MerkleTree.RowsPerLeafMax);
        long listing = (inLeaf + 1) * (4 + 40 + 24);
        (asked + exchange.BytesCompared + listing).ShouldBeLessThan(64 * 1024);
    }

    [Fact]
    public void Equal_roots_end_an_exchange_at_once_and_no_tree_means_listing()
    {
        var tree = new MerkleTree(1);
        tree.Change(5, 6);
        using var roots = new ByteWriter();
        PeerRoot.Write(roots, 0, tree);
        using var equal = new PartitionExchange(0, 1, Keyspaces, new Own(tree));
        equal.PeerRoots(true, roots.Written).ShouldBeTrue();
        equal.Step.ShouldBe(ExchangeStep.Finished);
        equal.PeerWasComplete.ShouldBeTrue();

        using var unbuilt = new PartitionExchange(0, 1, Keyspaces, new Own(null, isBuilt: false));
        unbuilt.PeerRoots(true, roots.Written).ShouldBeTrue();
        unbuilt.Step.ShouldBe(ExchangeStep.AskPeer);
        (unbuilt.From, unbuilt.To).ShouldBe((0UL, 0UL));

        using var left = new PartitionExchange(0, 1, Keyspaces, new Own(null, isBuilt: false), onlyTrees: true);
        left.PeerRoots(true, roots.Written).ShouldBeTrue();
        left.Step.ShouldBe(ExchangeStep.Finished);
        left.LeftOut.ShouldBeTrue();
    }

    [Fact]
    public void Malformed_roots_and_nodes_are_refused()
    {
        using var exchange = new PartitionExchange(0, 1, Keyspaces, new Own(new MerkleTree(1)));
        exchange.PeerRoots(true, [0, 1, 2]).ShouldBeFalse();
        exchange.PeerRoots(true, [9, 1, 1, 1, 1, 1, 1, 1, 1, 1]).ShouldBeFalse();
        exchange.PeerRoots(true, [0, 99, 1, 1, 1, 1, 1, 1, 1, 1]).ShouldBeFalse();
        exchange.PeerRoots(true, [0, 1, 1, 1, 1, 1, 1, 1, 1, 1]).ShouldBeTrue();
        exchange.PeerNodes(answered: true, [1, 2, 3]);
        exchange.Step.ShouldBe(ExchangeStep.AskPeer, "it lists instead");
        using var answer = new ByteWriter();
        TreeDescent.TryAnswer(new MerkleTree(1), 1, [], answer).ShouldBeFalse();
        TreeDescent.TryAnswer(new MerkleTree(2), 1, [16, 0, 0, 0], answer).ShouldBeFalse();
    }

    private static byte[] Answer(TreeDescent descent, MerkleTree theirs)
    {
        using var answer = new ByteWriter();
        TreeDescent.TryAnswer(theirs, descent.Level, QuestionBytes(descent.Question), answer).ShouldBeTrue();
        return answer.Written.ToArray();
    }

    private static byte[] QuestionBytes(ReadOnlySpan<int> nodes)
    {
        using var bytes = new ByteWriter();
        foreach (int node in nodes)
            bytes.WriteUInt32((uint)node);
        return bytes.Written.ToArray();
    }

    private static void CountRange(PartitionTree tree, SortedDictionary<ulong, ulong> rows, SeededRandom random)
    {
        var range = rows.SkipWhile(row => row.Key < tree.Reached).Take(1 + random.Below(200)).ToList();
        ulong end = range.Count == 0 || range[^1].Key == rows.Keys.Last() ? 0 : range[^1].Key + 1;
        foreach ((ulong key, ulong hash) in range)
            tree.Count(key, hash);
        tree.RangeCounted(end);
    }

    private sealed class Own(MerkleTree? own, bool isBuilt = true) : IOwnTrees
    {
        public bool TryGetTree(byte keyspace, out MerkleTree? tree)
        {
            tree = own;
            return isBuilt;
        }
    }
}
