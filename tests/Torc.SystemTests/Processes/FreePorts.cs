using System.Net;
using System.Net.Sockets;

namespace Torc.SystemTests.Processes;

/// <summary>
/// Free loopback ports. They lie below the range that the system takes for outgoing connections, so that a node that
/// was killed finds its ports free when it comes back.
/// </summary>
internal static class FreePorts
{
    private const int First = 20_000;
    private const int Last = 31_000;
    private static readonly Lock Gate = new();
    private static int _next = Random.Shared.Next(First, Last);

    /// <summary>The first of <paramref name="count"/> free ports in a row.</summary>
    internal static int Take(int count = 1)
    {
        lock (Gate)
        {
            for (int tries = 0; tries < Last - First; tries++)
            {
                if (_next + count > Last)
                    _next = First;
                int candidate = _next;
                _next += count;
                if (Enumerable.Range(candidate, count).All(IsFree))
                    return candidate;
            }
        }
        throw new InvalidOperationException($"no {count} free ports in a row between {First} and {Last}");
    }

    private static bool IsFree(int port)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
