using Torc.Base;
using Torc.Core.Replication;
using Version = Torc.Core.Clocks.Version;

namespace Torc.Tests.Core.Replication;

/// <summary>
/// Random clusters of rows, each row a set of writes (a bit mask, joined by OR, its digest the mask itself): whatever
/// order answers, failures and growth come in, a reply shows every write that a required number of complete
/// replicas held at the start, and afterwards so many complete replicas hold what it shows.
/// </summary>
public sealed class QuorumReadPropertyTests
{
    [Fact]
    public void Replies_show_what_a_quorum_holds_and_leave_it_on_a_quorum()
    {
        int agreed = 0, repaired = 0, failed = 0;
        for (ulong seed = 0; seed < 20_000; seed++)
        {
            var conversation = new Conversation(seed);
            switch (conversation.Run())
            {
                case ReadDecision.Agreed: agreed++; break;
                case ReadDecision.Repaired: repaired++; break;
                default: failed++; break;
            }
        }
        Math.Min(agreed, Math.Min(repaired, failed)).ShouldBeGreaterThan(1_000, "each end must be met");
    }

    private sealed class Conversation
    {
        private readonly SeededRandom _random;
        private readonly string _context;
        private readonly QuorumRead _read = new();
        private readonly ulong[] _rows;
        private readonly bool[] _complete;
        private readonly int _required;
        private readonly ulong _promised;
        private readonly List<(string Kind, int Replica)> _inFlight = [];
        private readonly Dictionary<int, ulong> _data = [];
        private ulong _merged;

        public Conversation(ulong seed)
        {
            _context = $"seed {seed}";
            _random = new SeededRandom(seed);
            int replicas = 1 + _random.Below(5);
            _required = Levels.Required(_random.Chance(0.7) ? ConsistencyLevel.Quorum : (ConsistencyLevel)_random.Below(4), replicas);
            _complete = [.. Enumerable.Range(0, replicas).Select(_ => _random.Chance(0.85))];
            _rows = new ulong[replicas];
            for (int write = 0; write < 3; write++)
            {
                for (int replica = 0; replica < replicas; replica++)
                    _rows[replica] |= _random.Chance(0.6) ? 1UL << write : 0;
            }
            for (int write = 0; write < 3; write++)
            {
                int holders = Enumerable.Range(0, replicas).Count(replica => _complete[replica] && (_rows[replica] >> write & 1) != 0);
                if (holders + _required > _complete.Count(one => one))
                    _promised |= 1UL << write;
            }
            _read.Begin(replicas, _required, _random.Below(replicas + 1) - 1);
            foreach (int replica in Enumerable.Range(0, replicas))
                _inFlight.Add((_random.Chance(0.4) ? "data" : "digest", replica));
        }

        public ReadDecision Run()
        {
            for (int step = 0; _inFlight.Count > 0 && step < 200; step++)
            {
                int at = _random.Below(_inFlight.Count);
                (string kind, int replica) = _inFlight[at];
                if (!_random.Chance(0.1))
                    _inFlight.RemoveAt(at);
                Deliver(kind, replica);
                React();
            }
            if (_read.Decision is ReadDecision.Agreed or ReadDecision.Repaired)
                CheckReply();
            return _read.Decision;
        }

        private void Deliver(string kind, int replica)
        {
            if (_random.Chance(0.1))
                _rows[replica] |= 8;
            if (_random.Chance(0.1))
            {
                _read.Fail(replica);
                return;
            }
            if (kind == "repair")
            {
                _rows[replica] |= _merged;
                _read.RepairAcknowledged(replica, _complete[replica]);
                return;
            }
            bool isData = kind == "data";
            if (_read.Answer(replica, _rows[replica], new Version(_rows[replica], 0), _complete[replica], isData) && isData)
                _data[replica] = _rows[replica];
        }

        private void React()
        {
            foreach (int replica in _read.TakeDataNeeded())
                _inFlight.Add(("data", replica));
            if (_read.Decision == ReadDecision.Merge)
            {
                _merged = _data.Values.Aggregate(0UL, (left, right) => left | right);
                _read.Merged(_merged);
            }
            foreach (int replica in _read.TakeRepairsNeeded())
                _inFlight.Add(("repair", replica));
        }

        private void CheckReply()
        {
            ulong reply = _read.Decision == ReadDecision.Repaired ? _merged
                : _data.TryGetValue(_read.DataReplica, out ulong row) ? row : 0;
            (_promised & ~reply).ShouldBe(0UL, $"{_context}: a write that a quorum held is missing");
            int holders = Enumerable.Range(0, _rows.Length).Count(replica => _complete[replica] && (reply & ~_rows[replica]) == 0);
            if (_required > 1)
                holders.ShouldBeGreaterThanOrEqualTo(_required, $"{_context}: the reply is not on enough replicas");
        }
    }
}
