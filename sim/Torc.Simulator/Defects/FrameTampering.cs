using Torc.Base;
using Torc.Core.Cells;
using Torc.Node.Peers;
using Torc.Simulator.Cluster;
using Torc.Simulator.Runs;
using Version = Torc.Core.Clocks.Version;

namespace Torc.Simulator.Defects;

/// <summary>
/// Deliberate defects of nodes, made where their messages arrive: the receiver sees what a node with that bug would have sent, or acts on
/// what it would have made of what it got. So the shipped code needs no switches for them. Messages are read and written by the shipped codec, which knows where things are.
/// </summary>
internal abstract class FrameTampering
{
    /// <summary>Below everything that a client ever wrote.</summary>
    private static readonly Version Ancient = new(1, 1);

    /// <summary>What makes this defect in frames; null when it is made elsewhere, or there is none.</summary>
    public static FrameTampering? For(Defect defect, NodeHost host) => defect switch
    {
        Defect.IncompleteCounts or Defect.OutrankedIsApplied or Defect.HintDroppedBeforeAck or Defect.UnreadableIsNotFound => new PatchedReplies(defect),
        Defect.RepairRestamps or Defect.ExpiryStampedAfresh or Defect.RepairNotStored => new ChangedWrites(defect, host),
        Defect.LateAckCounts => new RecycledIds(host),
        Defect.DigestAlwaysMatches => new EchoedDigests(host),
        Defect.RootsAlwaysMatch => new EchoedRoots(host),
        Defect.ForwardRunTwice => new RepeatedForwards(),
        Defect.StaleEpochAccepted => new StaleEpochs(host),
        Defect.QuorumInOneSet => new OneSet(host),
        Defect.LeafNotUpdated => new WritesPastTheTree(host),
        _ => null,
    };

    /// <summary>Frames, with their headers, as they leave for a peer.</summary>
    public void Sent(ReadOnlySpan<byte> frames)
    {
        while (!frames.IsEmpty)
        {
            Check.That(PeerFrame.TryReadHeader(frames, out int length, out _));
            var reader = new PeerMessageReader(frames.Slice(PeerFrame.HeaderBytes, length));
            while (reader.TryRead(out PeerMessage message))
                OnSent(message);
            frames = frames[(PeerFrame.HeaderBytes + length)..];
        }
    }

    /// <summary>The messages of a frame as this node is to see them.</summary>
    public byte[] Received(ushort from, byte[] messages)
    {
        using var changed = new ByteWriter(messages.Length);
        var reader = new PeerMessageReader(messages);
        while (reader.TryRead(out PeerMessage message))
            OnReceived(from, message, changed);
        Check.That(!reader.Failed);
        return changed.Written.ToArray();
    }

    protected virtual void OnSent(in PeerMessage message)
    {
    }

    /// <summary>Writes what the node is to see of a message, with one of the <c>Write</c> members; nothing leaves it out.</summary>
    protected abstract void OnReceived(ushort from, in PeerMessage message, ByteWriter to);

    /// <summary>The message with another body.</summary>
    protected static void Write(ByteWriter to, in PeerMessage message, ReadOnlySpan<byte> body)
    {
        to.WriteByte((byte)message.Kind);
        to.WriteUInt16(message.Partition);
        to.WriteUInt64(message.Epoch);
        to.WriteBlob(body);
    }

    /// <summary>The message with the body of the one that a buffer holds.</summary>
    protected static void Write(ByteWriter to, in PeerMessage message, PeerBuffer anew)
    {
        var reader = new PeerMessageReader(anew.Seal()[PeerFrame.HeaderBytes..]);
        Check.That(reader.TryRead(out PeerMessage changed) && changed.Kind == message.Kind);
        Write(to, message, changed.Body);
    }

    /// <summary>The message with another delta.</summary>
    protected static void WriteDelta(ByteWriter to, in PeerMessage message, in WriteMessage write, Version version, ReadOnlySpan<byte> row)
    {
        var anew = new PeerBuffer();
        WriteMessage.Write(anew, message.Partition, write.Operation, write.Keyspace, write.Key, version, row);
        Write(to, message, anew);
    }

    /// <summary>The message with a delete that is older than everything, and changes nothing.</summary>
    protected static void WriteNothing(ByteWriter to, in PeerMessage message, in WriteMessage write)
    {
        using var row = new ByteWriter();
        Version version = RowWriter.Tombstone(row, Ancient);
        WriteDelta(to, message, write, version, row.Written);
    }

    protected static void Write(ByteWriter to, in PeerMessage message, in WriteReply reply)
    {
        var anew = new PeerBuffer();
        reply.Write(anew, message.Partition);
        Write(to, message, anew);
    }
}
