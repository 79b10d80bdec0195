using Torc.Base;
using Torc.Core.Repair;

namespace Torc.Tests.Core.Repair;

/// <summary>
/// Replicas of one partition whose messages take any time, come twice or never, and which restart, lose rows and are wiped, one at a time. Rows are a version and
/// whether it is a delete. What a node does is what Node/Shards does; what a copy may say of its floor is the shipped code.
/// </summary>
internal sealed class FloorModel
{
    private const int Keys = 6;
    private const int MessagesMax = 15;

    private readonly SeededRandom _random;
    private readonly Replica[] _replicas;
    private readonly List<Action> _messages = [];
    private readonly ulong[] _collected = new ulong[Keys];
    private readonly Dictionary<(int Key, ulong Version), HashSet<int>> _holders = [];
    private readonly (ulong Version, bool IsDelete)[] _acknowledged = new (ulong, bool)[Keys];
    private readonly bool _skipsHolding;
    private readonly double _lossShare;
    private int _pullShare;
    private ulong _wall = 1_000;

    /// <param name="seed">Of everything.</param>
    /// <param name="replicas">Two or three; each other one is asked to complete a copy.</param>
    /// <param name="skipsHolding">A deliberate defect: replicas say that they hold everything without having pulled it.</param>
    public FloorModel(ulong seed, int replicas, bool skipsHolding = false)
    {
        _replicas = [.. Enumerable.Range(0, replicas).Select(id => new Replica(id))];
        _random = new SeededRandom(seed);
        _pullShare = 1 + _random.Below(15);
        _lossShare = _random.Unit() / 2;
        _skipsHolding = skipsHolding;
    }

    public int Raised { get; private set; }

    public int Collected { get; private set; }

    public int Pruned { get; private set; }

    /// <summary>The first thing that went wrong, or null.</summary>
    public string? Violation { get; private set; }

    public void Step(bool withFaults)
    {
        _wall += (ulong)_random.Below(5) << 4;
        Replica replica = _replicas[_random.Below(Nodes)], other = Another(replica);
        int choice = _random.Below(100);
        if (choice < 75 - _pullShare)
            Deliver();
        else if (choice < 75)
            Pull(replica, _replicas.FirstOrDefault(peer => peer != replica && replica.Hold is { } hold && !hold.Pulled.Contains(peer.Id)) ?? other);
        else if (choice < 82 && withFaults)
            Write(replica, _random.Below(Keys));
        else if (choice < 92)
            Attempt(replica);
        else if (choice < 99)
            Sweep(replica);
        else if (withFaults)
            Fail(replica);
        Check();
    }

    /// <summary>After the faults: everybody exchanges with everybody until all is equal; a violation when it never is.</summary>
    public void Settle()
    {
        _pullShare = 25;
        for (int round = 0; round < 2_000 && !IsSettled(); round++)
            Step(withFaults: false);
        if (!IsSettled())
            Violation ??= "the replicas never agreed: " + string.Join("; ", _replicas.Select(replica => replica.ToString()));
        for (int key = 0; key < Keys; key++)
        {
            // All hold the same value or none: an acknowledged write is there or something later is, an acknowledged delete has no older value beside it.
            (ulong version, bool isDelete) = _acknowledged[key];
            Row? row = _replicas.Select(replica => replica.Rows.GetValueOrDefault(key)).MaxBy(held => held?.Version ?? 0);
            bool isLost = row is null ? !isDelete && version > _collected[key] : row.Version < version && !(isDelete && row.IsDelete);
            if (isLost)
                Violation ??= $"key {key}: {(isDelete ? "delete" : "value")} {version} was acknowledged; {string.Join("; ", _replicas.Select(replica => replica.ToString()))}";
        }
    }

    private int Nodes => _replicas.Length;

    private Replica Another(Replica replica) => _replicas[(replica.Id + 1 + _random.Below(Nodes - 1)) % Nodes];

    private bool IsSettled()
    {
        foreach (Replica replica in _replicas)
        {
            if (!replica.IsComplete)
                return false;
            for (int key = 0; key < Keys; key++)
            {
                replica.Rows.TryGetValue(key, out Row? row);
                _replicas[0].Rows.TryGetValue(key, out Row? first);
                bool isLive = row is { IsDelete: false }, isFirstLive = first is { IsDelete: false };
                if (isLive != isFirstLive || (isLive && row!.Version != first!.Version))
                    return false;
            }
        }
        return true;
    }

    private void Check()
    {
        foreach (Replica replica in _replicas.Where(replica => replica.IsComplete))
        {
            foreach ((int key, Row row) in replica.Rows)
            {
                if (!row.IsDelete && row.Version <= _collected[key])
                    Violation ??= $"key {key} is back on {replica.Id} at {row.Version}, its delete {_collected[key]} was collected";
            }
        }
    }

    private void Deliver()
    {
        if (_messages.Count == 0)
            return;
        int index = _random.Below(_messages.Count);
        Action message = _messages[index];
        if (!_random.Chance(0.1))
            _messages.RemoveAt(index);
        if (!_random.Chance(0.05))
            message();
    }

    private void Send(Action message)
    {
        // Those that never arrive do not fill the model for ever.
        if (_messages.Count > MessagesMax)
            _messages.RemoveAt(_random.Below(_messages.Count));
        _messages.Add(message);
    }

    private void Write(Replica at, int key)
    {
        if (!at.IsComplete)
            return;
        ulong above = at.Rows.TryGetValue(key, out Row? row) ? row.Version : 0;
        // Clocks are wrong by some steps either way.
        ulong wall = _wall + ((ulong)_random.Below(64) << 4) - (32UL << 4);
        at.Clock = Math.Max(Math.Max(at.Clock, above) + 16, wall) / 16 * 16 + (ulong)at.Id;
        ulong version = at.Clock;
        bool isDelete = _random.Chance(0.6);
        Apply(at, key, version, isDelete);
        foreach (Replica other in _replicas.Where(other => other != at && !_random.Chance(_lossShare)))
            Send(() => Apply(other, key, version, isDelete));
    }

    /// <summary>What LocalRows does with a late write: below the floor a key without a record is deleted.</summary>
    private void Apply(Replica at, int key, ulong version, bool isDelete)
    {
        at.Clock = Math.Max(at.Clock, version);
        if (!at.Rows.ContainsKey(key) && version <= at.Floor.Floor)
            return;
        Merge(at, key, version, isDelete);
        if (!at.IsComplete)
            return;
        if (!_holders.TryGetValue((key, version), out HashSet<int>? holders))
            _holders.Add((key, version), holders = []);
        // One that has answered and lost it since counts no more: what it coordinated or was asked for ended with it.
        int stillThere = _replicas.Count(replica => holders.Contains(replica.Id) && replica.IsComplete && replica.Rows.TryGetValue(key, out Row? row) && row.Version >= version);
        if (at.Rows[key].Version == version && holders.Add(at.Id) && stillThere >= 1 && version > _acknowledged[key].Version)
            _acknowledged[key] = (version, isDelete);
    }

    private static void Merge(Replica at, int key, ulong version, bool isDelete)
    {
        if (at.Rows.TryGetValue(key, out Row? row) && row.Version >= version)
            return;
        at.Rows[key] = new Row(version, isDelete, ++at.Appended, row);
    }

    /// <summary>An exchange in two steps: what the peer tells, and later what it holds, as of some moment between.</summary>
    private void Pull(Replica at, Replica from)
    {
        int run = at.Run, fromRun = from.Run;
        ulong holding = at.Hold?.Stamp ?? 0, floor = from.IsComplete ? from.Floor.Floor : 0, proven = from.IsComplete ? from.Floor.Proven : 0;
        bool wasComplete = from.IsComplete;
        MeetFloor(at, floor);
        bool prunes = !at.IsComplete;
        Send(() =>
        {
            // Who relies on it asks for the floor again at the end.
            bool hasRisen = from.IsComplete && from.Floor.Floor != floor && (prunes || holding != 0);
            if (at.Run == run && from.Run == fromRun && from.IsComplete == wasComplete && at.IsComplete != prunes && !hasRisen)
                Take(at, from, wasComplete, floor, proven, holding);
        });
    }

    private void MeetFloor(Replica at, ulong floor)
    {
        if (floor <= at.Floor.Floor || !at.IsComplete)
            return;
        if (at.Floor.MayRaise(floor))
            at.Floor = at.Floor.Raise(floor);
        else
            at.BecomeIncomplete();
    }

    private void Take(Replica at, Replica from, bool wasComplete, ulong floor, ulong proven, ulong holding)
    {
        ulong own = Math.Max(at.Floor.Floor, at.FloorMet);
        var floors = new ExchangeFloors(own, proven, at.IsComplete ? 0 : floor);
        foreach ((int key, Row row) in from.Rows.OrderBy(row => row.Key))
        {
            bool skips = !at.Rows.ContainsKey(key) && row.Version <= own && (floors.DoubtedBelow != 0 || row.IsDelete);
            if (!skips)
                Merge(at, key, row.Version, row.IsDelete);
        }
        foreach (int key in at.Rows.Where(row => !from.Rows.ContainsKey(row.Key) && row.Value.Version <= floors.PruneBelow).Select(row => row.Key).ToArray())
        {
            at.Rows.Remove(key);
            Pruned++;
        }
        at.Clock = Math.Max(at.Clock, from.Clock);
        if (wasComplete && at.Hold?.Stamp == holding)
            at.Hold.Pulled.Add(from.Id);
        if (at.IsComplete)
            return;
        at.PulledFrom.Add(from.Id);
        if (wasComplete)
        {
            at.CompletePulled.Add(from.Id);
            at.FloorMet = Math.Max(at.FloorMet, floor);
            at.ProvenMet = Math.Max(at.ProvenMet, proven);
        }
        if (at.CompletePulled.Count >= Nodes - 1 || at.PulledFrom.Count == Nodes - 1)
            at.BecomeComplete();
    }

    private void Attempt(Replica leader)
    {
        if (leader.Attempt is not { IsFinished: false, HasFailed: false } agreement || _random.Chance(0.02))
        {
            ulong stamp = (_wall >> 4 << 4) - ((ulong)_random.Below(30) << 4) + (ulong)leader.Id;
            // Mostly one yields to another.
            bool yields = _replicas.Any(other => other != leader && other.Attempt is { IsFinished: false, HasFailed: false }) && !_random.Chance(0.02);
            if (!leader.IsComplete || stamp <= leader.Floor.Floor || yields || !_random.Chance(0.3))
                return;
            leader.Attempt = agreement = new FloorAgreement(stamp, All, All.ToArray());
        }
        foreach (Replica replica in _replicas.Where(replica => agreement.Awaits((ushort)replica.Id)))
        {
            FloorStep step = agreement.Step;
            Send(() =>
            {
                FloorAnswer answer = Answer(replica, step, agreement.Stamp);
                Send(() => agreement.Answered((ushort)replica.Id, step, answer));
            });
        }
    }

    private IEnumerable<ushort> All => _replicas.Select(replica => (ushort)replica.Id);

    private FloorAnswer Answer(Replica at, FloorStep step, ulong stamp)
    {
        if (!at.IsComplete)
            return FloorAnswer.Refused;
        switch (step)
        {
            case FloorStep.Close:
                at.Floor = at.Floor.Close(stamp);
                at.Clock = Math.Max(at.Clock, stamp);
                if (at.Closed.Stamp < stamp)
                    at.Closed = (stamp, at.Appended);
                return FloorAnswer.Done;
            case FloorStep.Hold:
                if (at.Hold?.Stamp != stamp)
                {
                    if (at.Hold?.Stamp > stamp || at.Closed.Stamp != stamp)
                        return FloorAnswer.Refused;
                    at.Hold = new Hold(stamp, at.Closed.Appended);
                }
                if (at.Hold.Pulled.Count < Nodes - 1 && !_skipsHolding)
                    return FloorAnswer.NotYet;
                at.Floor = at.Floor.Hold(stamp);
                return FloorAnswer.Done;
            default:
                if (!at.Floor.MayRaise(stamp))
                    return FloorAnswer.Refused;
                at.Floor = at.Floor.Raise(stamp);
                Raised++;
                if (at.Hold?.Stamp == stamp)
                    at.Sweeps = (stamp, at.Hold.Appended);
                return FloorAnswer.Done;
        }
    }

    private void Sweep(Replica at)
    {
        (ulong floor, long appended) = at.Sweeps;
        foreach ((int key, Row row) in at.Rows.Where(row => row.Value.IsDelete && row.Value.Version <= floor && row.Value.Appended <= appended).ToArray())
        {
            at.Rows.Remove(key);
            _collected[key] = Math.Max(_collected[key], row.Version);
            Collected++;
        }
    }

    /// <summary>Only while all others are whole: fewer than a quorum lose anything.</summary>
    private void Fail(Replica at)
    {
        if (_replicas.Any(replica => replica != at && !replica.IsComplete))
            return;
        at.Restart();
        switch (_random.Below(4))
        {
            case 0:
                at.Rows.Clear();
                at.Floor = default;
                at.Clock = 0;
                at.BecomeIncomplete(isDamaged: true);
                break;
            case 1:
                // Damage: of some keys an older record is the last that can be read, of some none.
                foreach (int key in at.Rows.Keys.Where(_ => _random.Chance(0.4)).ToArray())
                {
                    if (at.Rows[key].Before is { } before)
                        at.Rows[key] = before;
                    else
                        at.Rows.Remove(key);
                }
                at.BecomeIncomplete(isDamaged: true);
                break;
        }
    }

    private sealed record Row(ulong Version, bool IsDelete, long Appended, Row? Before);

    private sealed class Hold(ulong stamp, long appended)
    {
        public ulong Stamp => stamp;

        public long Appended => appended;

        public HashSet<int> Pulled { get; } = [];
    }

    private sealed class Replica(int id)
    {
        public int Id => id;

        public SortedDictionary<int, Row> Rows { get; } = [];

        public CopyFloor Floor { get; set; }

        public bool IsComplete { get; private set; } = true;

        public ulong Clock { get; set; }

        public long Appended { get; set; }

        public int Run { get; private set; }

        public (ulong Stamp, long Appended) Closed { get; set; }

        public Hold? Hold { get; set; }

        public (ulong Floor, long Appended) Sweeps { get; set; }

        public FloorAgreement? Attempt { get; set; }

        public HashSet<int> PulledFrom { get; } = [];

        public HashSet<int> CompletePulled { get; } = [];

        public ulong FloorMet { get; set; }

        public ulong ProvenMet { get; set; }

        public void Restart()
        {
            Run++;
            Attempt = null;
            Closed = default;
            Hold = null;
            Sweeps = default;
            Clock = Math.Max(Floor.Closed, Rows.Count == 0 ? 0 : Rows.Values.Max(row => row.Version));
        }

        public void BecomeIncomplete(bool isDamaged = false)
        {
            Floor = isDamaged ? Floor.BecameUnknown() : Floor.BecameIncomplete();
            IsComplete = false;
            Closed = default;
            Hold = null;
            Sweeps = default;
            PulledFrom.Clear();
            CompletePulled.Clear();
            FloorMet = ProvenMet = 0;
        }

        public void BecomeComplete()
        {
            Floor = Floor.BecameComplete(FloorMet, ProvenMet);
            Clock = Math.Max(Clock, Floor.Closed);
            IsComplete = true;
        }

        public override string ToString() =>
            $"{id} complete {IsComplete} {Floor} [{string.Join(' ', Rows.Select(row => $"{row.Key}:{row.Value.Version}{(row.Value.IsDelete ? "x" : "")}"))}]";
    }
}
