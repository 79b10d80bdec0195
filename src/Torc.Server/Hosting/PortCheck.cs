using System.Net;
using System.Net.Sockets;
using Torc.Server.Settings;

namespace Torc.Server.Hosting;

/// <summary>Finds out before anything is opened whether a node's ports can be had, to name the setting when not.</summary>
internal static class PortCheck
{
    internal static void Run(SettingValues settings)
    {
        IPAddress address = IPAddress.Parse(settings.Get(SettingTable.Bind));
        foreach (Setting<int> setting in new[] { SettingTable.Port, SettingTable.PeerPort, SettingTable.HttpPort })
        {
            int port = settings.Get(setting);
            try
            {
                using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
                socket.Bind(new IPEndPoint(address, port));
                socket.Listen();
            }
            catch (SocketException error)
            {
                throw new SettingException(Explain(settings, setting, port, error.SocketErrorCode));
            }
        }
    }

    private static string Explain(SettingValues settings, Setting setting, int port, SocketError error)
    {
        string place = $"({settings.PlaceOf(setting)})";
        return error switch
        {
            SocketError.AddressAlreadyInUse => $"{setting.Name} {place}: {port} is taken by another process. Stop it, or give another {setting.Option}.",
            SocketError.AccessDenied => $"{setting.Name} {place}: this user may not listen on {port}. Give a port above 1023.",
            SocketError.AddressNotAvailable => $"bind ({settings.PlaceOf(SettingTable.Bind)}): this machine has no address {settings.Get(SettingTable.Bind)}. Give one of its own, or 0.0.0.0.",
            _ => $"{setting.Name} {place}: listening on {port} failed: {error}.",
        };
    }
}
