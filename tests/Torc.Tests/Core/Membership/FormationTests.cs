using Torc.Base;
using Torc.Core.Membership;
using Torc.Core.Placement;
using Torc.Tests.Core.Placement;

namespace Torc.Tests.Core.Membership;

public sealed class FormationTests
{
    [Fact]
    public void A_single_first_node_makes_its_map_at_once()
    {
        Formation alone = Fresh(Settings(1), 0, birth: 7);
        alone.Begin().ShouldBe(FormationOutcome.Made);
        alone.Map!.Nodes[0].Birth.ShouldBe(7UL);
        alone.Begin().ShouldBe(FormationOutcome.Waiting);
    }

    [Fact]
    public void Nodes_make_the_same_map_once_all_have_heard_of_all()
    {
        FormationSettings settings = Settings(3);
        Formation[] nodes = [.. Enumerable.Range(0, 3).Select(id => Fresh(settings, id, (ulong)id + 1))];
        nodes[0].Hear(nodes[1].Greet()).ShouldBe(FormationOutcome.Waiting);
        nodes[0].Hear(nodes[2].Greet()).ShouldBe(FormationOutcome.Waiting, "the others have not heard of everyone");
        nodes[1].Hear(nodes[0].Greet());
        nodes[1].Hear(nodes[2].Greet()).ShouldBe(FormationOutcome.Waiting);
        nodes[2].Hear(nodes[0].Greet());
        nodes[2].Hear(nodes[1].Greet()).ShouldBe(FormationOutcome.Made);
        nodes[0].Hear(nodes[2].Greet()).ShouldBe(FormationOutcome.Adopted);
        nodes[1].Hear(nodes[0].Greet()).ShouldBe(FormationOutcome.Adopted);
        nodes.ShouldAllBe(node => node.Map!.Bytes().SequenceEqual(nodes[0].Map!.Bytes()));
    }

    [Fact]
    public void A_missing_node_holds_formation_back()
    {
        FormationSettings settings = Settings(3);
        Formation one = Fresh(settings, 0, 1), two = Fresh(settings, 1, 2);
        for (int round = 0; round < 5; round++)
        {
            one.Hear(two.Greet()).ShouldBe(FormationOutcome.Waiting);
            two.Hear(one.Greet()).ShouldBe(FormationOutcome.Waiting);
        }
    }

    [Fact]
    public void A_wiped_member_finds_another_birth_in_the_map()
    {
        FormationSettings settings = Settings(2);
        Formation one = Fresh(settings, 0, 1), two = Fresh(settings, 1, 2);
        one.Hear(two.Greet());
        two.Hear(one.Greet()).ShouldBe(FormationOutcome.Made);
        Formation wiped = Fresh(settings, 1, birth: 99);
        wiped.Hear(one.Greet()).ShouldBe(FormationOutcome.Waiting, "the other has not met the map yet");
        one.Hear(two.Greet());
        wiped.Hear(one.Greet()).ShouldBe(FormationOutcome.AdoptedAfterWipe);
        wiped.Map!.Bytes().ShouldBe(one.Map!.Bytes());
    }

    [Fact]
    public void A_restarted_member_keeps_its_map()
    {
        FormationSettings settings = Settings(1);
        Formation first = Fresh(settings, 0, 1);
        first.Begin();
        var again = new Formation(settings, Self(0, 1), first.Map);
        again.Begin().ShouldBe(FormationOutcome.Waiting);
        again.Map.ShouldBeSameAs(first.Map);
    }

    [Fact]
    public void Nodes_that_were_told_differently_do_not_form()
    {
        Formation one = Fresh(Settings(2), 0, 1), two = Fresh(Settings(2) with { Copies = 2 }, 1, 2);
        one.Hear(two.Greet()).ShouldBe(FormationOutcome.SettingsDiffer);
        two.Hear(one.Greet()).ShouldBe(FormationOutcome.SettingsDiffer);
    }

    [Fact]
    public void Copies_in_a_data_centre_without_nodes_make_no_cluster()
    {
        FormationSettings settings = Settings(1) with { Copies = CopiesWanted.Of([new("elsewhere", 2)], out _)! };
        Formation one = Fresh(settings, 0, 1);
        one.Begin().ShouldBe(FormationOutcome.Impossible);
        one.Problem.ShouldContain("No node is in data centre elsewhere");
        one.Map.ShouldBeNull();
        one.Begin().ShouldBe(FormationOutcome.Waiting, "it was said once");
        Formation old = Fresh(settings with { LevelMax = ClusterLevel.Oldest }, 0, 1);
        old.Begin().ShouldBe(FormationOutcome.Impossible);
        old.Problem.ShouldContain("takes level 3");
    }

    [Fact]
    public void A_wiped_first_node_that_was_removed_is_told_how_to_join()
    {
        FormationSettings settings = Settings(2);
        Formation member = Fresh(settings, 0, 1), other = Fresh(settings, 1, 2);
        member.Hear(other.Greet());
        other.Hear(member.Greet());
        member.Hear(other.Greet()).ShouldBe(FormationOutcome.Adopted);
        ClusterMapDraft draft = ClusterMapDraft.After(member.Map!);
        draft.Removed = [new RemovedNode(1, draft.Nodes[1].Birth)];
        draft.Nodes = [draft.Nodes[0]];
        Array.Fill(draft.Replicas, [0]);
        draft.Voters = [0];
        member.Advance(draft.ToMap());

        Formation back = Fresh(settings, 1, 3);
        FormationOutcome outcome = back.Hear(member.Greet());
        outcome.ShouldBe(FormationOutcome.WasRemoved);
        back.WhyRefused(outcome).ShouldContain("--seeds");
        back.Problem.ShouldContain("node 1 was removed");
        back.Map.ShouldBeNull();
    }

    [Fact]
    public void Strangers_are_told_apart()
    {
        FormationSettings settings = Settings(2);
        Formation one = Fresh(settings, 0, 1);
        one.Hear(Fresh(settings, 0, 5).Greet()).ShouldBe(FormationOutcome.UnknownNode, "the same id twice");
        Greeting moved = Fresh(settings, 1, 5).Greet();
        one.Hear(moved with { Sender = moved.Sender with { PeerAddress = "elsewhere:1" } }).ShouldBe(FormationOutcome.UnknownNode);

        Formation other = Fresh(Settings(1), 0, 3);
        other.Begin();
        one.Hear(other.Greet()).ShouldBe(FormationOutcome.AdoptedAfterWipe, "same address, another birth");
        Formation third = Fresh(settings, 1, 2);
        third.Hear(other.Greet()).ShouldBe(FormationOutcome.ForeignCluster, "not listed there");
        Formation fourth = Fresh(Settings(1), 0, 8);
        fourth.Begin();
        fourth.Hear(other.Greet()).ShouldBe(FormationOutcome.ForeignCluster, "another cluster id");
    }

    /// <summary>Lost and late greetings, crashes that keep and that lose the disk: never two maps, and in the end one everywhere.</summary>
    [Fact]
    public void Never_two_clusters_whatever_happens()
    {
        for (ulong seed = 0; seed < 500; seed++)
        {
            var world = new World(seed);
            for (int step = 0; step < 150; step++)
                world.Step(isCalm: false);
            for (int step = 0; step < 300; step++)
                world.Step(isCalm: true);
            world.Clusters().ShouldHaveSingleItem($"seed {seed}: one map everywhere after calm").ShouldNotBeNull();
        }
    }

    [Fact]
    public void Greetings_go_there_and_back_and_truncated_ones_are_refused()
    {
        Formation alone = Fresh(Settings(1), 0, 7);
        CheckRoundTrip(alone.Greet());
        alone.Begin();
        CheckRoundTrip(alone.Greet());
    }

    private static void CheckRoundTrip(Greeting greeting)
    {
        using var bytes = new ByteWriter();
        greeting.Encode(bytes);
        Greeting.TryDecode(bytes.Written, out Greeting? read).ShouldBeTrue();
        read!.Sender.ShouldBe(greeting.Sender);
        read.Identities.ShouldBe(greeting.Identities);
        read.SettingsDigest.ShouldBe(greeting.SettingsDigest);
        (read.Map?.Bytes()).ShouldBe(greeting.Map?.Bytes());
        for (int length = 0; length < bytes.Length; length++)
            Greeting.TryDecode(bytes.Written[..length], out _).ShouldBeFalse($"length {length}");
    }

    private static FormationSettings Settings(int nodes) =>
        new([.. Enumerable.Range(0, nodes).Select(id => SampleCluster.Node(id).PeerAddress)], 8, 3, SampleCluster.Keyspaces);

    private static NodeInfo Self(int id, ulong birth) => SampleCluster.Node(id) with { Birth = birth };

    private static Formation Fresh(FormationSettings settings, int id, ulong birth) => new(settings, Self(id, birth), null);

    /// <summary>
    /// Nodes whose disk is (birth, map); greetings in flight may be lost, doubled, or arrive much later. Connections end
    /// with the receiver's process, and nothing is taken from an older run of a sender than the newest heard.
    /// </summary>
    private sealed class World
    {
        private readonly SeededRandom _random;
        private readonly string _context;
        private readonly FormationSettings _settings;
        private readonly Formation[] _nodes;
        private readonly ulong[] _births;
        private readonly ClusterMap?[] _disks;
        private readonly List<(int From, int Run, int To, Greeting Greeting)> _inFlight = [];
        private readonly HashSet<int> _wiped = [];
        private readonly int[] _runs;
        private readonly Dictionary<(int Receiver, int Sender), int> _newestRun = [];

        public World(ulong seed)
        {
            _context = $"seed {seed}";
            _random = new SeededRandom(seed);
            _settings = Settings(2 + _random.Below(3));
            int count = _settings.FirstNodes.Count;
            _births = [.. Enumerable.Range(0, count).Select(_ => _random.Next())];
            _disks = new ClusterMap?[count];
            _runs = new int[count];
            _nodes = [.. Enumerable.Range(0, count).Select(id => Fresh(_settings, id, _births[id]))];
        }

        /// <summary>The distinct maps by cluster id, which is a hash of the map; null stands for nodes without one.</summary>
        public List<ulong?> Clusters() => [.. _nodes.Select(node => node.Map?.ClusterId).Distinct()];

        public void Step(bool isCalm)
        {
            int at = _random.Below(_nodes.Length);
            if (!isCalm && _random.Chance(0.05))
                Restart(at);
            int to = (at + 1 + _random.Below(_nodes.Length - 1)) % _nodes.Length;
            _inFlight.Add((at, _runs[at], to, _nodes[at].Greet()));
            int index = isCalm || _random.Chance(0.6) ? _inFlight.Count - 1 : _random.Below(_inFlight.Count);
            (int sender, int run, int receiver, Greeting greeting) = _inFlight[index];
            if (isCalm || _random.Chance(0.7))
                _inFlight.RemoveAt(index);
            if (!isCalm && _random.Chance(0.2))
                return;
            if (_newestRun.GetValueOrDefault((receiver, sender)) > run)
                return;
            _newestRun[(receiver, sender)] = run;
            FormationOutcome outcome = _nodes[receiver].Hear(greeting);
            _disks[receiver] = _nodes[receiver].Map;
            outcome.ShouldNotBe(FormationOutcome.ForeignCluster, _context);
            Clusters().Count(cluster => cluster is not null).ShouldBeLessThanOrEqualTo(1, _context);
        }

        /// <summary>One disk at most is lost, so that somebody always remembers.</summary>
        private void Restart(int id)
        {
            if (_random.Chance(0.3) && (_wiped.Count == 0 || _wiped.Contains(id)))
            {
                _wiped.Add(id);
                _births[id] = _random.Next();
                _disks[id] = null;
            }
            _nodes[id] = new Formation(_settings, Self(id, _births[id]), _disks[id]);
            _runs[id]++;
            _inFlight.RemoveAll(one => one.To == id);
        }
    }
}
