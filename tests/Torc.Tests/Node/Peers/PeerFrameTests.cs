using System.Buffers.Binary;
using Torc.Base;
using Torc.Node.Peers;

namespace Torc.Tests.Node.Peers;

// Memory is the whole process's: nothing else may run beside it.
[Collection(nameof(PeerFrameTests))]
[CollectionDefinition(nameof(PeerFrameTests), DisableParallelization = true)]
public class PeerFrameTests
{
    /// <summary>Frames that random and mutated bytes are made into; the issue of the first capability asks for a million.</summary>
    private const int HostileFramesTotal = 1_000_000;
    private const long MemoryGrowthBytesMax = 64L << 20;

    [Fact]
    public void Every_kind_of_message_survives_a_frame()
    {
        byte[] frame = PeerMessages.OfEveryKind();
        PeerFrame.TryReadHeader(frame, out int length, out uint checksum).ShouldBeTrue();
        length.ShouldBe(frame.Length - PeerFrame.HeaderBytes);
        ReadOnlySpan<byte> messages = frame.AsSpan(PeerFrame.HeaderBytes);
        PeerFrame.Verify(messages, checksum).ShouldBeTrue();
        var reader = new PeerMessageReader(messages);
        var kinds = new List<PeerMessageKind>();
        while (reader.TryRead(out PeerMessage message))
        {
            PeerMessages.Decode(message).ShouldBeTrue($"{message.Kind}");
            kinds.Add(message.Kind);
        }
        reader.Failed.ShouldBeFalse();
        kinds.Count.ShouldBe(22);
    }

    [Fact]
    public void A_flipped_bit_anywhere_fails_the_checksum_or_the_header()
    {
        byte[] frame = PeerMessages.OfEveryKind();
        for (int bit = 0; bit < frame.Length * 8; bit++)
        {
            frame[bit / 8] ^= (byte)(1 << bit % 8);
            bool accepted = PeerFrame.TryReadHeader(frame, out int length, out uint checksum)
                && length == frame.Length - PeerFrame.HeaderBytes
                && PeerFrame.Verify(frame.AsSpan(PeerFrame.HeaderBytes), checksum);
            accepted.ShouldBeFalse($"bit {bit}");
            frame[bit / 8] ^= (byte)(1 << bit % 8);
        }
    }

    [Fact]
    public void A_frame_cut_anywhere_yields_no_message_it_does_not_hold()
    {
        byte[] messages = PeerMessages.OfEveryKind().AsSpan(PeerFrame.HeaderBytes).ToArray();
        for (int cut = 0; cut < messages.Length; cut++)
        {
            var reader = new PeerMessageReader(messages.AsSpan(0, cut));
            int taken = 0;
            while (reader.TryRead(out PeerMessage message))
                taken += PeerFrame.MessageHeaderBytes + message.Body.Length;
            (taken <= cut).ShouldBeTrue();
            reader.Failed.ShouldBe(taken != cut, $"cut at {cut}");
        }
    }

    [Fact]
    public void A_million_hostile_frames_neither_throw_nor_grow_memory()
    {
        const ulong seed = 20261123;
        var random = new SeededRandom(seed);
        byte[] valid = PeerMessages.OfEveryKind().AsSpan(PeerFrame.HeaderBytes).ToArray();
        var bytes = new byte[valid.Length * 2];
        long before = GC.GetTotalMemory(forceFullCollection: true);
        long accepted = 0;
        for (int i = 0; i < HostileFramesTotal; i++)
        {
            int length = Mutate(random, valid, bytes);
            var reader = new PeerMessageReader(bytes.AsSpan(0, length));
            while (reader.TryRead(out PeerMessage message))
                accepted += PeerMessages.Decode(message) ? 1 : 0;
        }
        long growth = GC.GetTotalMemory(forceFullCollection: true) - before;
        growth.ShouldBeLessThan(MemoryGrowthBytesMax, $"seed {seed}");
        accepted.ShouldBeGreaterThan(HostileFramesTotal / 10, "most mutations leave some message whole: the test would be idle otherwise");
    }

    [Fact]
    public void A_greeting_survives_and_says_why_it_is_refused()
    {
        using var writer = new ByteWriter();
        var greeting = new PeerGreeting(3, 4711, 0xABCDEF, 99, new UInt128(0x1122334455667788, 0x99AABBCCDDEEFF00), HasSecret: true);
        greeting.Encode(writer);
        writer.Length.ShouldBe(PeerGreeting.LengthOf(writer.Written));
        PeerGreeting.TryDecode(writer.Written, out string problem).ShouldBe(greeting);
        problem.ShouldBe("");

        byte[] damaged = writer.Written.ToArray();
        damaged[20] ^= 1;
        PeerGreeting.TryDecode(damaged, out problem).ShouldBeNull();
        problem.ShouldContain("checksum");
        damaged[8] = 9;
        PeerGreeting.TryDecode(damaged, out problem).ShouldBeNull();
        problem.ShouldContain("protocol version 9");
        PeerGreeting.TryDecode("GET / HTTP/1.1\r\nHost: localhost:7379\r\n"u8, out problem).ShouldBeNull();
        problem.ShouldContain("not a greeting");
    }

    [Fact]
    public void A_greeting_tells_of_earlier_runs()
    {
        using var writer = new ByteWriter();
        LogRun[] runs = [.. Enumerable.Range(1, LogRuns.KeptMax).Select(static run => new LogRun((ulong)run, run * 100))];
        var greeting = new PeerGreeting(3, 4711, 0xABCDEF, LogRuns.KeptMax) { Runs = new LogRuns(runs), LogOfPeer = new LogPosition(1, 2, 3) };
        greeting.Encode(writer);
        writer.Length.ShouldBeLessThanOrEqualTo(PeerGreeting.BytesMax);
        PeerGreeting.TryDecode(writer.Written, out _).ShouldBe(greeting);
    }

    /// <summary>The first version with this protocol.</summary>
    [Fact]
    public void A_greeting_that_says_nothing_of_earlier_runs_is_taken()
    {
        using var writer = new ByteWriter();
        var greeting = new PeerGreeting(3, 4711, 0xABCDEF, 9) { Runs = new LogRuns(new LogRun(9, 1234)) };
        greeting.Encode(writer);
        byte[] shorter = [.. writer.Written[..(PeerGreeting.BytesMin - sizeof(uint))], .. new byte[sizeof(uint)]];
        BinaryPrimitives.WriteUInt16LittleEndian(shorter.AsSpan(10), (ushort)shorter.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(shorter.AsSpan(shorter.Length - sizeof(uint)), Crc32C.Compute(shorter.AsSpan(0, shorter.Length - sizeof(uint))));
        PeerGreeting.TryDecode(shorter, out _).ShouldBe(greeting);
    }

    [Fact]
    public void Large_turns_are_split_into_frames()
    {
        var buffer = new PeerBuffer();
        byte[] reply = new byte[300_000];
        for (int i = 0; i < 10; i++)
            ForwardReply.Write(buffer, PeerMessages.Partition, (ulong)i, refused: false, reply);
        ReadOnlySpan<byte> rest = buffer.Seal();
        int frames = 0, messages = 0;
        while (!rest.IsEmpty)
        {
            PeerFrame.TryReadHeader(rest, out int length, out uint checksum).ShouldBeTrue();
            ReadOnlySpan<byte> body = rest.Slice(PeerFrame.HeaderBytes, length);
            PeerFrame.Verify(body, checksum).ShouldBeTrue();
            var reader = new PeerMessageReader(body);
            while (reader.TryRead(out _))
                messages++;
            frames++;
            rest = rest[(PeerFrame.HeaderBytes + length)..];
        }
        messages.ShouldBe(10);
        frames.ShouldBe(3);
    }

    /// <summary>Most frames are the valid one with a few bytes changed, cut or doubled; some are noise.</summary>
    private static int Mutate(SeededRandom random, byte[] valid, byte[] into)
    {
        if (random.Chance(0.1))
        {
            int noise = random.Below(into.Length);
            random.Fill(into.AsSpan(0, noise));
            return noise;
        }
        valid.CopyTo(into, 0);
        int length = valid.Length;
        for (int changes = 1 + random.Below(4); changes > 0; changes--)
        {
            int at = random.Below(length);
            switch (random.Below(3))
            {
                case 0:
                    into[at] = (byte)random.Next();
                    break;
                case 1:
                    length = Math.Max(1, at);
                    break;
                default:
                    int copied = Math.Min(random.Below(64), Math.Min(length - at, into.Length - length));
                    into.AsSpan(at, copied).CopyTo(into.AsSpan(length));
                    length += copied;
                    break;
            }
        }
        return length;
    }
}
