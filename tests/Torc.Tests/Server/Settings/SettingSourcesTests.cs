using Torc.Server.Settings;

namespace Torc.Tests.Server.Settings;

public sealed class SettingSourcesTests
{
    private static readonly Dictionary<string, string> None = [];

    [Fact]
    public void Every_default_is_accepted_by_its_own_setting_and_the_table_has_no_name_twice()
    {
        SettingValues values = SettingSources.Read(None, None, null);
        values.Get(SettingTable.Port).ShouldBe(6379);
        values.Get(SettingTable.SegmentBytes).ShouldBe(64 << 20);
        values.BulkBytesMax(64 << 20).ShouldBe(32 << 20);
        values.FirstNodes.ToString().ShouldBe("127.0.0.1:7379");
        values.PlaceAmongFirstNodes.ShouldBe(0);
        SettingTable.All.Select(static setting => setting.Name).Distinct().Count().ShouldBe(SettingTable.All.Count);
        SettingTable.All.Count.ShouldBe(typeof(SettingTable).GetFields().Count(static field => field.FieldType.IsAssignableTo(typeof(Setting))));
    }

    [Fact]
    public void An_option_wins_over_the_environment_which_wins_over_the_file()
    {
        using var directory = new TemporaryDirectory();
        string file = directory.File("torc.conf");
        File.WriteAllText(file, "# ports\n\nport = 1001\n peer-port=1002\nhttp-port = 1003\n");
        SettingValues values = SettingSources.Read(
            new Dictionary<string, string> { ["port"] = "3001" },
            new Dictionary<string, string> { ["TORC_PORT"] = "2001", ["TORC_PEER_PORT"] = "2002", ["TORC_CONFIG"] = file },
            null);
        values.Get(SettingTable.Port).ShouldBe(3001);
        values.Get(SettingTable.PeerPort).ShouldBe(2002);
        values.Get(SettingTable.HttpPort).ShouldBe(1003);
        values.PlaceOf(SettingTable.HttpPort).ShouldBe($"{file}, line 5");
    }

    [Theory]
    [InlineData("port", "0", "port (option --port) is '0'. Give 1 to 65535.")]
    [InlineData("port", "x", "port (option --port) is 'x'. Give 1 to 65535.")]
    [InlineData("prot", "1", "there is no setting prot (option --prot). Did you mean port?")]
    [InlineData("durability", "sometimes", "durability (option --durability) is 'sometimes'. Give always | everysec | os.")]
    [InlineData("bind", "localhost", "bind (option --bind) is 'localhost'. Give an IP address.")]
    [InlineData("segment-bytes", "1kb", "segment-bytes (option --segment-bytes) is '1kb'. Give 1mb to 1gb.")]
    [InlineData("first-nodes", "a", "first-nodes (option --first-nodes) is 'a'. Give host:port,host:port,...")]
    [InlineData("first-nodes", "a:1,a:1", "first-nodes (option --first-nodes) is 'a:1,a:1'. Give host:port,host:port,...")]
    [InlineData("partitions", "100", "partitions (option --partitions): 100 is not a power of two. Give 128, for example.")]
    [InlineData("peer-port", "6379", "peer-port (option --peer-port): 6379 is also the port. Give each its own.")]
    public void A_mistake_is_one_line_that_names_the_setting_and_what_to_do(string name, string text, string message) =>
        Should.Throw<SettingException>(() => SettingSources.Read(new Dictionary<string, string> { [name] = text }, None, null))
            .Message.TrimEnd('.').ShouldBe(message.TrimEnd('.'));

    [Fact]
    public void A_password_is_never_shown_in_a_message() =>
        Should.Throw<SettingException>(() => SettingSources.Read(new Dictionary<string, string> { ["requirepass"] = new('x', 600) }, None, null))
            .Message.ShouldNotContain("xxx");

    [Theory]
    [InlineData("port 7000", "line 1: 'port 7000' is not 'name = value'")]
    [InlineData("port = 1\nport = 2", "line 2: port was already given in line 1")]
    [InlineData("#\npots = 1", "there is no setting pots")]
    public void A_mistake_in_the_file_names_its_line(string content, string part)
    {
        using var directory = new TemporaryDirectory();
        string file = directory.File("torc.conf");
        File.WriteAllText(file, content);
        Should.Throw<SettingException>(() => SettingSources.Read(None, None, file)).Message.ShouldContain(part);
    }

    [Fact]
    public void A_missing_file_is_named() =>
        Should.Throw<SettingException>(() => SettingSources.Read(None, None, "/nowhere/torc.conf")).Message.ShouldContain("/nowhere/torc.conf does not exist");

    [Fact]
    public void Variables_that_an_orchestrator_sets_for_a_service_are_no_settings()
    {
        SettingSources.Read(None, new Dictionary<string, string>
        {
            ["TORC_PORT"] = "tcp://10.0.0.1:6379",
            ["TORC_SERVICE_HOST"] = "10.0.0.1",
            ["TORC_SERVICE_PORT"] = "6379",
            ["TORC_PORT_6379_TCP_ADDR"] = "10.0.0.1",
            ["TORC_SYSTEM_TESTS"] = "1",
        }, null).Get(SettingTable.Port).ShouldBe(6379);
        Should.Throw<SettingException>(() => SettingSources.Read(None, new Dictionary<string, string> { ["TORC_PROT"] = "1" }, null));
    }

    [Fact]
    public void A_node_is_numbered_by_its_place_in_the_sorted_list()
    {
        SettingValues values = SettingSources.Read(
            new Dictionary<string, string> { ["first-nodes"] = "b:10000, a:7379 ,b:9999", ["advertise"] = "B", ["peer-port"] = "10000" }, None, null);
        values.FirstNodes.ToString().ShouldBe("a:7379,b:9999,b:10000");
        values.PlaceAmongFirstNodes.ShouldBe(2);
    }

    [Fact]
    public void A_node_that_is_not_in_the_list_or_has_no_name_in_it_is_refused()
    {
        Should.Throw<SettingException>(() => SettingSources.Read(new Dictionary<string, string> { ["first-nodes"] = "a:1,b:1" }, None, null))
            .Message.ShouldContain("127.0.0.1:7379 is not in a:1,b:1");
        Should.Throw<SettingException>(() => SettingSources.Read(new Dictionary<string, string> { ["first-nodes"] = "a:1", ["bind"] = "0.0.0.0" }, None, null))
            .Message.ShouldStartWith("advertise");
    }

    [Theory]
    [InlineData("1024", 1024)]
    [InlineData("1kb", 1024)]
    [InlineData("2 MiB", 2 << 20)]
    [InlineData("1k", 1000)]
    [InlineData("3gb", 3L << 30)]
    public void Sizes_are_read_as_redis_reads_them(string text, long bytes)
    {
        SettingTypes.TryParseSize(text, out long read).ShouldBeTrue();
        read.ShouldBe(bytes);
    }

    [Theory]
    [InlineData("")]
    [InlineData("-1")]
    [InlineData("1.5gb")]
    [InlineData("99999999999999999999")]
    [InlineData("9999999999tb")]
    public void Other_sizes_are_refused(string text) => SettingTypes.TryParseSize(text, out _).ShouldBeFalse();
}
