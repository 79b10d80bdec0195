using System.Net;
using Torc.SystemTests.Harness;
using Torc.SystemTests.Wire;

namespace Torc.SystemTests.Processes;

/// <summary>One node of a test: its addresses, its data directory, and the process that runs it now, if any.</summary>
internal sealed class TorcNode : IDisposable
{
    private static readonly HttpClient Http = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(5) };
    private IReadOnlyList<string> _arguments;
    private TorcProcess? _process;

    internal TorcNode(int id, int port, string directory, IReadOnlyList<string> arguments)
    {
        Id = id;
        Port = port;
        Directory = directory;
        _arguments = arguments;
    }

    internal int Id { get; }

    /// <summary>Where its ports are.</summary>
    internal string Host { get; init; } = "127.0.0.1";

    /// <summary>The network namespace that its process runs in; null: this one's.</summary>
    internal string? NetworkNamespace { get; init; }

    /// <summary>The port for Redis clients.</summary>
    internal int Port { get; }

    internal int PeerPort => Port + 1;

    internal int HttpPort => Port + 2;

    internal string Directory { get; }

    internal bool IsRunning => _process is { HasExited: false };

    internal TorcProcess Process => _process ?? throw new InvalidOperationException($"node {Id} was not started");

    /// <summary>Everything after <c>serve</c> on its command line.</summary>
    internal IEnumerable<string> Arguments =>
        [$"--port={Port}", $"--peer-port={PeerPort}", $"--http-port={HttpPort}", $"--data={Directory}", .. _arguments];

    internal void Start()
    {
        _process?.Dispose();
        _process = TorcProcess.Serve(Arguments, NetworkNamespace);
    }

    internal void Restart()
    {
        Start();
        WaitUntilReady();
    }

    /// <summary>Starts without an option that it had.</summary>
    internal void RestartWithout(string without)
    {
        _arguments = [.. _arguments.Where(argument => argument != without)];
        Restart();
    }

    /// <summary>Starts with an option more.</summary>
    internal void RestartWith(string with)
    {
        _arguments = [.. _arguments, with];
        Restart();
    }

    internal void Kill() => Process.Kill();

    internal void StopCleanly() => Process.Stop().ShouldBe(0, $"node {Id} did not stop cleanly:{Environment.NewLine}{Process.Errors}");

    internal void WaitUntilReady(TimeSpan? patience = null)
    {
        Wait.Until($"node {Id} to be ready", () => Process.HasExited || TryGet("/readyz") is (HttpStatusCode.OK, _), patience, () => Process.Errors);
        Process.HasExited.ShouldBeFalse($"node {Id} ended:{Environment.NewLine}{Process.Errors}");
    }

    internal RespClient Connect() => new(Port, Host);

    /// <summary>What its HTTP door answers.</summary>
    internal string Get(string path) => TryGet(path) is (HttpStatusCode.OK, string text)
        ? text
        : throw new IOException($"GET {path} of node {Id} failed");

    public void Dispose() => _process?.Dispose();

    /// <summary>The answer's code and text; null when there was none.</summary>
    internal (HttpStatusCode, string)? TryGet(string path)
    {
        try
        {
            using HttpResponseMessage response = Http.Send(new HttpRequestMessage(HttpMethod.Get, $"http://{Host}:{HttpPort}{path}"));
            using var reader = new StreamReader(response.Content.ReadAsStream());
            return (response.StatusCode, reader.ReadToEnd());
        }
        catch (Exception error) when (error is HttpRequestException or OperationCanceledException or IOException)
        {
            return null;
        }
    }
}
