using Torc.Base;
using Torc.Core.Cells;
using Torc.Node.Peers;
using Version = Torc.Core.Clocks.Version;

namespace Torc.Simulator.Defects;

/// <summary>
/// Encodes a read's answer that no row stands for: the shipped writer takes digest and version from a row. So the order of the fields is here once more, and each
/// body is decoded again to see that it still is that of <see cref="ReadReply"/>.
/// </summary>
internal static class ReadReplyBody
{
    public static byte[] Encode(in ReadReply reply, ReadStatus status, bool complete, ulong digest, Version version)
    {
        using var row = new ByteWriter();
        if (!reply.Row.IsAbsent)
            RowWriter.Copy(row, reply.Row);
        using var body = new ByteWriter();
        body.WriteUInt64(reply.Operation);
        body.WriteByte((byte)status);
        body.WriteByte(complete ? (byte)1 : (byte)0);
        body.WriteByte(reply.HasData ? (byte)1 : (byte)0);
        body.WriteUInt64(digest);
        body.WriteUInt64(version.Stamp);
        body.WriteUInt64(version.ActorValue);
        body.WriteBlob(row.Written);
        Check.That(ReadReply.TryRead(body.Written, out ReadReply decoded));
        Check.That(decoded.Operation == reply.Operation && decoded.Status == status && decoded.Complete == complete && decoded.HasData == reply.HasData);
        Check.That(decoded.Digest == digest && decoded.MaxVersion == version && decoded.Row.Digest == reply.Row.Digest);
        return body.Written.ToArray();
    }
}
