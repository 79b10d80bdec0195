using Microsoft.AspNetCore.Http.HttpResults;
using Torc.Server.Metrics;

namespace Torc.Server.Http;

/// <summary>
/// The HTTP door: health for an orchestrator, metrics for Prometheus, status for people and for <c>torc status</c>.
/// Read-only, without credentials, and so on loopback unless --bind says otherwise.
/// </summary>
public static class HttpEndpoints
{
    public static void Map(IEndpointRouteBuilder routes, INodeReport node, ClusterSurvey survey)
    {
        // Alive means that the process answers: a node that waits for its peers must not be restarted for it.
        routes.MapGet("/healthz", static () => TypedResults.Text("ok\n"));
        routes.MapGet("/readyz", () => Ready(node));
        routes.MapGet("/metrics", () => Metrics(node));
        routes.MapGet("/v1/node", () => TypedResults.Json(node.Self(), StatusJson.Default.NodeStatus));
        routes.MapGet("/v1/status", async (CancellationToken cancelled) =>
            TypedResults.Json(await survey.Complete(node.Cluster(), node.Self(), cancelled), StatusJson.Default.ClusterStatus));
        routes.MapGet("/v1/ring", Results<JsonHttpResult<RingStatus>, ContentHttpResult> () => node.Ring() is { } ring
            ? TypedResults.Json(ring, StatusJson.Default.RingStatus)
            : Unavailable("the cluster is not formed yet"));
        routes.MapGet("/", static () => TypedResults.Text("Torc. See /healthz /readyz /metrics /v1/status /v1/ring\n"));
    }

    private static ContentHttpResult Ready(INodeReport node) =>
        node.NotReadyBecause is { } reason ? Unavailable(reason) : TypedResults.Text("ready\n");

    private static ContentHttpResult Metrics(INodeReport node)
    {
        var writer = new PrometheusWriter();
        node.WriteMetrics(writer);
        return TypedResults.Text(writer.ToString(), PrometheusWriter.ContentType);
    }

    private static ContentHttpResult Unavailable(string reason) =>
        TypedResults.Text(reason + "\n", statusCode: StatusCodes.Status503ServiceUnavailable);
}
