using Torc.Storage;
using Torc.Storage.Records;
using Torc.Storage.Segments;

namespace Torc.Tests.Storage;

/// <summary>What is on disk stays readable: these numbers and bytes never change without a new format number.</summary>
public class FrozenFormatTests
{
    [Fact]
    public void Numbers_are_frozen()
    {
        ((byte)Durability.Always, (byte)Durability.EverySecond, (byte)Durability.OperatingSystem).ShouldBe(((byte)1, (byte)2, (byte)3));
        ((byte)RecordFlags.Tombstone, (byte)RecordFlags.HasDeadline).ShouldBe(((byte)1, (byte)2));
        Enum.GetValues<RecordKind>().Select(kind => $"{kind}={(byte)kind}")
            .ShouldBe(["Put=1", "Forget=2", "Drop=3", "FlushMark=4", "CleanStop=5", "Seal=6"]);
        (SegmentHeader.Format, SegmentIndex.Format, ReachedFile.Format).ShouldBe((1u, 1u, 1u));
        (ReachedFile.FileName, ReachedFile.Bytes).ShouldBe(("reached.torc", 32));
        (SegmentHeader.Bytes, RecordCodec.HeaderBytes, SegmentIndex.HeaderBytes, SegmentIndex.EntryBytes).ShouldBe((64, 32, 64, 44));
        FileNames.Segment(0x1234).ShouldBe("segment-0000000000001234.torc");
        FileNames.Hint(1).ShouldBe("hint-0000000000000001.torc");
        FileNames.Spare(1).ShouldBe("spare-0000000000000001.torc");
    }

    [Fact]
    public void A_record_is_frozen()
    {
        byte[] record = MakeRecord();
        Convert.ToHexString(record).ShouldBe(Golden.Record);
        RecordCodec.IsIntact(record, RecordCodec.Seed(0x1122334455667788, 3, 64)).ShouldBeTrue();
    }

    [Fact]
    public void A_record_is_intact_at_its_own_place_only()
    {
        byte[] record = MakeRecord();
        RecordCodec.IsIntact(record, RecordCodec.Seed(0x1122334455667788, 3, 72)).ShouldBeFalse();
        RecordCodec.IsIntact(record, RecordCodec.Seed(0x1122334455667788, 4, 64)).ShouldBeFalse();
        RecordCodec.IsIntact(record, RecordCodec.Seed(0x1122334455667789, 3, 64)).ShouldBeFalse();
    }

    [Fact]
    public void A_segment_header_is_frozen()
    {
        byte[] bytes = new byte[SegmentHeader.Bytes];
        var header = new SegmentHeader(3, 1 << 26, 7, 2, Durability.EverySecond, 0x0102030405060708, 0x1122334455667788);
        header.Write(bytes);
        Convert.ToHexString(bytes).ShouldBe(Golden.SegmentHeader);
        SegmentHeader.Read(bytes, out SegmentHeader read).ShouldBe(SegmentHeaderState.Valid);
        read.ShouldBe(header);
    }

    [Fact]
    public void A_hint_file_is_frozen()
    {
        using var builder = new SegmentIndexBuilder();
        byte[] record = MakeRecord();
        RecordCodec.TryReadHeader(record, record.Length, out RecordHeader header).ShouldBeTrue();
        builder.Add(64, record, header);
        using SegmentIndex index = builder.Build(0x1122334455667788, 3, 4096, 112);
        Convert.ToHexString(index.File).ShouldBe(Golden.Hint);
        IndexEntry entry = index[0];
        (entry.Offset, entry.Version, entry.KeyLength, entry.RowLength, entry.Kind, entry.Flags, entry.Keyspace, entry.Partition)
            .ShouldBe((64, header.Version, 3, 5, RecordKind.Put, RecordFlags.HasDeadline, (byte)9, (ushort)0x0203));
        index.Key(entry).SequenceEqual("key"u8).ShouldBeTrue();
    }

    [Fact]
    public void What_says_how_far_a_log_came_is_frozen()
    {
        byte[] bytes = new byte[ReachedFile.Bytes];
        ReachedFile.Encode(bytes, 0x1122334455667788, 0x0102030405060708);
        Convert.ToHexString(bytes).ShouldBe(Golden.Reached);
        ReachedFile.TryDecode(bytes, out ulong logId, out long offset).ShouldBeTrue();
        (logId, offset).ShouldBe((0x1122334455667788ul, 0x0102030405060708));
        for (int bit = 0; bit < bytes.Length * 8; bit++)
        {
            bytes[bit / 8] ^= (byte)(1 << bit % 8);
            ReachedFile.TryDecode(bytes, out _, out _).ShouldBeFalse($"bit {bit}");
            bytes[bit / 8] ^= (byte)(1 << bit % 8);
        }
    }

    private static byte[] MakeRecord()
    {
        byte[] record = new byte[RecordCodec.SizeOf(3, 5)];
        var header = new RecordHeader(RecordKind.Put, RecordFlags.HasDeadline, 9, 0x0203, new UInt128(0x0A0B0C0D0E0F1011, 0x1213141516171819), 3, 5);
        RecordCodec.Write(record, header, "key"u8, "value"u8);
        RecordCodec.WriteChecksum(record, RecordCodec.Seed(0x1122334455667788, 3, 64));
        return record;
    }

    private static class Golden
    {
        public const string Record = "1E158B44050000000300000102090302191817161514131211100F0E0D0C0B0A6B657976616C7565";
        public const string SegmentHeader = "544F52435345474D01000000B2C657F9030000000000000000000004070000000200000000000000020000000000000008070605040302018877665544332211";
        public const string Reached = "544F524352434844010000009CFD15D788776655443322110807060504030201";
        public const string Hint =
            "544F524348494E54010000007B71BC8F03000000000000008877665544332211700000000100000003000000000000000000000000000000ED902FA900000000"
            + "3443E12D56627744191817161514131211100F0E0D0C0B0A08000000050000000300000102090302000000006B6579";
    }
}
