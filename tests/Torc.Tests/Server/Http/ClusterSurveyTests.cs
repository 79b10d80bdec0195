using System.Net;
using System.Text;
using System.Text.Json;
using Torc.Server.CommandLine;
using Torc.Server.Http;

namespace Torc.Tests.Server.Http;

public sealed class ClusterSurveyTests
{
    [Fact]
    public async Task Each_node_is_shown_as_it_tells_and_one_that_does_not_answer_as_down()
    {
        var answers = new Answers(request => request.Host switch
        {
            "b" => Node(1, "b:1") with { State = "up", Keys = 12 },
            "c" => throw new HttpRequestException("refused"),
            _ => Node(9, "d:1") with { State = "up" },
        });
        using var survey = new ClusterSurvey(answers);
        NodeStatus self = Node(0, "a:1") with { State = "up", Keys = 7 };
        var cluster = new ClusterStatus
        {
            ClusterId = "x",
            Epoch = 1,
            AnsweredBy = 0,
            ReplicationFactor = 3,
            Partitions = 4,
            Nodes = [Node(0, "a:1"), Node(1, "b:1"), Node(2, "c:1"), Node(3, "d:1"), Node(4, "")],
        };
        IReadOnlyList<NodeStatus> nodes = (await survey.Complete(cluster, self, CancellationToken.None)).Nodes;
        nodes.Select(static node => node.State).ShouldBe(["up", "up", "down", "down", "down"]);
        nodes.Select(static node => node.Keys).ShouldBe([7, 12, 0, 0, 0]);
        nodes[2].Problem.ShouldBe("no connection to its HTTP port");
        nodes[3].Problem.ShouldBe("another node answers at its address");
        nodes[4].Problem.ShouldBe("not heard of yet");
        answers.Asked.ShouldNotContain("a");
    }

    [Fact]
    public void The_names_that_programs_read_are_frozen()
    {
        string json = JsonSerializer.Serialize(Node(0, "a:1"), StatusJson.Default.NodeStatus);
        JsonDocument.Parse(json).RootElement.EnumerateObject().Select(static property => property.Name).ShouldBe(
        [
            "id", "state", "peerAddress", "respAddress", "httpAddress", "dataCentre", "rack", "weight", "processId", "epoch", "keys", "bytes",
            "diskBytes", "partitions", "incompletePartitions", "clients", "uptimeSeconds", "version", "durability", "storage", "remoteDataCentres", "problem",
        ]);
    }

    [Fact]
    public void The_lag_of_a_data_centre_is_that_of_the_node_that_finds_it_furthest_behind_and_all_hints()
    {
        var cluster = new ClusterStatus
        {
            ClusterId = "x",
            Epoch = 1,
            AnsweredBy = 0,
            ReplicationFactor = 3,
            Partitions = 4,
            Nodes =
            [
                Node(0, "a:1") with { RemoteDataCentres = [new LagStatus("dc2", 0.5, 100), new LagStatus("dc3", 0, 0)] },
                Node(1, "b:1") with { RemoteDataCentres = [new LagStatus("dc2", 2.5, 20), new LagStatus("dc3", 0, 7)] },
                Node(2, "c:1") with { DataCentre = "dc2", RemoteDataCentres = [new LagStatus("dc1", 1, 0)] },
                Node(3, "d:1") with { DataCentre = "dc3" },
            ],
        };
        StatusCommand.LagsOf(cluster).ShouldBe([("dc1", "dc2", 2.5, 120), ("dc1", "dc3", 0, 7), ("dc2", "dc1", 1, 0)]);
    }

    /// <summary>What came later is not in the answer of a node of an older version.</summary>
    [Fact]
    public void An_answer_of_an_older_version_is_read()
    {
        string node = JsonSerializer.Serialize(Node(0, "a:1"), StatusJson.Default.NodeStatus).Replace("\"remoteDataCentres\": [],", "", StringComparison.Ordinal);
        node.ShouldNotContain("remoteDataCentres");
        JsonSerializer.Deserialize(node, StatusJson.Default.NodeStatus)!.RemoteDataCentres.ShouldBeEmpty();
        const string cluster = """{"clusterId":"x","epoch":1,"answeredBy":0,"replicationFactor":3,"partitions":4,"nodes":[]}""";
        JsonSerializer.Deserialize(cluster, StatusJson.Default.ClusterStatus)!.Copies.ShouldBe("");
    }

    private static NodeStatus Node(int id, string http) => new()
    {
        Id = id,
        State = "down",
        PeerAddress = "p",
        RespAddress = "r",
        HttpAddress = http,
        DataCentre = "dc1",
        Rack = "rack1",
        Weight = 100,
    };

    private sealed class Answers(Func<Uri, NodeStatus> answer) : HttpMessageHandler
    {
        public List<string> Asked { get; } = [];

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            lock (Asked)
                Asked.Add(request.RequestUri!.Host);
            string json = JsonSerializer.Serialize(answer(request.RequestUri), StatusJson.Default.NodeStatus);
            return Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK) { Content = new StringContent(json, Encoding.UTF8, "application/json") });
        }
    }
}
