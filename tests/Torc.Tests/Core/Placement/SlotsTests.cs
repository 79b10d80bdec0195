using System.Text;
using Torc.Core.Placement;

namespace Torc.Tests.Core.Placement;

public sealed class SlotsTests
{
    [Theory]
    [InlineData("123456789", 12739)]
    [InlineData("foo", 12182)]
    [InlineData("bar", 5061)]
    [InlineData("", 0)]
    public void Are_those_of_Redis_Cluster(string key, int slot) => Of(key).ShouldBe(slot);

    [Theory]
    [InlineData("{user1000}.following", "user1000")]
    [InlineData("foo{bar}{zap}", "bar")]
    [InlineData("foo{{bar}}zap", "{bar")]
    [InlineData("a{b", "a{b")]
    [InlineData("foo{}{bar}", "foo{}{bar}")]
    [InlineData("}{x}", "x")]
    public void Depend_on_the_hash_tag_alone(string key, string tag)
    {
        if (tag == key)
            Of(key).ShouldNotBe(Of("bar"));
        else
            Of(key).ShouldBe(Of(tag));
    }

    private static int Of(string key) => Slots.Of(Encoding.ASCII.GetBytes(key));
}
