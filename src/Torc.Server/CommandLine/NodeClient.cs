using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Torc.Server.Settings;

namespace Torc.Server.CommandLine;

/// <summary>Asks a node's HTTP door, for the commands that look at a cluster. Failures are one line on standard error.</summary>
internal static class NodeClient
{
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(5);

    /// <summary>The answer's text and value, or null after the failure was printed.</summary>
    internal static async Task<(string Text, T Value)?> Get<T>(string node, string path, JsonTypeInfo<T> type, CancellationToken cancelled)
        where T : class
    {
        if (!HostAndPort.TryParse(node, out HostAndPort address))
            throw new SettingException($"--node '{node}' is not host:port. Give a node's HTTP address, for example 127.0.0.1:8379.");
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { Timeout = AnswerTimeout };
        try
        {
            using HttpResponseMessage response = await client.GetAsync(new Uri($"http://{address}{path}"), cancelled);
            string text = await response.Content.ReadAsStringAsync(cancelled);
            if (!response.IsSuccessStatusCode)
                return Complain<T>($"the node at {address} says: {text.Trim()}");
            T? value = JsonSerializer.Deserialize(text, type);
            return value is null ? Complain<T>($"the node at {address} gave an empty answer") : (text, value);
        }
        catch (HttpRequestException error)
        {
            return Complain<T>($"no node answers at {address} ({error.HttpRequestError}). Is it running? --node takes a node's HTTP address (its --http-port).");
        }
        catch (JsonException)
        {
            return Complain<T>($"what answers at {address} is no Torc node's HTTP door. --node takes a node's HTTP address (its --http-port).");
        }
        catch (OperationCanceledException) when (!cancelled.IsCancellationRequested)
        {
            return Complain<T>($"the node at {address} gave no answer within {AnswerTimeout.TotalSeconds} s.");
        }
    }

    private static (string, T)? Complain<T>(string message)
    {
        Console.Error.WriteLine($"torc: {message}");
        return null;
    }
}
