using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Connections;
using Torc.Server.Logging;

namespace Torc.Server.Hosting.Clients;

/// <summary>What a running node does for a new client; absent while the node starts and while it stops.</summary>
internal delegate ClientConnection ClientOpener(ConnectionContext connection, long id, string address, string localAddress);

/// <summary>Takes new client connections: refuses those over the limit or too early with an error, and serves the others.</summary>
internal sealed class RespListener(ClientRegistry clients, int clientsMax, ILogger log)
{
    private static readonly byte[] TooMany = "-ERR max number of clients reached\r\n"u8.ToArray();
    private static readonly byte[] Loading = "-LOADING Torc is reading its data; try again soon\r\n"u8.ToArray();
    private volatile ClientOpener? _open;

    /// <summary>From now on clients are served; null: no more.</summary>
    internal ClientOpener? Open
    {
        get => _open;
        set => _open = value;
    }

    internal async Task OnConnected(ConnectionContext connection)
    {
        long id = clients.NextId();
        if (Open is not { } open)
        {
            await Refuse(connection, Loading, afterInput: true);
            return;
        }
        if (clients.Count >= clientsMax)
        {
            clients.CountRejected();
            await Refuse(connection, TooMany, afterInput: false);
            return;
        }
        ClientConnection client = open(connection, id, Text(connection.RemoteEndPoint), Text(connection.LocalEndPoint));
        clients.Add(client);
        try
        {
            await client.Run();
        }
        finally
        {
            clients.Remove(client);
            log.ClientClosed(id, client.Address, client.EndReason.Length > 0 ? client.EndReason : "it left");
        }
    }

    private static string Text(EndPoint? endPoint) => endPoint?.ToString() ?? "";

    /// <summary>Says why and closes. A client that is told LOADING asked something first, so that the error is its answer.</summary>
    private static async Task Refuse(ConnectionContext connection, byte[] error, bool afterInput)
    {
        try
        {
            if (afterInput)
            {
                ReadResult read = await connection.Transport.Input.ReadAsync();
                connection.Transport.Input.AdvanceTo(read.Buffer.End);
            }
            connection.Transport.Output.Write(error);
            await connection.Transport.Output.FlushAsync();
        }
        catch (Exception gone) when (gone is IOException or OperationCanceledException or ConnectionAbortedException)
        {
            // It left before it was told.
        }
    }
}
