using System.Text;
using Torc.Base;
using Torc.Simulator.Network;
using Torc.Simulator.Time;

namespace Torc.Tests.Simulator.Network;

public class SimulatedNetworkTests
{
    private const int Client = 1;
    private const int Server = 2;
    private static readonly NetworkOptions Rough = new()
    {
        DelayMeanMicros = 5_000,
        SpikeChance = 0.1,
        SplitChance = 0.5,
        GiveUpMinMs = 1_000,
        GiveUpMaxMs = 2_000,
    };

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Bytes_arrive_in_order_through_delays_splits_and_flapping_links(ulong seed)
    {
        var pair = new Pair(seed, Rough with { GiveUpMinMs = 100_000, GiveUpMaxMs = 100_000 });
        var random = new SeededRandom(seed);
        var sent = new StringBuilder();
        for (int step = 0; step < 500; step++)
        {
            sent.Append(step).Append(' ');
            pair.Near.Send(Encoding.ASCII.GetBytes($"{step} "));
            pair.Queue.RunUntil(pair.Queue.NowMicros + random.Below(20_000));
            if (random.Chance(0.1))
                pair.Network.Cut(Client, Server);
            if (random.Chance(0.1))
                pair.Network.Heal(Client, Server);
        }
        pair.Network.HealAll();
        pair.Queue.RunUntil(pair.Queue.NowMicros + 10_000_000);

        pair.AtServer.Text.ShouldBe(sent.ToString(), $"seed {seed}");
        pair.Near.BytesUnderWay.ShouldBe(0);
    }

    [Fact]
    public void A_link_cut_one_way_lets_the_other_way_through()
    {
        var pair = new Pair(1, Rough);
        pair.Network.Cut(Client, Server);
        pair.Near.Send("lost?"u8);
        pair.Far.Send("heard"u8);
        pair.Queue.RunUntil(pair.Queue.NowMicros + 900_000);

        pair.AtServer.Text.ShouldBe("");
        pair.AtClient.Text.ShouldBe("heard");
    }

    [Fact]
    public void Both_ends_give_a_cut_connection_up_and_what_was_held_is_lost()
    {
        var pair = new Pair(1, Rough);
        pair.Network.Cut(Client, Server);
        pair.Near.Send("lost"u8);
        pair.Queue.RunUntil(pair.Queue.NowMicros + 3_000_000);
        pair.Network.HealAll();
        pair.Queue.RunUntil(pair.Queue.NowMicros + 3_000_000);

        pair.AtClient.Closed.ShouldBe(1);
        pair.AtServer.Closed.ShouldBe(1);
        pair.AtServer.Text.ShouldBe("");
        pair.Network.OpenEnds.ShouldBeEmpty();
    }

    [Fact]
    public void Closing_delivers_what_was_sent_first()
    {
        var pair = new Pair(1, Rough);
        pair.Near.Send("last words"u8);
        pair.Near.Close();
        pair.Queue.RunUntil(pair.Queue.NowMicros + 1_000_000);

        pair.AtServer.Text.ShouldBe("last words");
        pair.AtServer.Closed.ShouldBe(1);
        pair.AtClient.Closed.ShouldBe(0, "it closed itself");
    }

    [Fact]
    public void A_peer_that_lost_power_is_noticed_by_writing_to_it()
    {
        var pair = new Pair(1, Rough with { GiveUpMinMs = 50_000, GiveUpMaxMs = 60_000 });
        pair.Far.Abandon();
        pair.Queue.RunUntil(pair.Queue.NowMicros + 1_000_000);
        pair.Near.IsOpen.ShouldBeTrue("half open");

        pair.Near.Send("anyone?"u8);
        pair.Queue.RunUntil(pair.Queue.NowMicros + 1_000_000);

        pair.Near.IsOpen.ShouldBeFalse();
        pair.AtClient.Closed.ShouldBe(1);
    }

    [Fact]
    public void A_connection_to_nobody_or_over_a_cut_link_fails()
    {
        var pair = new Pair(1, Rough);
        var outcomes = new List<ConnectionEnd?>();
        pair.Network.Connect(Client, 99, pair.AtClient, outcomes.Add);
        pair.Network.Cut(Server, Client);
        pair.Network.Connect(Client, Server, pair.AtClient, outcomes.Add);
        pair.Queue.RunUntil(pair.Queue.NowMicros + 5_000_000);

        outcomes.ShouldBe([null, null]);
    }

    [Fact]
    public void The_same_seed_gives_the_same_hash_and_another_seed_another()
    {
        ulong[] hashes = [HashOf(1), HashOf(1), HashOf(2)];
        hashes[0].ShouldBe(hashes[1]);
        hashes[0].ShouldNotBe(hashes[2]);
    }

    private static ulong HashOf(ulong seed)
    {
        var pair = new Pair(seed, Rough);
        for (int step = 0; step < 100; step++)
            pair.Near.Send("abcdef"u8);
        pair.Queue.RunUntil(10_000_000);
        return pair.Queue.Hash;
    }

    private sealed class Pair
    {
        public Pair(ulong seed, NetworkOptions options)
        {
            Network = new SimulatedNetwork(Queue, new SeededRandom(seed), options);
            Network.Listen(Server, end =>
            {
                Far = end;
                return AtServer;
            });
            Network.Connect(Client, Server, AtClient, end => Near = end!);
            Queue.RunUntil(1_000_000);
        }

        public EventQueue Queue { get; } = new();

        public SimulatedNetwork Network { get; }

        public Recorder AtClient { get; } = new();

        public Recorder AtServer { get; } = new();

        public ConnectionEnd Near { get; private set; } = null!;

        public ConnectionEnd Far { get; private set; } = null!;
    }

    private sealed class Recorder : IConnectionHandler
    {
        private readonly StringBuilder _text = new();

        public string Text => _text.ToString();

        public int Closed { get; private set; }

        public void Received(ConnectionEnd end, ReadOnlySpan<byte> bytes) => _text.Append(Encoding.ASCII.GetString(bytes));

        void IConnectionHandler.Closed(ConnectionEnd end) => Closed++;
    }
}
