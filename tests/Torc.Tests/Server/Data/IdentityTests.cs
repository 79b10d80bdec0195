using Torc.Base;
using Torc.Server.Data;

namespace Torc.Tests.Server.Data;

public sealed class IdentityTests
{
    internal static readonly Identity Sample = new()
    {
        Birth = 0x01020304,
        IncarnationSeed = 0x0A0B0C0D,
        StartCounter = 0x1122,
        ShardCount = 4,
        SegmentBytes = 64 << 20,
        FirstNodes = "a:7379,b:7379",
        Map = new byte[] { 9, 8, 7 },
    };

    [Fact]
    public void The_bytes_on_disk_are_frozen()
    {
        const string frozen = "544F52434E4F4445" + "02000000" + "04030201" + "0D0C0B0A" + "2211" + "0400" + "0000000400000000"
            + "0D000000" + "613A373337392C623A37333739" + "03000000" + "090807";
        using var bytes = new ByteWriter();
        Sample.Encode(bytes);
        Convert.ToHexString(bytes.Written[..^4]).ShouldBe(frozen);
        Identity.TryDecode(bytes.Written, out Identity? decoded, out _).ShouldBeTrue();
        decoded!.Map.ToArray().ShouldBe([9, 8, 7]);
        (decoded with { Map = Sample.Map }).ShouldBe(Sample);
    }

    [Fact]
    public void Every_flipped_bit_and_every_cut_is_refused()
    {
        using var written = new ByteWriter();
        Sample.Encode(written);
        byte[] bytes = written.Written.ToArray();
        for (int bit = 0; bit < bytes.Length * 8; bit++)
        {
            byte[] damaged = [.. bytes];
            damaged[bit / 8] ^= (byte)(1 << (bit % 8));
            Identity.TryDecode(damaged, out _, out string problem).ShouldBeFalse($"bit {bit}");
            problem.ShouldNotBeEmpty();
        }
        for (int length = 0; length < bytes.Length; length++)
            Identity.TryDecode(bytes.AsSpan(0, length), out _, out _).ShouldBeFalse($"length {length}");
    }

    [Fact]
    public void Another_format_is_named()
    {
        using var written = new ByteWriter();
        Sample.Encode(written);
        written.Patch(8, 1)[0] = 3;
        Identity.TryDecode(written.Written, out _, out string problem).ShouldBeFalse();
        problem.ShouldBe("it has data format 3, and this torc reads formats 1 to 2");
    }

    [Fact]
    public void No_start_repeats_an_incarnation_even_when_the_counter_is_used_up()
    {
        var random = new SeededRandom(3);
        var seen = new HashSet<ulong>();
        Identity identity = Sample with { StartCounter = 0 };
        for (int start = 0; start < 70_000; start++)
        {
            identity = identity.WithNextStart((uint)random.Next());
            seen.Add(identity.Incarnation).ShouldBeTrue($"start {start}");
        }
        identity.Birth.ShouldBe(Sample.Birth);
    }

    [Fact]
    public void A_directory_that_was_put_back_starts_under_another_incarnation_than_the_run_that_was_lost()
    {
        var random = new SeededRandom(4);
        Sample.WithNextStart((uint)random.Next()).Incarnation.ShouldNotBe(Sample.WithNextStart((uint)random.Next()).Incarnation);
    }
}
