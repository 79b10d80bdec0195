using Torc.Server.Bench;
using Torc.Server.Bench.Keys;
using Torc.Server.Settings;

namespace Torc.Tests.Server.Bench;

public sealed class BenchOptionsTests
{
    private static readonly BenchOptions Good = new()
    {
        Workload = Workload.Find("a")!,
        Distribution = KeyDistribution.Zipfian,
        Targets = [new HostAndPort("127.0.0.1", 6379)],
    };

    [Fact]
    public void The_defaults_are_accepted() => Good.Check().ShouldBe(Good);

    [Fact]
    public void What_makes_no_sense_is_refused_with_the_name_of_the_option()
    {
        Refused(Good with { Connections = 0 }, "--connections");
        Refused(Good with { Threads = 51 }, "--threads");
        Refused(Good with { Pipeline = 10_001 }, "--pipeline");
        Refused(Good with { Keys = 0 }, "--keys");
        Refused(Good with { ValueBytes = -1 }, "--value-bytes");
        Refused(Good with { Requests = -1 }, "--requests");
        Refused(Good with { Seconds = 0 }, "--seconds");
        Refused(Good with { WarmUpSeconds = double.NaN }, "--warm-up");
        Refused(Good with { Rate = -1 }, "--rate");
        Refused(Good with { Connections = 1, Targets = [.. Good.Targets, .. Good.Targets] }, "--connections");
        Refused(Good with { Protocol = BenchProtocol.Etcd, Pipeline = 2 }, "--protocol");
        Refused(Good with { Protocol = BenchProtocol.Memcached, Workload = Workload.Find("e")! }, "--workload");
        Refused(Good with { Protocol = BenchProtocol.Memcached, WaitReplicas = 1 }, "--wait-replicas");
    }

    [Fact]
    public void Loading_writes_each_key_once_as_fast_as_it_goes()
    {
        BenchOptions loading = (Good with { Rate = 5, WarmUpSeconds = 3, Load = true, Keys = 77 }).ForLoading();
        loading.Workload.IsLoad.ShouldBeTrue();
        (loading.Requests, loading.Rate, loading.WarmUpSeconds, loading.Load).ShouldBe((77, 0, 0, false));
    }

    private static void Refused(BenchOptions options, string option) =>
        Should.Throw<SettingException>(options.Check).Message.ShouldStartWith(option);
}
