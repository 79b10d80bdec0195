using Torc.Server.Dev;
using Torc.Server.Settings;

namespace Torc.Tests.Server.Dev;

public sealed class DevPlannerTests
{
    [Fact]
    public void Node_i_adds_i_to_each_port_and_all_name_the_same_cluster()
    {
        IReadOnlyList<DevNodePlan> plans = Plan(3, new() { ["data"] = "/d", ["durability"] = "os" });
        plans.Select(static plan => plan.RespAddress).ShouldBe(["127.0.0.1:6379", "127.0.0.1:6380", "127.0.0.1:6381"]);
        plans[2].Arguments.ShouldContain("--peer-port=7381");
        plans[2].Arguments.ShouldContain("--http-port=8381");
        plans[2].Arguments.ShouldContain("--data=/d/node-2");
        plans[2].Arguments.ShouldContain("--durability=os");
        plans[2].Arguments.ShouldContain("--rack=rack3");
        plans.ShouldAllBe(static plan => plan.Arguments.Contains("--first-nodes=127.0.0.1:7379,127.0.0.1:7380,127.0.0.1:7381"));
    }

    [Fact]
    public void Every_plan_is_a_configuration_that_a_node_accepts_with_its_number_as_id()
    {
        foreach (DevNodePlan plan in Plan(5, new() { ["peer-port"] = "9998" }))
        {
            var given = plan.Arguments.Select(static argument => argument[2..].Split('=', 2)).ToDictionary(static pair => pair[0], static pair => pair[1]);
            SettingSources.Read(given, new Dictionary<string, string>(), null).PlaceAmongFirstNodes.ShouldBe(plan.Number);
        }
    }

    [Theory]
    [InlineData(0, 6379, "nodes")]
    [InlineData(33, 6379, "nodes")]
    [InlineData(3, 65534, "port")]
    [InlineData(3, 7378, "peer-port")]
    public void Ports_that_do_not_fit_are_refused(int nodes, int port, string setting) =>
        Should.Throw<SettingException>(() => Plan(nodes, new() { ["port"] = $"{port}" })).Message.ShouldStartWith(setting);

    [Fact]
    public void Data_centres_take_turns_and_each_has_as_many_copies_as_one_would()
    {
        IReadOnlyList<DevNodePlan> plans = Plan(6, [], dataCentres: 2);
        plans.Select(static plan => plan.Arguments.Single(static argument => argument.StartsWith("--dc=", StringComparison.Ordinal)))
            .ShouldBe(["--dc=dc1", "--dc=dc2", "--dc=dc1", "--dc=dc2", "--dc=dc1", "--dc=dc2"]);
        plans.ShouldAllBe(static plan => plan.Arguments.Contains("--replication-factor=6"));
        Plan(6, new() { ["replication-factor"] = "4" }, dataCentres: 2)
            .ShouldAllBe(static plan => plan.Arguments.Contains("--replication-factor=4"));
        Plan(6, new() { ["replicas"] = "dc2:2,dc1:3" }, dataCentres: 2)
            .ShouldAllBe(static plan => plan.Arguments.Contains("--replicas=dc2:2,dc1:3"));
        Plan(6, []).ShouldAllBe(static plan => !plan.Arguments.Any(static argument => argument.StartsWith("--dc", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(3, 0)]
    [InlineData(3, 4)]
    public void Data_centres_without_nodes_are_refused(int nodes, int dataCentres) =>
        Should.Throw<SettingException>(() => Plan(nodes, [], dataCentres)).Message.ShouldStartWith("dcs");

    [Fact]
    public void Copies_in_a_data_centre_that_will_not_be_are_refused() =>
        Should.Throw<SettingException>(() => Plan(4, new() { ["replicas"] = "dc1:2,dc3:1" }, dataCentres: 2)).Message
            .ShouldBe("replication-factor names data centre dc3, and no node will be in it. Name some of dc1, dc2, or give --dcs.");

    [Fact]
    public void One_name_for_all_and_several_data_centres_contradict_each_other() =>
        Should.Throw<SettingException>(() => Plan(4, new() { ["dc"] = "home" }, dataCentres: 2)).Message.ShouldStartWith("dcs and dc");

    private static IReadOnlyList<DevNodePlan> Plan(int nodes, Dictionary<string, string> given, int dataCentres = 1) =>
        DevPlanner.Plan(nodes, dataCentres, SettingSources.Read(given, new Dictionary<string, string>(), null), given, null);
}
