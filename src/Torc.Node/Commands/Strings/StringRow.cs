using Torc.Core.Cells;
using Torc.Protocols.Resp;

namespace Torc.Node.Commands.Strings;

/// <summary>The string in a row, or WRONGTYPE.</summary>
internal static class StringRow
{
    /// <summary>The value, empty for a key that is not there; false, with the error written, when the key holds another kind.</summary>
    public static bool TryValue(in RowView row, bool isLive, ByteWriter reply, out ReadOnlySpan<byte> value)
    {
        value = default;
        if (!isLive)
            return true;
        if (row.Kind != RowKind.String)
        {
            reply.Error(CommandErrors.WrongType);
            return false;
        }
        value = row.StringValue;
        return true;
    }

    /// <summary>Replies with the value as GET does; false when the key holds another kind.</summary>
    public static bool ReplyValue(in RowView row, bool isLive, Request request, ByteWriter reply)
    {
        if (!TryValue(row, isLive, reply, out ReadOnlySpan<byte> value))
            return false;
        if (isLive)
            reply.Bulk(value);
        else
            reply.Null(request.Protocol);
        return true;
    }
}
