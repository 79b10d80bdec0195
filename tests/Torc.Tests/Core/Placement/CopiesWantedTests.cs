using Torc.Core.Placement;

namespace Torc.Tests.Core.Placement;

public sealed class CopiesWantedTests
{
    [Theory]
    [InlineData("3", 3, "3")]
    [InlineData("16", 16, "16")]
    [InlineData("dc2:2,dc1:3", 5, "dc1:3,dc2:2")]
    [InlineData("eu-west: 1, us.east:2", null, null)]
    [InlineData("eu-west:1, us.east:2", 3, "eu-west:1,us.east:2")]
    [InlineData("only:4", 4, "only:4")]
    public void Is_read_as_it_is_written(string text, int? total, string? written)
    {
        CopiesWanted.TryParse(text, out CopiesWanted? copies, out _).ShouldBe(total is not null);
        copies?.Total.ShouldBe(total!.Value);
        copies?.ToString().ShouldBe(written);
        if (copies is null)
            return;
        CopiesWanted.TryParse(copies.ToString(), out CopiesWanted? again, out _).ShouldBeTrue();
        again.ShouldBe(copies);
    }

    [Theory]
    [InlineData("0", "1 to 16")]
    [InlineData("17", "1 to 16")]
    [InlineData("-1", "1 to 16")]
    [InlineData("", "1 to 16")]
    [InlineData("many", "1 to 16")]
    [InlineData("dc1:3,dc2", "'dc2' is no data centre")]
    [InlineData("dc1:3,dc2:x", "'dc2:x' is no data centre")]
    [InlineData("dc1:3,dc2:0", "dc2 is to have 0 copies. Leave out")]
    [InlineData("dc1:17", "at most 16")]
    [InlineData("dc1:9,dc2:8", "not 17")]
    [InlineData("dc1:2147483647,dc2:2147483647", "at most 16")]
    [InlineData("dc1:2,dc1:1", "named twice")]
    [InlineData(":2", "has a name")]
    public void What_is_wrong_is_said_in_words(string text, string problem)
    {
        CopiesWanted.TryParse(text, out CopiesWanted? copies, out string said).ShouldBeFalse();
        copies.ShouldBeNull();
        said.ShouldContain(problem);
    }
}
