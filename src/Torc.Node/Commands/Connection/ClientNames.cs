using Torc.Protocols.Resp;

namespace Torc.Node.Commands.Connection;

/// <summary>Names that clients give themselves: printable, without spaces, so that CLIENT LIST stays readable by programs.</summary>
internal static class ClientNames
{
    /// <summary>Longer ones would make CLIENT LIST a way to fill memory.</summary>
    public const int NameBytesMax = 1024;

    public static bool TrySet(in SessionContext context, ReadOnlySpan<byte> name)
    {
        if (!IsPrintable(name))
        {
            context.Reply.Error("ERR Client names cannot contain spaces, newlines or special characters."u8);
            return false;
        }
        if (name.Length > NameBytesMax)
        {
            context.Reply.Error($"ERR Client names are limited to {NameBytesMax} bytes");
            return false;
        }
        context.Session.Name = name.Text();
        return true;
    }

    public static bool IsPrintable(ReadOnlySpan<byte> name) => !name.ContainsAnyExceptInRange((byte)'!', (byte)'~');
}
