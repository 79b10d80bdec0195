namespace Torc.Node.Commands;

/// <summary>Error texts that several commands share, in the words of Redis, which clients and their tests compare.</summary>
internal static class CommandErrors
{
    public static ReadOnlySpan<byte> WrongType => "WRONGTYPE Operation against a key holding the wrong kind of value"u8;

    public static ReadOnlySpan<byte> Syntax => "ERR syntax error"u8;

    public static ReadOnlySpan<byte> NotInteger => "ERR value is not an integer or out of range"u8;

    public static ReadOnlySpan<byte> NotFloat => "ERR value is not a valid float"u8;

    public static ReadOnlySpan<byte> NoSuchKey => "ERR no such key"u8;

    public static ReadOnlySpan<byte> KeyspaceOutOfRange => "ERR DB index is out of range"u8;

    public static ReadOnlySpan<byte> StringTooLong => "ERR string exceeds maximum allowed size (proto-max-bulk-len)"u8;

    public static string InvalidExpiry(CommandSpec spec) => $"ERR invalid expire time in '{spec.Name}' command";

    public static string WrongArgumentCount(CommandSpec spec) => $"ERR wrong number of arguments for '{spec.Name}' command";
}
