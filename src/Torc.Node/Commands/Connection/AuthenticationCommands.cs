using System.Security.Cryptography;
using System.Text;
using Torc.Node.Commands.Server;
using Torc.Node.Sessions;
using Torc.Protocols.Resp;

namespace Torc.Node.Commands.Connection;

/// <summary>AUTH and HELLO: one user, <c>default</c>, with one password or none.</summary>
internal static class AuthenticationCommands
{
    private static ReadOnlySpan<byte> DefaultUser => "default"u8;

    private static ReadOnlySpan<byte> WrongPassword => "WRONGPASS invalid username-password pair or user is disabled."u8;

    public static IEnumerable<CommandSpec> Specs =>
    [
        new()
        {
            Name = "auth", Arity = -2, Kind = CommandKind.Session, OnSession = OnAuth,
            Flags = CommandFlags.NoScript | CommandFlags.Loading | CommandFlags.Stale | CommandFlags.Fast | CommandFlags.NoAuth,
            Categories = CategoryNames.Connection, Group = "connection", Since = "1.0.0", Syntax = "[username] password",
            Summary = "Authenticates the connection.",
        },
        new()
        {
            Name = "hello", Arity = -1, Kind = CommandKind.Session, OnSession = OnHello,
            Flags = CommandFlags.NoScript | CommandFlags.Loading | CommandFlags.Stale | CommandFlags.Fast | CommandFlags.NoAuth,
            Categories = CategoryNames.Connection, Group = "connection", Since = "6.0.0",
            Syntax = "[protover [AUTH username password] [SETNAME clientname]]", Summary = "Handshakes with the server.",
        },
    ];

    private static void OnAuth(in SessionContext context)
    {
        CommandBuffer arguments = context.Arguments;
        if (arguments.Count > 3)
        {
            context.Reply.Error(CommandErrors.Syntax);
            return;
        }
        if (arguments.Count == 2 && context.Surroundings.Password is null)
        {
            context.Reply.Error(
                "ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?"u8);
            return;
        }
        ReadOnlySpan<byte> user = arguments.Count == 3 ? arguments[1] : DefaultUser;
        if (TryAuthenticate(context, user, arguments[arguments.Count - 1]))
            context.Reply.Ok();
        else
            context.Reply.Error(WrongPassword);
    }

    /// <summary>Without a configured password the default user may log in with any, as in Redis.</summary>
    private static bool TryAuthenticate(in SessionContext context, ReadOnlySpan<byte> user, ReadOnlySpan<byte> password)
    {
        byte[]? expected = context.Surroundings.Password;
        bool matches = expected is null || EqualInConstantTime(expected, password);
        if (!matches || !user.SequenceEqual(DefaultUser))
            return false;
        context.Session.Authenticated = true;
        return true;
    }

    /// <summary>Compares digests, so that the time tells neither where the first difference is nor how long the password is.</summary>
    private static bool EqualInConstantTime(ReadOnlySpan<byte> expected, ReadOnlySpan<byte> given)
    {
        Span<byte> left = stackalloc byte[SHA256.HashSizeInBytes];
        Span<byte> right = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(expected, left);
        SHA256.HashData(given, right);
        return CryptographicOperations.FixedTimeEquals(left, right);
    }

    private ref struct HelloOptions
    {
        public bool HasLogin;
        public ReadOnlySpan<byte> User;
        public ReadOnlySpan<byte> Password;
        public bool HasName;
        public ReadOnlySpan<byte> Name;
    }

    private static void OnHello(in SessionContext context)
    {
        CommandBuffer arguments = context.Arguments;
        RespProtocol protocol = context.Session.Protocol;
        if (arguments.Count > 1 && !TryProtocol(context, arguments[1], out protocol))
            return;
        if (!TryOptions(arguments, out HelloOptions options, out int wrong))
        {
            context.Reply.Error($"ERR Syntax error in HELLO option '{arguments[wrong].Text()}'");
            return;
        }
        if (options.HasLogin && !TryAuthenticate(context, options.User, options.Password))
        {
            context.Reply.Error(WrongPassword);
            return;
        }
        if (!context.Session.Authenticated)
        {
            context.Reply.Error(
                "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time"u8);
            return;
        }
        if (options.HasName && !ClientNames.TrySet(context, options.Name))
            return;
        context.Session.Protocol = protocol;
        WriteGreeting(context, protocol);
    }

    private static bool TryProtocol(in SessionContext context, ReadOnlySpan<byte> argument, out RespProtocol protocol)
    {
        protocol = default;
        if (!ArgumentText.TryInteger(argument, out long number))
        {
            context.Reply.Error("ERR Protocol version is not an integer or out of range"u8);
            return false;
        }
        protocol = number == 3 ? RespProtocol.Resp3 : RespProtocol.Resp2;
        if (number is 2 or 3)
            return true;
        context.Reply.Error("NOPROTO unsupported protocol version"u8);
        return false;
    }

    private static bool TryOptions(CommandBuffer arguments, out HelloOptions options, out int wrong)
    {
        options = default;
        for (wrong = 2; wrong < arguments.Count; wrong++)
        {
            ReadOnlySpan<byte> option = arguments[wrong];
            if (option.Is("AUTH"u8) && wrong + 2 < arguments.Count)
            {
                options.HasLogin = true;
                options.User = arguments[++wrong];
                options.Password = arguments[++wrong];
            }
            else if (option.Is("SETNAME"u8) && wrong + 1 < arguments.Count)
            {
                options.HasName = true;
                options.Name = arguments[++wrong];
            }
            else
            {
                return false;
            }
        }
        return true;
    }

    private static void WriteGreeting(in SessionContext context, RespProtocol protocol)
    {
        ByteWriter reply = context.Reply;
        Session session = context.Session;
        reply.MapHeader(7, protocol);
        reply.Bulk("server"u8);
        reply.Bulk("redis"u8);
        reply.Bulk("version"u8);
        reply.Bulk(RedisVersion.Text);
        reply.Bulk("proto"u8);
        reply.Integer(protocol == RespProtocol.Resp3 ? 3 : 2);
        reply.Bulk("id"u8);
        reply.Integer(session.Id);
        reply.Bulk("mode"u8);
        reply.Bulk(Encoding.ASCII.GetBytes(RedisVersion.Mode));
        reply.Bulk("role"u8);
        reply.Bulk("master"u8);
        reply.Bulk("modules"u8);
        reply.ArrayHeader(0);
    }
}
