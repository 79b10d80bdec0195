using System.Text;
using Torc.Base;
using Torc.Protocols.Resp;

namespace Torc.Tests.Protocols.Resp;

public sealed class CommandBufferTests
{
    [Fact]
    public void Arguments_come_back_in_order()
    {
        using CommandBuffer command = Of("SET", "", "value");
        command.Count.ShouldBe(3);
        Text(command).ShouldBe("SET||value");
        command.ArgumentBytes.ShouldBe(8);
        command.HeldBytes.ShouldBe(8 + 3 * CommandBuffer.ArgumentOverheadBytes);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    public void An_index_out_of_range_is_a_bug(int index)
    {
        using CommandBuffer command = Of("PING");
        Should.Throw<InvariantException>(() => command[index].Length);
    }

    [Fact]
    public void A_copy_is_independent()
    {
        using CommandBuffer original = Of("MSET", "a", "1");
        using CommandBuffer copy = Of("something", "else", "that", "is", "longer");
        copy.CopyFrom(original);
        original.Clear();
        original.Add("overwritten"u8);
        Text(copy).ShouldBe("MSET|a|1");
        copy.Add("b"u8);
        Text(copy).ShouldBe("MSET|a|1|b");
        Text(original).ShouldBe("overwritten");
    }

    [Fact]
    public void A_copy_of_nothing_is_empty()
    {
        using var original = new CommandBuffer();
        using CommandBuffer copy = Of("GET", "a");
        copy.CopyFrom(original);
        copy.Count.ShouldBe(0);
        copy.ArgumentBytes.ShouldBe(0);
    }

    [Fact]
    public void Large_memory_is_given_up_and_small_memory_kept()
    {
        using CommandBuffer command = Of("SET", "k", "v");
        command.Clear();
        long small = command.CapacityBytes;
        small.ShouldBeGreaterThan(0);
        command.Add(new byte[100_000]);
        for (int index = 0; index < 10_000; index++)
            command.Add([]);
        command.CapacityBytes.ShouldBeGreaterThan(140_000);
        command.Clear();
        command.CapacityBytes.ShouldBe(0);
        command.Add("again"u8);
        Text(command).ShouldBe("again");
    }

    [Theory]
    [InlineData(11UL)]
    [InlineData(12UL)]
    public void It_behaves_like_a_list_of_arrays(ulong seed)
    {
        const int steps = 5_000, argumentsMax = 200;
        var random = new SeededRandom(seed);
        var twin = new List<byte[]>();
        using var command = new CommandBuffer();
        using var copy = new CommandBuffer();
        for (int step = 0; step < steps; step++)
        {
            if (twin.Count == argumentsMax || random.Chance(0.02))
            {
                command.Clear();
                twin.Clear();
            }
            byte[] argument = new byte[random.Chance(0.99) ? random.Below(30) : random.Below(20_000)];
            random.Fill(argument);
            command.Add(argument);
            twin.Add(argument);
            int probe = random.Below(twin.Count);
            command.Count.ShouldBe(twin.Count, $"seed {seed}, step {step}");
            command[probe].SequenceEqual(twin[probe]).ShouldBeTrue($"seed {seed}, step {step}");
            if (!random.Chance(0.05))
                continue;
            copy.CopyFrom(command);
            copy.Count.ShouldBe(twin.Count);
            for (int index = 0; index < twin.Count; index++)
                copy[index].SequenceEqual(twin[index]).ShouldBeTrue($"seed {seed}, step {step}, copied argument {index}");
        }
    }

    private static CommandBuffer Of(params string[] arguments)
    {
        var command = new CommandBuffer();
        foreach (string argument in arguments)
            command.Add(Encoding.UTF8.GetBytes(argument));
        return command;
    }

    private static string Text(CommandBuffer command) =>
        string.Join('|', Enumerable.Range(0, command.Count).Select(index => Encoding.UTF8.GetString(command[index])));
}
