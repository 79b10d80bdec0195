using System.Net;
using Microsoft.AspNetCore.Connections;
using Torc.Node.Peers;
using Torc.Server.CommandLine;
using Torc.Server.Data;
using Torc.Server.Hosting.Clients;
using Torc.Server.Http;
using Torc.Server.Logging;
using Torc.Server.Settings;
using Torc.Server.Sockets;
using Torc.Storage.Disk;

namespace Torc.Server.Hosting;

/// <summary>
/// The life of <c>torc serve</c>: check everything that can be checked without changing anything, listen, recover, serve,
/// and on a signal stop cleanly. HTTP answers from the first moment, so that an orchestrator sees a long recovery.
/// </summary>
internal static class ServerProcess
{
    /// <summary>How long a stopping node goes on with commands that it has already read.</summary>
    private static readonly TimeSpan FinishPatience = TimeSpan.FromSeconds(2);

    internal static async Task<int> Run(SettingValues settings, bool stopWithInput)
    {
        using var provider = new LineLoggerProvider(Console.Error, settings.Get(SettingTable.LogLevel), static () => DateTime.UtcNow);
        using ILoggerFactory loggers = LoggerFactory.Create(logging => Configure(logging, provider));
        ILogger log = loggers.CreateLogger("Torc");
        using var stop = new StopRequest(stopWithInput);
        using NodeHome home = NodeHome.Open(settings);
        PortCheck.Run(settings);
        log.Starts(TorcCommands.Version, home.NodeId == Core.Placement.NodeInfo.NoId ? "a node without a cluster" : $"node {home.NodeId}", Environment.ProcessId, home.Name);
        home.BeginStart();

        var fate = new ProcessFate(log);
        var clients = new ClientRegistry();
        var listener = new RespListener(clients, settings.Get(SettingTable.MaxClients), loggers.CreateLogger("Clients"));
        var report = new NodeReport(settings);
        using var survey = new ClusterSurvey();
        using var transport = new LoopTransport(settings.EventLoops, static () => HostClock.Now, fate.Fail);
        using var host = new NodeHost(settings, home, clients, transport, fate, loggers);
        WebApplication web = MakeWeb(settings, provider, listener, host, transport, report, survey);

        await Serve(web, settings, listener, host, report, clients, stop, log);

        // The last connection ends on an event loop, which must not run what follows: it waits for the loops to stop.
        await Task.Yield();
        return ExitCode.Done;
    }

    private static void WarnOfSecret(SettingValues settings, ILogger log)
    {
        int length = settings.Get(SettingTable.ClusterSecret).Length;
        bool loopback = IPAddress.IsLoopback(IPAddress.Parse(settings.Get(SettingTable.Bind)));
        if (length == 0 && !loopback)
            log.NoClusterSecret($"{settings.Get(SettingTable.Bind)}:{settings.Get(SettingTable.PeerPort)}");
        if (length is > 0 and < ClusterSecret.LengthAdvised)
            log.ShortClusterSecret(ClusterSecret.LengthAdvised);
    }

    private static async Task Serve(
        WebApplication web, SettingValues settings, RespListener listener, NodeHost host, NodeReport report, ClientRegistry clients, StopRequest stop, ILogger log)
    {
        await using WebApplication untilTheEnd = web;
        await web.StartAsync();
        log.Listens(settings.Get(SettingTable.Bind), settings.Get(SettingTable.Port), settings.Get(SettingTable.PeerPort), settings.Get(SettingTable.HttpPort));
        WarnOfSecret(settings, log);
        try
        {
            await Task.Run(host.Recover);
        }
        catch (AggregateException error) when (error.InnerExceptions[0] is DataDirectoryException or DiskFailedException)
        {
            // Who asks by HTTP meanwhile is answered before what answers goes away.
            using var patience = new CancellationTokenSource(FinishPatience);
            await web.StopAsync(patience.Token);
            throw error.InnerExceptions[0];
        }
        host.Start();
        report.Host = host;
        listener.Open = host.OpenClient;
        log.Ready(settings.Get(SettingTable.Port));

        log.Stopping(await stop.Requested);
        listener.Open = null;
        Task<bool> letGo = host.LetGo(FinishPatience);
        await clients.FinishAll(FinishPatience);
        if (!await letGo)
            log.LetGoTimedOut();
        await host.StopCleanly();
        log.Stopped();
    }

    private static void Configure(ILoggingBuilder logging, LineLoggerProvider provider)
    {
        logging.AddProvider(provider);
        logging.SetMinimumLevel(LogLevel.Debug);
        logging.AddFilter("Microsoft", LogLevel.Warning);
        logging.AddFilter("Sockets", LogLevel.Warning);
    }

    private static WebApplication MakeWeb(
        SettingValues settings, LineLoggerProvider provider, RespListener listener, NodeHost host, LoopTransport transport, NodeReport report, ClusterSurvey survey)
    {
        // An empty builder: neither environment variables nor files of ASP.NET Core configure a node.
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "torc" });
        Configure(builder.Logging, provider);
        builder.Services.AddRoutingCore();
        builder.Services.AddSingleton<IHostLifetime, NoHostLifetime>();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            IPAddress address = IPAddress.Parse(settings.Get(SettingTable.Bind));
            kestrel.AddServerHeader = false;
            kestrel.Listen(address, settings.Get(SettingTable.HttpPort));
            kestrel.Listen(new LoopEndPoint(address, settings.Get(SettingTable.Port)), options => options.Run(listener.OnConnected));
            kestrel.Listen(new LoopEndPoint(address, settings.Get(SettingTable.PeerPort)), options => options.Run(host.OnPeerConnected));
        });
        builder.Services.AddSingleton<IConnectionListenerFactory>(transport);
        WebApplication web = builder.Build();
        web.UseRouting();
        HttpEndpoints.Map(web, report, survey);
        return web;
    }

    /// <summary>Signals are this class's business, not the host's.</summary>
    private sealed class NoHostLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
