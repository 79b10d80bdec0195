using Torc.Protocols.Resp;

namespace Torc.Node.Commands.Strings;

/// <summary>APPEND and SETRANGE: a new value out of the old one.</summary>
internal static class EditCommands
{
    public static IEnumerable<CommandSpec> Specs =>
    [
        new()
        {
            Name = "append", Arity = 3, Kind = CommandKind.ReadModifyWrite, OnWrite = OnAppend,
            Flags = CommandFlags.Write | CommandFlags.DenyOutOfMemory | CommandFlags.Fast, Keys = KeyPositions.One, Categories = CategoryNames.StringWrite,
            Group = "string", Since = "2.0.0", Syntax = "key value", Complexity = "O(N) where N is the length of the new value, which is written whole",
            Summary = "Appends a string to the value of a key. Creates the key if it doesn't exist.",
        },
        new()
        {
            Name = "setrange", Arity = 4, Kind = CommandKind.ReadModifyWrite, Check = CheckSetRange, OnWrite = OnSetRange,
            Flags = CommandFlags.Write | CommandFlags.DenyOutOfMemory, Keys = KeyPositions.One, Categories = CategoryNames.StringWriteSlow,
            Group = "string", Since = "2.2.0", Syntax = "key offset value", Complexity = "O(N) where N is the length of the new value, which is written whole",
            Summary = "Overwrites a part of a string value with another by an offset. Creates the key if it doesn't exist.",
        },
    ];

    private static void OnAppend(ref WriteContext context)
    {
        if (!StringRow.TryValue(context.Row, context.IsLive, context.Reply, out ReadOnlySpan<byte> old))
            return;
        ReadOnlySpan<byte> tail = context.Arguments[2];
        if ((long)old.Length + tail.Length > context.ValueBytesMax)
        {
            context.Reply.Error(CommandErrors.StringTooLong);
            return;
        }
        using var value = new ByteWriter(old.Length + tail.Length);
        value.Write(old);
        value.Write(tail);
        context.UpdateString(value.Written);
        context.Reply.Integer(value.Length);
    }

    private static bool CheckSetRange(Request request, ByteWriter reply)
    {
        if (!ArgumentText.TryInteger(request.Arguments[2], out long offset))
        {
            reply.Error(CommandErrors.NotInteger);
            return false;
        }
        if (offset >= 0)
            return true;
        reply.Error("ERR offset is out of range"u8);
        return false;
    }

    private static void OnSetRange(ref WriteContext context)
    {
        if (!StringRow.TryValue(context.Row, context.IsLive, context.Reply, out ReadOnlySpan<byte> old))
            return;
        long offset = ArgumentText.Integer(context.Arguments[2]);
        ReadOnlySpan<byte> part = context.Arguments[3];
        if (part.IsEmpty)
        {
            context.Reply.Integer(old.Length);
            return;
        }
        if (offset > context.ValueBytesMax - part.Length)
        {
            context.Reply.Error(CommandErrors.StringTooLong);
            return;
        }
        int length = Math.Max(old.Length, (int)offset + part.Length);
        using var value = new ByteWriter(length);
        Span<byte> bytes = value.GetSpan(length)[..length];
        old.CopyTo(bytes);
        bytes[old.Length..].Clear();
        part.CopyTo(bytes[(int)offset..]);
        context.UpdateString(bytes);
        context.Reply.Integer(length);
    }
}
