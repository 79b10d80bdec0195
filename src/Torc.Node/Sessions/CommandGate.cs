using System.Text;
using Torc.Core.Placement;
using Torc.Node.Commands;
using Torc.Protocols.Resp;

namespace Torc.Node.Sessions;

/// <summary>
/// Looks a command up and decides whether it may run: known, right number of arguments, authenticated, cluster formed,
/// arguments well formed. Errors begin as Redis's do. Sets the request's spec, kind and levels.
/// </summary>
internal static class CommandGate
{
    private const int ShownBytesMax = 128;

    public static bool TryAdmit(Session session, Request request, ByteWriter reply)
    {
        CommandBuffer arguments = request.Arguments;
        CommandSpec? spec = session.FindCommand(arguments[0]);
        if (spec is null || spec.Has(CommandFlags.Internal))
        {
            // As Redis: before AUTH not even the names of commands are told.
            if (session.Authenticated)
                reply.Error($"ERR unknown command '{Shown(arguments[0])}', with args beginning with: {Beginning(arguments)}");
            else
                WriteNoAuth(reply);
            return false;
        }
        request.Spec = spec;
        if (spec.Subcommands.Count > 0 && arguments.Count > 1 && !TryFindSubcommand(request, reply))
            return false;
        spec = request.Spec;
        if (!spec.AcceptsArgumentCount(arguments.Count))
        {
            reply.Error($"ERR wrong number of arguments for '{spec.Name}' command");
            return false;
        }
        if (!session.Authenticated && !spec.Has(CommandFlags.NoAuth))
        {
            WriteNoAuth(reply);
            return false;
        }
        request.Kind = spec.KindFor?.Invoke(arguments) ?? spec.Kind;
        return request.Kind == CommandKind.Session
            ? spec.Check is null || spec.Check(request, reply)
            : TryAdmitData(session, request, reply);
    }

    private static bool TryAdmitData(Session session, Request request, ByteWriter reply)
    {
        ClusterMap? map = session.View.Map;
        if (session.View.Refusal is { } refusal && !request.Spec.Has(CommandFlags.Loading))
        {
            reply.Error(refusal);
            return false;
        }
        if (map is null)
            return true;
        KeyspaceSettings settings = map.Keyspaces[request.Keyspace];
        request.ReadLevel = session.ReadLevel ?? settings.Read;
        request.WriteLevel = session.WriteLevel ?? settings.Write;
        return request.Spec.Check is null || request.Spec.Check(request, reply);
    }

    private static bool TryFindSubcommand(Request request, ByteWriter reply)
    {
        ReadOnlySpan<byte> name = request.Arguments[1];
        if (request.Spec.FindSubcommand(name) is { } subcommand)
        {
            request.Spec = subcommand;
            return true;
        }
        // A container that also answers without one (COMMAND) still has a handler of its own, but not for this.
        reply.Error($"ERR unknown subcommand '{Shown(name)}'. Try {request.Spec.Name.ToUpperInvariant()} HELP.");
        return false;
    }

    private static void WriteNoAuth(ByteWriter reply) => reply.Error("NOAUTH Authentication required.");

    private static string Beginning(CommandBuffer arguments)
    {
        var text = new StringBuilder();
        for (int i = 1; i < arguments.Count && text.Length < ShownBytesMax; i++)
            text.Append('\'').Append(Shown(arguments[i])).Append("' ");
        return text.ToString();
    }

    /// <summary>Client bytes as they may stand in an error line: printable ASCII, cut.</summary>
    private static string Shown(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder();
        foreach (byte value in bytes[..Math.Min(bytes.Length, ShownBytesMax)])
            text.Append(value is >= 0x20 and < 0x7F ? (char)value : '?');
        return text.ToString();
    }
}
