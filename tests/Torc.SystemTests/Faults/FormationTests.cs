using System.Net.Sockets;
using Torc.SystemTests.Harness;
using Torc.SystemTests.Processes;
using Torc.SystemTests.Wire;

namespace Torc.SystemTests.Faults;

/// <summary>A cluster that is being made under the eyes of impatient clients.</summary>
public sealed class FormationTests
{
    private const int Rounds = 3;

    [SystemFact]
    public void Clients_that_ask_from_the_first_moment_on_are_told_to_wait_and_then_served()
    {
        for (int round = 0; round < Rounds; round++)
        {
            using TorcCluster cluster = TorcCluster.Prepare(3);
            foreach (TorcNode node in cluster.Nodes)
                node.Start();
            Parallel.ForEach(cluster.Nodes, static node => Wait.Until($"node {node.Id} to serve", () => node.Process.HasExited || IsServed(node), null, () => node.Process.Errors));
            foreach (TorcNode node in cluster.Nodes)
                node.IsRunning.ShouldBeTrue(node.IsRunning ? "" : node.Process.Errors);
        }
    }

    /// <summary>Asks as fast as it can over one connection; false when that ended.</summary>
    private static bool IsServed(TorcNode node)
    {
        try
        {
            using RespClient client = node.Connect();
            string? reply;
            do
            {
                reply = client.Text("SET", $"formation:{node.Id}", "x");
                reply.ShouldNotBeNull();
                (reply == "OK" || reply.StartsWith("LOADING", StringComparison.Ordinal) || reply.StartsWith("UNAVAILABLE", StringComparison.Ordinal)).ShouldBeTrue(reply);
            }
            while (reply != "OK");
            return true;
        }
        catch (Exception error) when (error is SocketException or IOException)
        {
            return false;
        }
    }
}
