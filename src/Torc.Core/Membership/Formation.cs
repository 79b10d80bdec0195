using Torc.Core.Placement;

namespace Torc.Core.Membership;

public enum FormationOutcome
{
    /// <summary>Nothing decided yet, or nothing new.</summary>
    Waiting,

    /// <summary>This node made the map. Persist it before the next greeting leaves.</summary>
    Made,

    /// <summary>A peer's map lists this node with its birth: it was a member all along. Persist the map before use.</summary>
    Adopted,

    /// <summary>A peer's map lists this node with another birth: its data was lost. Mark every partition here incomplete, durably, then persist the map.</summary>
    AdoptedAfterWipe,

    /// <summary>The peer was told other first nodes or settings.</summary>
    SettingsDiffer,

    /// <summary>The peer belongs to another cluster, or its map does not list this node.</summary>
    ForeignCluster,

    /// <summary>The peer's map is of the cluster that this node, which has no id, is to join, and does not list it yet.</summary>
    NotAMember,

    /// <summary>The first node of this id was removed from the peer's cluster, and this one took its place with an empty data directory: <see cref="Formation.Problem"/> says what to do.</summary>
    WasRemoved,

    /// <summary>The peer claims this node's id, or one that no first node has.</summary>
    UnknownNode,

    /// <summary>No map can be made of what the first nodes were told: <see cref="Formation.Problem"/> says why.</summary>
    Impossible,
}

/// <summary>
/// How the first nodes become a cluster without a leader. Each greets the others with who it thinks they all are
/// (a hash of each, births included). Once every node reports the same list and none has a map, each makes the map from
/// that list; the planner is deterministic, so all make the same one.
/// </summary>
/// <remarks>
/// A node that crashes in between either kept its birth, and finds itself in the map of the others, or lost it, and finds
/// another birth there: then it was wiped, adopts the map and knows that its partitions are incomplete. A node never
/// makes a map while any other has one or has not answered: so a node of a running cluster whose disk was
/// replaced cannot start a second cluster. Births are random, so a list of identities is never seen twice.
/// </remarks>
public sealed class Formation
{
    private readonly FormationSettings _settings;
    private readonly ulong _settingsDigest;
    private readonly NodeInfo _self;
    private readonly Greeting?[] _heard;
    private readonly ulong[] _identities;

    /// <param name="settings">As told to every first node.</param>
    /// <param name="self">This node; its id is the index of its address among the first nodes. With none of those it has no id, and waits to be listed in a map.</param>
    /// <param name="map">The persisted map of an earlier run, or null.</param>
    public Formation(FormationSettings settings, NodeInfo self, ClusterMap? map)
    {
        Check.That(self.Id < settings.FirstNodes.Count || map is not null || self.Id == NodeInfo.NoId);
        _settings = settings;
        _settingsDigest = settings.Digest();
        _self = self;
        Map = map;
        int nodes = settings.FirstNodes.Count;
        _heard = new Greeting?[nodes];
        _identities = new ulong[nodes];
        if (self.Id < nodes)
            _identities[self.Id] = IdentityOf(self, settings.LevelMax);
    }

    public ClusterMap? Map { get; private set; }

    /// <summary>What the planner could not give; filled when this node made the map.</summary>
    public IReadOnlyList<string> Warnings { get; private set; } = [];

    /// <summary>Why this node makes no map and gets none; empty otherwise.</summary>
    public string Problem { get; private set; } = "";

    /// <summary>What to send to every other first node, on connecting and at each heartbeat until the cluster has formed.</summary>
    public Greeting Greet() => new(_settingsDigest, _self, _settings.LevelMax, [.. _identities], Map);

    /// <summary>Makes the map at once when this node is the only first node. Call at start.</summary>
    public FormationOutcome Begin() => TryMake();

    /// <summary>
    /// A peer's greeting. The caller drops what still arrives over an older connection of that peer once a newer one
    /// has spoken: a greeting from before the peer lost its disk must not be heard after one from afterwards.
    /// </summary>
    public FormationOutcome Hear(Greeting greeting)
    {
        if (Map is not null)
            return greeting.Map is not null && greeting.Map.ClusterId != Map.ClusterId ? FormationOutcome.ForeignCluster : FormationOutcome.Waiting;
        if (greeting.Map is { } map)
            return Adopt(map);
        if (_self.Id == NodeInfo.NoId)
            return FormationOutcome.Waiting;
        if (greeting.SettingsDigest != _settingsDigest)
            return FormationOutcome.SettingsDiffer;
        ushort sender = greeting.Sender.Id;
        if (sender == _self.Id || sender >= _settings.FirstNodes.Count || greeting.Sender.PeerAddress != _settings.FirstNodes[sender])
            return FormationOutcome.UnknownNode;
        _heard[sender] = greeting;
        _identities[sender] = IdentityOf(greeting.Sender, greeting.Level);
        return TryMake();
    }

    /// <summary>What is wrong with the peer whose greeting had this outcome, or with this node in its eyes.</summary>
    public string WhyRefused(FormationOutcome outcome) => outcome switch
    {
        FormationOutcome.WasRemoved => Problem,
        FormationOutcome.SettingsDiffer => "it was started with other first nodes, partitions or replication factor",
        FormationOutcome.ForeignCluster => "it belongs to another cluster",
        FormationOutcome.UnknownNode => "its id or address is not among the first nodes",
        _ => throw new InvariantException("An unknown outcome of forming a cluster"),
    };

    /// <summary>A later map of the same cluster, decided by its members, takes the place of the one that was made or adopted.</summary>
    public void Advance(ClusterMap map)
    {
        Check.That(Map is not null && map.ClusterId == Map.ClusterId && map.Epoch > Map.Epoch);
        Map = map;
    }

    private FormationOutcome Adopt(ClusterMap map)
    {
        bool hasId = _self.Id != NodeInfo.NoId;
        NodeInfo? found = hasId ? map.NodeOf(_self.Id) : FindSelf(map);
        if (found is not { } listed || listed.PeerAddress != _self.PeerAddress)
            return !hasId ? FormationOutcome.NotAMember : map.IsRemoved(_self.Id) ? Refuse() : FormationOutcome.ForeignCluster;
        Map = map;
        return listed.Birth == _self.Birth ? FormationOutcome.Adopted : FormationOutcome.AdoptedAfterWipe;
    }

    private FormationOutcome Refuse()
    {
        Problem = $"node {_self.Id} was removed from the cluster of the other first nodes; to join it as a new node start with --seeds in place of --first-nodes, then use torc join";
        return FormationOutcome.WasRemoved;
    }

    /// <summary>By birth; by address when the node that was there before lost its data directory.</summary>
    private NodeInfo? FindSelf(ClusterMap map) =>
        map.Nodes.FirstOrDefault(node => node.Birth == _self.Birth) ?? map.Nodes.FirstOrDefault(node => node.PeerAddress == _self.PeerAddress);

    private FormationOutcome TryMake()
    {
        if (Map is not null || _self.Id == NodeInfo.NoId)
            return FormationOutcome.Waiting;
        var nodes = new List<NodeInfo>();
        byte level = _settings.LevelMax;
        for (int id = 0; id < _heard.Length; id++)
        {
            if (id == _self.Id)
                nodes.Add(_self);
            else if (_heard[id] is { } greeting && greeting.Identities.SequenceEqual(_identities))
            {
                nodes.Add(greeting.Sender);
                level = Math.Min(level, greeting.Level);
            }
            else
                return FormationOutcome.Waiting;
        }
        if (FindProblem(nodes, level) is { } problem)
        {
            bool isNew = Problem != problem;
            Problem = problem;
            return isNew ? FormationOutcome.Impossible : FormationOutcome.Waiting;
        }
        Problem = "";
        Map = Planner.Create(nodes, _settings.PartitionCount, _settings.Copies, _settings.Keyspaces, out IReadOnlyList<string> warnings, level);
        Warnings = warnings;
        return FormationOutcome.Made;
    }

    /// <summary>Why no map can be made of what the first nodes were told, or null.</summary>
    private string? FindProblem(List<NodeInfo> nodes, byte level) =>
        _settings.Copies.IsByDataCentre && level < ClusterLevel.CopiesByDataCentre
            ? $"A number of copies for each data centre takes level {ClusterLevel.CopiesByDataCentre}, and these nodes keep to level {level}."
            : _settings.Copies.FindUnknown(nodes);

    /// <summary>Never 0, which stands for "not heard of".</summary>
    private static ulong IdentityOf(NodeInfo node, byte level)
    {
        using var bytes = new ByteWriter();
        ClusterMapCodec.WriteNode(bytes, node);
        bytes.WriteByte(level);
        return Math.Max(StableHash.Hash64(bytes.Written), 1);
    }
}
