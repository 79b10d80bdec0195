using Torc.Base;
using Torc.Node.Peers;
using Torc.Server.Hosting.Peers;

namespace Torc.Tests.Server.Hosting.Peers;

public sealed class FrameAssemblerTests
{
    [Fact]
    public void Frames_cut_at_every_byte_come_out_whole()
    {
        byte[] bytes = [.. Frame(3), .. Frame(0), .. Frame(40)];
        for (int cut = 0; cut <= bytes.Length; cut++)
        {
            using var assembler = new FrameAssembler();
            List<byte[]> frames = [.. Feed(assembler, bytes.AsSpan(0, cut)), .. Feed(assembler, bytes.AsSpan(cut))];
            frames.Select(static frame => frame.Length - PeerFrame.MessageHeaderBytes).ShouldBe([3, 0, 40], $"cut at {cut}");
            assembler.AtStart.ShouldBeTrue();
        }
    }

    [Fact]
    public void Every_flipped_bit_is_refused_or_waits_for_more()
    {
        byte[] sound = Frame(20);
        for (int bit = 0; bit < sound.Length * 8; bit++)
        {
            byte[] damaged = [.. sound];
            damaged[bit / 8] ^= (byte)(1 << (bit % 8));
            using var assembler = new FrameAssembler();
            ReadOnlySpan<byte> rest = damaged;
            assembler.Read(ref rest, out _).ShouldNotBe(FrameOutcome.Frame, $"bit {bit}");
        }
    }

    [Theory]
    [InlineData(0u)]
    [InlineData((uint)PeerFrame.LengthMax + 1)]
    [InlineData(uint.MaxValue)]
    public void A_length_that_is_not_allowed_is_refused_from_the_header_alone(uint length)
    {
        using var assembler = new FrameAssembler();
        ReadOnlySpan<byte> header = Header(length);
        assembler.Read(ref header, out _).ShouldBe(FrameOutcome.BadLength);
    }

    [Fact]
    public void An_announced_length_costs_nothing_before_it_arrives()
    {
        using var assembler = new FrameAssembler();
        long before = GC.GetAllocatedBytesForCurrentThread();
        ReadOnlySpan<byte> header = Header(PeerFrame.LengthMax);
        assembler.Read(ref header, out _).ShouldBe(FrameOutcome.NeedMore);
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(64 * 1024);
    }

    internal static byte[] Frame(int bodyBytes, ushort partition = 7)
    {
        var buffer = new PeerBuffer();
        buffer.Begin(PeerMessageKind.Read, partition).Write(new byte[bodyBytes]);
        buffer.End();
        return buffer.Seal().ToArray();
    }

    private static byte[] Header(uint length)
    {
        using var header = new ByteWriter();
        header.WriteUInt32(length);
        header.WriteUInt32(0);
        return header.Written.ToArray();
    }

    private static List<byte[]> Feed(FrameAssembler assembler, ReadOnlySpan<byte> bytes)
    {
        var frames = new List<byte[]>();
        while (!bytes.IsEmpty)
        {
            FrameOutcome outcome = assembler.Read(ref bytes, out ByteWriter? messages);
            outcome.ShouldBeOneOf(FrameOutcome.Frame, FrameOutcome.NeedMore);
            if (outcome == FrameOutcome.Frame)
                frames.Add(messages!.Written.ToArray());
        }
        return frames;
    }
}
