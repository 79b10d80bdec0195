using System.Diagnostics;
using System.Text;
using Torc.Base;
using Torc.Protocols.Resp;

namespace Torc.Tests.Protocols.Resp;

public sealed class RespCommandReaderTests
{
    private static readonly RespLimits Limits = RespLimits.Default;

    public static TheoryData<string, string> Payloads
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach ((string input, string seen) in RespCorpus.Commands.Concat(RespCorpus.Errors))
                data.Add(input, seen);
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Payloads))]
    public void Payload_reads_the_same_however_it_is_cut(string text, string seen)
    {
        byte[] input = RespCorpus.Bytes(text);
        CommandFeed.Whole(input, Limits).ShouldBe(seen);
        CommandFeed.ByteByByte(input, Limits).ShouldBe(seen);
        for (int split = 0; split <= input.Length; split++)
            CommandFeed.SplitAt(input, split, Limits).ShouldBe(seen, $"cut at byte {split}");
    }

    [Fact]
    public void Input_is_taken_to_the_end_of_the_command_and_no_further()
    {
        byte[] input = RespCorpus.Bytes("PING\r\n*1\r\n$4\r\nQUIT\r\nrest");
        var reader = new RespCommandReader();
        using var command = new CommandBuffer();
        ReadOnlySpan<byte> rest = input;
        reader.Read(ref rest, command, Limits, out _).ShouldBe(ParseOutcome.Command);
        rest.Length.ShouldBe(input.Length - 6);
        reader.AtStart.ShouldBeTrue();
        reader.Read(ref rest, command, Limits, out _).ShouldBe(ParseOutcome.Command);
        rest.ToArray().ShouldBe("rest"u8.ToArray());
        reader.Read(ref rest, command, Limits, out _).ShouldBe(ParseOutcome.NeedMore);
        reader.AtStart.ShouldBeFalse();
    }

    [Fact]
    public void A_command_stays_in_its_buffer_until_the_next_one_begins()
    {
        var reader = new RespCommandReader();
        using var command = new CommandBuffer();
        ReadOnlySpan<byte> input = "GET a\r\n"u8;
        reader.Read(ref input, command, Limits, out _).ShouldBe(ParseOutcome.Command);
        reader.Read(ref input, command, Limits, out _).ShouldBe(ParseOutcome.NeedMore);
        command.Count.ShouldBe(2);
        input = "\n"u8;
        reader.Read(ref input, command, Limits, out _).ShouldBe(ParseOutcome.NeedMore);
        command.Count.ShouldBe(0);
    }

    [Fact]
    public void After_an_error_nothing_more_is_read_until_a_reset()
    {
        var reader = new RespCommandReader();
        using var command = new CommandBuffer();
        ReadOnlySpan<byte> input = "*1\r\nx*1\r\n$4\r\nPING\r\n"u8;
        reader.Read(ref input, command, Limits, out RespError? first).ShouldBe(ParseOutcome.Error);
        int left = input.Length;
        reader.Read(ref input, command, Limits, out RespError? second).ShouldBe(ParseOutcome.Error);
        second.ShouldBe(first);
        input.Length.ShouldBe(left);
        ReadOnlySpan<byte> empty = default;
        reader.Read(ref empty, command, Limits, out second).ShouldBe(ParseOutcome.Error);
        second.ShouldBe(first);
        reader.Reset();
        input = "PING\r\n"u8;
        reader.Read(ref input, command, Limits, out RespError? none).ShouldBe(ParseOutcome.Command);
        none.ShouldBeNull();
    }

    [Fact]
    public void A_reset_within_a_command_forgets_it()
    {
        var reader = new RespCommandReader();
        using var command = new CommandBuffer();
        ReadOnlySpan<byte> input = "*2\r\n$3\r\nGET\r\n$5\r\nab"u8;
        reader.Read(ref input, command, Limits, out _).ShouldBe(ParseOutcome.NeedMore);
        reader.Reset();
        input = "PING\r\n"u8;
        reader.Read(ref input, command, Limits, out _).ShouldBe(ParseOutcome.Command);
        command.Count.ShouldBe(1);
        Encoding.ASCII.GetString(command[0]).ShouldBe("PING");
    }

    [Theory]
    [InlineData(1UL)]
    [InlineData(2UL)]
    [InlineData(3UL)]
    public void Random_commands_come_back_as_written(ulong seed)
    {
        const int commandsMax = 300, argumentsMax = 40, argumentBytesMax = 3000, pieceBytesMax = 5000;
        var random = new SeededRandom(seed);
        using var sent = new ByteWriter();
        var expected = new List<byte[][]>();
        for (int index = 0; index < commandsMax; index++)
        {
            using var command = new CommandBuffer();
            byte[][] arguments = new byte[1 + random.Below(argumentsMax)][];
            for (int argument = 0; argument < arguments.Length; argument++)
            {
                arguments[argument] = new byte[random.Chance(0.9) ? random.Below(20) : random.Below(argumentBytesMax)];
                random.Fill(arguments[argument]);
                command.Add(arguments[argument]);
            }
            sent.Command(command);
            expected.Add(arguments);
        }

        var reader = new RespCommandReader();
        using var into = new CommandBuffer();
        int read = 0;
        ReadOnlySpan<byte> rest = sent.Written;
        while (!rest.IsEmpty)
        {
            int length = Math.Min(rest.Length, 1 + random.Below(pieceBytesMax));
            ReadOnlySpan<byte> piece = rest[..length];
            rest = rest[length..];
            while (reader.Read(ref piece, into, Limits, out _) == ParseOutcome.Command)
            {
                into.Count.ShouldBe(expected[read].Length, $"seed {seed}");
                for (int argument = 0; argument < into.Count; argument++)
                    into[argument].SequenceEqual(expected[read][argument]).ShouldBeTrue($"seed {seed}, command {read}");
                read++;
            }
        }
        read.ShouldBe(commandsMax, $"seed {seed}");
    }

    [Fact]
    public void A_bulk_of_the_greatest_length_in_small_pieces_costs_linear_time_and_memory()
    {
        const int pieceBytes = 4096;
        const int allocatedFactorMax = 4;
        byte[] piece = new byte[pieceBytes];
        Array.Fill(piece, (byte)'\r');
        var reader = new RespCommandReader();
        using var command = new CommandBuffer();
        long allocatedBefore = GC.GetAllocatedBytesForCurrentThread();
        var watch = Stopwatch.StartNew();
        ReadOnlySpan<byte> input = RespCorpus.Bytes($"*2\r\n$4\r\nECHO\r\n${Limits.BulkBytesMax}\r\n");
        reader.Read(ref input, command, Limits, out _).ShouldBe(ParseOutcome.NeedMore);
        for (int given = 0; given < Limits.BulkBytesMax; given += pieceBytes)
        {
            input = piece;
            reader.Read(ref input, command, Limits, out _).ShouldBe(ParseOutcome.NeedMore);
            // Memory follows what arrived: at most twice that, and never what was announced.
            command.CapacityBytes.ShouldBeLessThanOrEqualTo(2L * (given + pieceBytes) + CommandBuffer.RetainedBytesMax);
        }
        input = "\r\n"u8;
        reader.Read(ref input, command, Limits, out _).ShouldBe(ParseOutcome.Command);
        watch.Stop();
        command[1].Length.ShouldBe(Limits.BulkBytesMax);
        command[1].ContainsAnyExcept((byte)'\r').ShouldBeFalse();
        (GC.GetAllocatedBytesForCurrentThread() - allocatedBefore).ShouldBeLessThan((long)allocatedFactorMax * Limits.BulkBytesMax);
        // Rescanning from the start would read 128 GiB; one pass takes milliseconds.
        watch.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(10));
        command.Clear();
        command.CapacityBytes.ShouldBeLessThanOrEqualTo(2 * CommandBuffer.RetainedBytesMax);
    }

    [Fact]
    public void Announced_lengths_allocate_nothing()
    {
        const int smallBytes = 4096;
        RespLimits wide = new() { ArgumentsMax = int.MaxValue, BulkBytesMax = int.MaxValue, CommandBytesMax = int.MaxValue };
        var reader = new RespCommandReader();
        using var command = new CommandBuffer();
        long before = GC.GetAllocatedBytesForCurrentThread();
        ReadOnlySpan<byte> input = "*2147483647\r\n$3\r\nSET\r\n$536870912\r\nabc"u8;
        reader.Read(ref input, command, wide, out _).ShouldBe(ParseOutcome.NeedMore);
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(smallBytes);
        command.CapacityBytes.ShouldBeLessThan(smallBytes);
    }

    [Fact]
    public void Small_commands_allocate_nothing_in_the_steady_state()
    {
        const int rounds = 10_000;
        byte[] multibulk = RespCorpus.Bytes("*3\r\n$3\r\nSET\r\n$5\r\nkey:1\r\n$16\r\n0123456789abcdef\r\n*2\r\n$3\r\nGET\r\n$5\r\nkey:1\r\n");
        byte[] inline = RespCorpus.Bytes("SET key:1 \"a b\"\r\nGET key:1\r\n");
        byte[] longer = RespCorpus.Bytes($"*3\r\n$3\r\nSET\r\n$5\r\nkey:1\r\n$20000\r\n{new string('v', 20000)}\r\n");
        var reader = new RespCommandReader();
        using var command = new CommandBuffer();
        foreach (byte[] pipeline in (byte[][])[multibulk, inline, longer])
        {
            Run(reader, command, pipeline, 1);
            int commands = 0;
            Allocations.Least(() => commands = Run(reader, command, pipeline, rounds)).ShouldBe(0);
            commands.ShouldBe(rounds * (pipeline == longer ? 1 : 2));
        }
    }

    private static int Run(RespCommandReader reader, CommandBuffer command, byte[] pipeline, int rounds)
    {
        int commands = 0;
        for (int round = 0; round < rounds; round++)
        {
            ReadOnlySpan<byte> input = pipeline;
            while (reader.Read(ref input, command, Limits, out _) == ParseOutcome.Command)
            {
                commands++;
                command.Clear();
            }
        }
        return commands;
    }
}
