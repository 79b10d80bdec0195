using System.Text.Json;

namespace Torc.Server.Http;

/// <summary>
/// Fills a cluster's status with what each node says of itself: all are asked at once, and one that does not answer
/// in time is listed as down with what the map says of it.
/// </summary>
public sealed class ClusterSurvey : IDisposable
{
    private const int AnswerTimeoutMs = 1_500;
    private readonly HttpClient _client;

    public ClusterSurvey()
        : this(new SocketsHttpHandler { UseProxy = false, ConnectTimeout = TimeSpan.FromMilliseconds(AnswerTimeoutMs) })
    {
    }

    internal ClusterSurvey(HttpMessageHandler handler) =>
        _client = new HttpClient(handler) { Timeout = TimeSpan.FromMilliseconds(AnswerTimeoutMs) };

    public async Task<ClusterStatus> Complete(ClusterStatus cluster, NodeStatus self, CancellationToken cancelled)
    {
        NodeStatus[] nodes = await Task.WhenAll(cluster.Nodes.Select(node =>
            node.Id == self.Id ? Task.FromResult(self) : Ask(node, cancelled)));
        return cluster with { Nodes = nodes };
    }

    public void Dispose() => _client.Dispose();

    private async Task<NodeStatus> Ask(NodeStatus node, CancellationToken cancelled)
    {
        if (node.HttpAddress.Length == 0)
            return node with { Problem = "not heard of yet" };
        try
        {
            NodeStatus? answer = await _client.GetFromJsonAsync($"http://{node.HttpAddress}/v1/node", StatusJson.Default.NodeStatus, cancelled);
            return answer is not null && answer.Id == node.Id ? answer : node with { State = "down", Problem = "another node answers at its address" };
        }
        catch (Exception error) when (error is HttpRequestException or JsonException or OperationCanceledException)
        {
            return node with { State = "down", Problem = error is HttpRequestException ? "no connection to its HTTP port" : "no answer in time" };
        }
    }
}
