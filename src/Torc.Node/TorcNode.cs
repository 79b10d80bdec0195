// A node without sockets, files, clocks or threads: what Server runs for real and the simulator runs in virtual time.
//
// The host gives inputs and performs effects:
//   control plane   Start, Tick, OnLinkUp, OnLinkDown, OnPeerMessage, OnMapPersisted, OnVoteSaved, Ask   (one lock)
//   each shard      BeginTurn, { Execute | OnPeerMessage | OnColdRead | OnStorageProgress | OnViewChanged | Tick }, EndTurn   (a lock each)
//   each session    Receive, Deliver, and its Output                                        (a lock each)
//   each store      BeginFlush/EndFlush and BeginMaintenance/EndMaintenance under the shard's lock, their Run outside
// After a turn of the control plane that changed View, every shard gets OnViewChanged in a turn of its own.

using Torc.Core.Clocks;
using Torc.Core.Consensus;
using Torc.Core.Membership;
using Torc.Core.Placement;
using Torc.Node.Commands;
using Torc.Node.Control;
using Torc.Node.Peers;
using Torc.Node.Sessions;
using Torc.Node.Shards;
using Torc.Protocols.Resp;
using Torc.Storage;
using Torc.Storage.Disk;

namespace Torc.Node;

/// <summary>What makes this node this node, from its data directory and configuration.</summary>
/// <param name="Self">As it goes into the map; its id is its index among the first nodes.</param>
/// <param name="Incarnation">New at every start (48 bits): no two runs stamp with the same actor.</param>
/// <param name="Map">The map of an earlier run, or null.</param>
/// <param name="ShardCount">Fixed in the data directory.</param>
/// <param name="Vote">The last vote on the map that an earlier run made durable, or null.</param>
public sealed record NodeIdentity(NodeInfo Self, ulong Incarnation, ClusterMap? Map, int ShardCount, AcceptorState? Vote = null);

public sealed class TorcNode
{
    private readonly Shard?[] _shards;

    public TorcNode(
        NodeIdentity identity, FormationSettings settings, NodeOptions options, RespLimits limits, INodeSurroundings surroundings, CommandTable commands)
    {
        Identity = identity;
        Options = options;
        Limits = limits;
        Surroundings = surroundings;
        Commands = commands;
        Metrics = new NodeMetrics(commands);
        Actor = Actor.Of(identity.Self.Id, identity.Incarnation);
        PartitionCount = identity.Map?.PartitionCount ?? settings.PartitionCount;
        _shards = new Shard?[identity.ShardCount];
        Control = new ControlPlane(this, settings, identity.Self, identity.Map);
    }

    public NodeIdentity Identity { get; private set; }

    public NodeOptions Options { get; }

    public RespLimits Limits { get; }

    public RespLimits LimitsBeforeAuthentication => RespLimits.BeforeAuthentication;

    public INodeSurroundings Surroundings { get; }

    public CommandTable Commands { get; }

    public NodeMetrics Metrics { get; }

    /// <summary>Who stamps here. A node that joins has its own from when it is a member; it stamps nothing before.</summary>
    public Actor Actor { get; private set; }

    public int PartitionCount { get; }

    public ControlPlane Control { get; }

    public ClusterView View => Control.View;

    /// <summary>All open shards, by index.</summary>
    public IReadOnlyList<Shard> Shards => _shards!;

    /// <summary>Every command there is; one table serves every node of a process.</summary>
    public static CommandTable MakeCommandTable() => new(CommandFamilies.All);

    /// <summary>
    /// Takes over a recovered store. What the shard appends here (which copies count) must be flushed before it serves: run
    /// <see cref="Shard.BeginTurn"/>, <see cref="Shard.EndTurn"/> and one flush.
    /// </summary>
    public Shard OpenShard(int index, ShardStore store, RecoveryReport report, IDisk disk, StorageOptions storage)
    {
        Check.That(_shards[index] is null);
        var shard = new Shard(this, index, store, report, disk, storage);
        _shards[index] = shard;
        return shard;
    }

    public int ShardOf(int partition) => _shards.Length == 1 ? 0 : partition % _shards.Length;

    /// <summary>Whether this node's copy of a partition counts; read by routing on any thread, checked again by the shard.</summary>
    public bool IsCompleteHere(int partition) => _shards[ShardOf(partition)] is { } shard && shard.IsComplete(partition);

    /// <summary>Whether this node's copy of a partition stays in a set that shrinks and has yet to catch up.</summary>
    public bool IsBehindHere(int partition) => _shards[ShardOf(partition)] is { } shard && shard.IsBehind(partition);

    /// <summary>The oldest epoch of a map by which a shard of this node still answers; 0 before the cluster is formed.</summary>
    public ulong MapEpochInShards
    {
        get
        {
            ulong oldest = ulong.MaxValue;
            foreach (Shard? shard in _shards)
                oldest = Math.Min(oldest, shard?.MapEpoch ?? 0);
            return oldest;
        }
    }

    /// <summary>This run and those before it, of which the shards' logs know.</summary>
    public LogRuns Runs => LogRuns.Sum([.. _shards.Select(static shard => shard!.Runs)]);

    /// <summary>What of their logs is as safe as this node's durability makes it, summed; 0 before all of them say that peers may be told. Read from anywhere.</summary>
    public long LogOffset
    {
        get
        {
            long sum = 0;
            foreach (Shard? shard in _shards)
            {
                if (shard is not { ToldOffset: > 0 and long safe })
                    return 0;
                sum += safe;
            }
            return sum;
        }
    }

    /// <summary>No shard counts a copy because it was in the log that it found. Read from anywhere.</summary>
    public bool DoubtsItsLog
    {
        get
        {
            foreach (Shard? shard in _shards)
            {
                if (shard is { DoubtsItsLog: false })
                    return false;
            }
            return true;
        }
    }

    /// <summary>How this node greets on a new connection, as it stands now. Call from anywhere, once all shards are open.</summary>
    /// <param name="policy">Of <see cref="ControlPlane.Policy"/>: by which the connection's handshake goes.</param>
    /// <param name="processId">For people.</param>
    /// <param name="nonce">Random.</param>
    public PeerGreeting Greet(LinkPolicy policy, int processId, UInt128 nonce)
    {
        bool doubtsItsLog = DoubtsItsLog; // before what else it says
        return policy.Greet(processId, Control.SettingsDigest, Identity.Incarnation, nonce) with
        {
            Runs = Runs,
            DoubtsItsLog = doubtsItsLog,
        };
    }

    /// <summary>A map lists this node: from now on it has the id that it has there.</summary>
    internal void Assume(NodeInfo self)
    {
        Identity = Identity with { Self = self };
        Actor = Actor.Of(self.Id, Identity.Incarnation);
    }

    /// <summary>How long replies wait for a sync here: of the shard where they wait longest. Read from anywhere.</summary>
    public long SyncMicros
    {
        get
        {
            long longest = 0;
            foreach (Shard? shard in _shards)
                longest = Math.Max(longest, shard?.Syncs.MeanMicros ?? 0);
            return longest;
        }
    }

    /// <summary>Some shard keeps writes for nodes that were down.</summary>
    public bool KeepsHints
    {
        get
        {
            foreach (Shard? shard in _shards)
            {
                if (shard?.HintBytes.Count > 0)
                    return true;
            }
            return false;
        }
    }

    public Session OpenSession(long id, string address, string localAddress) => new(this, id, address, localAddress);
}
