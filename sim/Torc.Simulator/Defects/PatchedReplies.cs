using Torc.Base;
using Torc.Node.Peers;
using Torc.Simulator.Runs;

namespace Torc.Simulator.Defects;

/// <summary>Replies that say something better than the truth.</summary>
internal sealed class PatchedReplies(Defect defect) : FrameTampering
{
    private bool ClaimsComplete => defect is Defect.IncompleteCounts or Defect.UnreadableIsNotFound;

    protected override void OnReceived(ushort from, in PeerMessage message, ByteWriter to)
    {
        switch (message.Kind)
        {
            case PeerMessageKind.WriteReply when WriteReply.TryRead(message.Body, out WriteReply reply):
                Write(to, message, Better(reply));
                break;
            case PeerMessageKind.ReadReply when ReadReply.TryRead(message.Body, out ReadReply reply):
                Write(to, message, ReadReplyBody.Encode(reply, StatusOf(reply), ClaimsComplete || reply.Complete, reply.Digest, reply.MaxVersion));
                break;
            case PeerMessageKind.HintReply when defect == Defect.HintDroppedBeforeAck && HintReply.TryRead(message.Body, out HintReply reply):
                ClaimKept(to, message, reply);
                break;
            case PeerMessageKind.Heartbeat or PeerMessageKind.HeartbeatEcho when ClaimsComplete && HeartbeatMessage.TryRead(message.Body, out HeartbeatMessage heartbeat):
                ClaimWhole(to, message, heartbeat);
                break;
            default:
                Write(to, message, message.Body);
                break;
        }
    }

    private WriteReply Better(in WriteReply reply) => defect switch
    {
        Defect.OutrankedIsApplied when reply.Status == WriteStatus.Superseded => reply with { Status = WriteStatus.Applied },
        _ => reply with { Complete = ClaimsComplete || reply.Complete },
    };

    /// <summary>The rest of a failure is that of an absent row.</summary>
    private ReadStatus StatusOf(in ReadReply reply) =>
        defect == Defect.UnreadableIsNotFound && reply.Status == ReadStatus.Damaged ? ReadStatus.Answered : reply.Status;

    private static void ClaimKept(ByteWriter to, in PeerMessage message, in HintReply reply)
    {
        var anew = new PeerBuffer();
        (reply with { Status = WriteStatus.Applied }).Write(anew, message.Partition);
        Write(to, message, anew);
    }

    private static void ClaimWhole(ByteWriter to, in PeerMessage message, in HeartbeatMessage heartbeat)
    {
        var anew = new PeerBuffer();
        var claim = new HeartbeatMessage
        {
            SentMicros = heartbeat.SentMicros,
            WallMs = heartbeat.WallMs,
            MapEpoch = heartbeat.MapEpoch,
            SyncMicros = heartbeat.SyncMicros,
            HasSlowDisk = heartbeat.HasSlowDisk,
            KeepsHints = heartbeat.KeepsHints,
            IsStopping = heartbeat.IsStopping,
            Level = heartbeat.Level,
            IncompleteBits = new byte[heartbeat.IncompleteBits.Length],
            BehindBits = heartbeat.BehindBits,
        };
        claim.Write(anew, message.Kind);
        Write(to, message, anew);
    }
}
