using System.Globalization;
using Torc.Protocols.Resp;
using Torc.SystemTests.Harness;
using Torc.SystemTests.Processes;
using Torc.SystemTests.Wire;

namespace Torc.SystemTests.Kills;

/// <summary>
/// A cluster of processes whose members change. Two stay and are never killed; through the first of them everything is asked. Of the others
/// at most one is killed at a time, so that two of three replicas of every key are there.
/// </summary>
internal sealed class ChangingCluster : IDisposable
{
    private const int PortsPerNode = 3;
    private const int Partitions = 64;
    private const int Copies = 3;
    private static readonly TimeSpan CandidatePatience = TimeSpan.FromSeconds(60);
    private readonly TemporaryDirectory _root = new();
    private readonly List<TorcNode> _all = [];
    private readonly Random _random;
    private TorcNode? _killed;
    private RespClient? _client;

    internal ChangingCluster(int count, int seed)
    {
        _random = new Random(seed);
        int[] ports = [.. Enumerable.Range(0, count).Select(static _ => FreePorts.Take(PortsPerNode)).Order()];
        string firstNodes = string.Join(',', ports.Select(static port => $"127.0.0.1:{port + 1}"));
        foreach (int port in ports)
            Add(port, $"--first-nodes={firstNodes}");
        try
        {
            foreach (TorcNode node in _all)
                node.Start();
            foreach (TorcNode node in _all)
                node.WaitUntilReady();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    internal int Kills { get; private set; }

    internal TorcNode[] Stayers => [_all[0], _all[1]];

    internal IEnumerable<TorcNode> Running => _all.Where(static node => node.IsRunning);

    /// <summary>Asks for a random change, perhaps kills a member in the middle of it, and tells what it did.</summary>
    internal string ChangeSomething(int nodesLeast, int nodesMost)
    {
        AwaitAllUp(); // one that was killed in the change before may still be starting: the next kill would be the second of two at once
        List<(long Id, TorcNode Node)> members = Members();
        List<(long Id, TorcNode Node)> goers = [.. members.Where(member => !Stayers.Contains(member.Node))];
        (long id, TorcNode node) = goers[_random.Next(goers.Count)];
        string told;
        switch (_random.Next(4))
        {
            case 0 when members.Count < nodesMost:
                told = $"join {StartCandidate().PeerPort}";
                Ask("JOIN");
                break;
            case 1 when members.Count > nodesLeast:
                told = $"leave {id}";
                Ask("LEAVE", $"{id}");
                break;
            case 2 when members.Count > nodesLeast:
                told = $"remove {id}, killed before";
                node.Kill();
                Kills++;
                AwaitSeen(id, "down");
                Ask("REMOVE", $"{id}");
                return told;
            case 3:
                told = $"weight of {id}";
                Ask("WEIGHT", $"{id}", $"{_random.Next(1, 4)}");
                break;
            default:
                TorcNode fresh = StartCandidate();
                told = $"replace {id} by {fresh.PeerPort}";
                Ask("REPLACE", $"{id}");
                break;
        }
        return _random.Next(2) == 0 ? told : told + KillOne(goers);
    }

    /// <summary>No change is under way, as the first node sees it. Nodes that left are stopped.</summary>
    internal bool IsSettled()
    {
        // The member that was killed may be the one that is to take copies.
        if (_killed is { IsRunning: false })
            RestartKilled();
        if (Status("changing").Integer != 0)
            return false;
        HashSet<int> ports = [.. Status("nodes").Items.Select(static node => PortOf(node.Items[1].Text))];
        foreach (TorcNode node in _all.Where(node => node.IsRunning && !ports.Contains(node.PeerPort)).ToArray())
            node.Kill();
        return true;
    }

    internal void RestartKilled()
    {
        if (_killed is { IsRunning: false } node)
            node.Start();
        _killed = null;
    }

    internal string Describe() => string.Join(' ', Client.Call("TORC.CLUSTER", "STATUS").Items.Select(static item => item.ToString()))
        + Environment.NewLine + string.Join(Environment.NewLine, Running.Select(static node => node.Process.Errors));

    /// <summary>Waits until every partition has the same Merkle root on each of its replicas, of which there are as many as wanted.</summary>
    internal void AssertReplicasAgree(TimeSpan patience) => Wait.UntilHolds(
        () =>
        {
            var roots = new Dictionary<long, List<string>>();
            foreach (TorcNode node in Running)
            {
                using RespClient client = node.Connect();
                foreach (RespValue root in client.Call("TORC.REPAIR", "ROOTS").Items)
                {
                    if (!roots.TryGetValue(root.Items[0].Integer, out List<string>? seen))
                        roots[root.Items[0].Integer] = seen = [];
                    seen.Add(root.Items[1].Text);
                }
            }
            roots.Count.ShouldBe(Partitions);
            roots.Where(static partition => partition.Value.Count != Copies || partition.Value.Distinct().Count() != 1)
                .Select(static partition => $"partition {partition.Key}: {string.Join(' ', partition.Value)}").ShouldBeEmpty();
        },
        patience);

    public void Dispose()
    {
        _client?.Dispose();
        foreach (TorcNode node in _all)
            node.Dispose();
        _root.Dispose();
    }

    private RespClient Client => _client ??= Stayers[0].Connect();

    private string KillOne(List<(long Id, TorcNode Node)> goers)
    {
        Thread.Sleep(_random.Next(0, 1_000));
        (long id, TorcNode node) = goers[_random.Next(goers.Count)];
        if (!node.IsRunning)
            return "";
        node.Kill();
        Kills++;
        _killed = node;
        Thread.Sleep(_random.Next(0, 2_000));
        return $" and kill {id}";
    }

    private TorcNode StartCandidate()
    {
        TorcNode node = Add(FreePorts.Take(PortsPerNode), $"--seeds=127.0.0.1:{_all[0].PeerPort},127.0.0.1:{_all[1].PeerPort}");
        node.Start();
        Wait.Until($"127.0.0.1:{node.PeerPort} to ask to be taken in", () => Status("candidates").Items.Any(candidate => PortOf(candidate.Text) == node.PeerPort),
            CandidatePatience, () => node.Process.Errors);
        return node;
    }

    private TorcNode Add(int port, string how)
    {
        var node = new TorcNode(_all.Count, port, _root.Sub(string.Create(CultureInfo.InvariantCulture, $"node-{_all.Count}")), [how, "--segment-bytes=4mb", string.Create(CultureInfo.InvariantCulture, $"--partitions={Partitions}")]);
        _all.Add(node);
        return node;
    }

    private List<(long Id, TorcNode Node)> Members() =>
        [.. Status("nodes").Items.Select(member => (member.Items[0].Integer, _all.Single(node => node.PeerPort == PortOf(member.Items[1].Text))))];

    private void AwaitSeen(long id, string state) => Wait.Until(
        $"node {id} to be seen {state}", () => Status("nodes").Items.Any(listed => listed.Items[0].Integer == id && listed.Items[3].Text == state), CandidatePatience);

    /// <summary>Both nodes through which clients write have to see it.</summary>
    private void AwaitAllUp()
    {
        foreach (TorcNode node in Stayers)
        {
            using RespClient client = node.Connect();
            Wait.Until(
                $"all members to be seen up by node {node.Id}",
                () => client.Call("TORC.CLUSTER", "STATUS")["nodes"]!.Items.All(static listed => listed.Items[3].Text == "up"), CandidatePatience);
        }
    }

    private RespValue Status(string what) => Client.Call("TORC.CLUSTER", "STATUS")[what]!;

    /// <summary>Asks, and waits for the decision.</summary>
    private void Ask(params string[] change)
    {
        RespValue plan = Client.Call(["TORC.CLUSTER", .. change]);
        RespClient.IsError(plan).ShouldBeFalse($"TORC.CLUSTER {string.Join(' ', change)}: {RespClient.TextOf(plan)}");
        string state = "deciding", text = "";
        Wait.Until($"the decision on {string.Join(' ', change)}", () =>
        {
            RespValue outcome = Client.Call("TORC.CLUSTER", "REQUEST", $"{plan["request"]!.Integer}");
            RespClient.IsError(outcome).ShouldBeFalse(RespClient.TextOf(outcome));
            (state, text) = (outcome.Items[0].Text, outcome.Items[1].Text);
            return state != "deciding";
        });
        state.ShouldBe("decided", text);
    }

    private static int PortOf(string address) => int.Parse(address[(address.LastIndexOf(':') + 1)..], CultureInfo.InvariantCulture);
}
