using Torc.Base;
using Torc.Core.Cells;
using Torc.Core.Clocks;
using Torc.Core.Membership;
using Torc.Core.Placement;
using Torc.Core.Repair;
using Torc.Node.Peers;
using Version = Torc.Core.Clocks.Version;

namespace Torc.Tests.Node.Peers;

/// <summary>One valid message of every kind, and a decoder that takes whatever kind it meets.</summary>
internal static class PeerMessages
{
    public const ushort Partition = 7;
    public static readonly Version SomeVersion = new(0x1234_5678_9ABC_0001, Actor.Of(3, 77).Value);

    public static byte[] OfEveryKind()
    {
        var buffer = new PeerBuffer();
        using var row = new ByteWriter();
        Version version = RowWriter.String(row, SomeVersion, "value"u8, 1_900_000_000_000);
        RowView.TryDecode(version, row.Written, out RowView view).ShouldBeTrue();

        WriteMessage.Write(buffer, Partition, 1, 0, "key"u8, version, row.Written);
        using var body = new ByteWriter();
        WriteMessage.WriteBody(body, 14, 0, "key"u8, version, row.Written);
        RelayMessage.Write(buffer, Partition, [4, 5], body.Written);
        PassedWriteMessage.Write(buffer, Partition, 3, body.Written);
        new WriteReply(2, WriteStatus.Superseded, Complete: true, version).Write(buffer, Partition);
        ReadMessage.Write(buffer, Partition, 3, 15, wantsData: true, "key"u8);
        ReadReply.Write(buffer, Partition, 4, complete: true, withData: true, view);
        ReadReply.Write(buffer, Partition, 5, complete: false, withData: true, RowView.Absent);
        ReadReply.WriteFailure(buffer, Partition, 6, ReadStatus.Damaged, complete: false);
        HintMessage.Write(buffer, Partition, 12, target: 4, 0, "key"u8, version, row.Written);
        new HintReply(13, 4, WriteStatus.Refused, version).Write(buffer, Partition);
        new ScanMessage(7, 2, 99, 100).Write(buffer, Partition);
        using var entries = new ByteWriter();
        ScanReply.WriteEntry(entries, StableHash.Hash64("key"u8), "key"u8, view);
        ScanReply.Write(buffer, Partition, 8, ReadStatus.Answered, complete: true, 1000, version, 1, entries.Written);
        new ListMessage(9, 254, 0, 0, 5).Write(buffer, Partition);
        using var listing = new RangeListing();
        listing.Add(StableHash.Hash64("key"u8), "key"u8, version, 42).ShouldBeTrue();
        listing.Encode(ListReply.Begin(buffer, Partition, 10, ReadStatus.Answered, complete: true, 0));
        buffer.End();
        new TreeRootsMessage(14, WantsFloors: true).Write(buffer, Partition);
        TreeRootsReply.Begin(buffer, Partition, new TreeRootsMessage(14, WantsFloors: true), complete: true, new CopyFloor(1, 2, 3));
        buffer.End();
        new FloorMessage(15, FloorStep.Hold, 99).Write(buffer, Partition);
        new FloorReply(15, FloorStep.Hold, FloorAnswer.NotYet).Write(buffer, Partition);
        ForwardReply.Write(buffer, Partition, 11, refused: true, "-UNAVAILABLE\r\n"u8);
        new HeartbeatMessage
        {
            SentMicros = 5,
            WallMs = 6,
            MapEpoch = 7,
            SyncMicros = 8,
            HasSlowDisk = true,
            KeepsHints = true,
            IsStopping = true,
            Level = 3,
            IncompleteBits = [1, 2, 3],
            BehindBits = [4],
        }.Write(buffer, PeerMessageKind.Heartbeat);
        new JoinRequest(9, new NodeInfo(NodeInfo.NoId, "10.0.0.9:7379", "host", 6379, 8379, "dc1", "rack1", 100, 77)).Write(buffer);
        new JoinAnswer(JoinStatus.Refused, NodeInfo.NoId, "why").Write(buffer);
        return buffer.Seal().ToArray();
    }

    /// <summary>Decodes a message as the shard or the control plane would; true when it was accepted.</summary>
    public static bool Decode(in PeerMessage message) => message.Kind switch
    {
        PeerMessageKind.Write => WriteMessage.TryRead(message.Body, out _),
        PeerMessageKind.WriteReply => WriteReply.TryRead(message.Body, out _),
        PeerMessageKind.Relay => RelayMessage.TryRead(message.Body, out _),
        PeerMessageKind.PassedWrite => PassedWriteMessage.TryRead(message.Body, out _),
        PeerMessageKind.Hint => HintMessage.TryRead(message.Body, out _),
        PeerMessageKind.HintReply => HintReply.TryRead(message.Body, out _),
        PeerMessageKind.Read => ReadMessage.TryRead(message.Body, out _),
        PeerMessageKind.ReadReply => ReadReply.TryRead(message.Body, out _),
        PeerMessageKind.Scan => ScanMessage.TryRead(message.Body, out _),
        PeerMessageKind.ScanReply => ScanReply.TryRead(message.Body, out ScanReplyView view) && EntriesDecode(view),
        PeerMessageKind.List => ListMessage.TryRead(message.Body, out _),
        PeerMessageKind.ListReply => ListReply.TryRead(message.Body, out ListReply list) && ListingDecodes(list),
        PeerMessageKind.TreeRoots => TreeRootsMessage.TryRead(message.Body, out _),
        PeerMessageKind.TreeRootsReply => TreeRootsReply.TryRead(message.Body, out TreeRootsReply roots) && roots.TryReadRest(true, out _, out _, out _),
        PeerMessageKind.Floor => FloorMessage.TryRead(message.Body, out _),
        PeerMessageKind.FloorReply => FloorReply.TryRead(message.Body, out _),
        PeerMessageKind.ForwardReply => ForwardReply.TryRead(message.Body, out _),
        PeerMessageKind.Heartbeat or PeerMessageKind.HeartbeatEcho => HeartbeatMessage.TryRead(message.Body, out _),
        PeerMessageKind.JoinRequest => JoinRequest.TryRead(message.Body, out _),
        PeerMessageKind.JoinAnswer => JoinAnswer.TryRead(message.Body, out _),
        PeerMessageKind.Greeting => Greeting.TryDecode(message.Body, out _),
        _ => false,
    };

    private static bool EntriesDecode(in ScanReplyView view)
    {
        var reader = new ByteReader(view.Entries);
        int count = 0;
        while (reader.Remaining > 0 && ScanEntry.TryRead(ref reader, out _))
            count++;
        return !reader.Failed && count == view.Count;
    }

    private static bool ListingDecodes(in ListReply reply)
    {
        using var listing = new RangeListing();
        return listing.TryDecode(reply.Listing, 0, reply.End);
    }
}
