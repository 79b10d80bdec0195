// How a node that is no member asks to be let in, over a link on which it is a guest. Control messages:
//
//   JoinRequest | epoch u64 of the newest map it has seen, 0 for none | the node, as in cluster map; its id says nothing |
//   JoinAnswer  | status u8 | id u16 | reason blob, UTF-8 |
//
// It asks at each heartbeat. A greeting with the map follows the answer when the map is newer than the one seen. The node becomes a member when
// a map lists its birth, and by nothing else: it then persists that map, and the id is the one that it has there.

using System.Diagnostics.CodeAnalysis;
using System.Text;
using Torc.Core.Placement;

namespace Torc.Node.Peers;

public sealed record JoinRequest(ulong Epoch, NodeInfo Node)
{
    public void Write(PeerBuffer to)
    {
        ByteWriter body = to.Begin(PeerMessageKind.JoinRequest, PeerFrame.ControlPartition);
        body.WriteUInt64(Epoch);
        Node.Encode(body);
        to.End();
    }

    public static bool TryRead(ReadOnlySpan<byte> body, [NotNullWhen(true)] out JoinRequest? request)
    {
        var reader = new ByteReader(body);
        ulong epoch = reader.ReadUInt64();
        request = NodeInfo.TryDecode(ref reader, out NodeInfo? node) && reader.Complete ? new JoinRequest(epoch, node) : null;
        return request is not null;
    }
}

public enum JoinStatus : byte
{
    /// <summary>Heard: it waits for an operator.</summary>
    Waiting = 0,

    /// <summary>A map lists it, under this id.</summary>
    Listed = 1,

    Refused = 2,
}

public sealed record JoinAnswer(JoinStatus Status, ushort Id, string Reason)
{
    private const int ReasonBytesMax = 1024;

    public void Write(PeerBuffer to)
    {
        ByteWriter body = to.Begin(PeerMessageKind.JoinAnswer, PeerFrame.ControlPartition);
        body.WriteByte((byte)Status);
        body.WriteUInt16(Id);
        body.WriteBlob(Encoding.UTF8.GetBytes(Reason));
        to.End();
    }

    public static bool TryRead(ReadOnlySpan<byte> body, [NotNullWhen(true)] out JoinAnswer? answer)
    {
        var reader = new ByteReader(body);
        var status = (JoinStatus)reader.ReadByte();
        ushort id = reader.ReadUInt16();
        ReadOnlySpan<byte> reason = reader.ReadBlob();
        bool valid = reader.Complete && Enum.IsDefined(status) && reason.Length <= ReasonBytesMax;
        answer = valid ? new JoinAnswer(status, id, Encoding.UTF8.GetString(reason)) : null;
        return valid;
    }
}
