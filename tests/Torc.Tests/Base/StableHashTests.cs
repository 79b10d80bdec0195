using System.Text;
using Torc.Base;

namespace Torc.Tests.Base;

/// <summary>Hashes are persisted and sent: these numbers never change. They were computed by another implementation.</summary>
public sealed class StableHashTests
{
    [Theory]
    [InlineData("", 0, 0xEF46DB3751D8E999)]
    [InlineData("a", 0, 0xD24EC4F1A98C6E5B)]
    [InlineData("abc", 0, 0x44BC2CF5AD770999)]
    [InlineData("Nobody inspects the spammish repetition", 0, 0xFBCEA83C8A378BF1)]
    [InlineData("", 0x9E3779B1, 0xAC75FDA2929B17EF)]
    [InlineData("abc", 0x9E3779B1, 0x1318DF30094A85FD)]
    [InlineData("Nobody inspects the spammish repetition", 0x9E3779B1, 0x56DB22DD5B051147)]
    public void Is_XXH64(string text, ulong seed, ulong expected) =>
        StableHash.Hash64(Encoding.ASCII.GetBytes(text), seed).ShouldBe(expected);

    [Fact]
    public void Is_XXH64_over_several_blocks_and_every_kind_of_tail()
    {
        byte[] bytes = [.. Enumerable.Range(0, 101).Select(value => (byte)value)];
        StableHash.Hash64(bytes).ShouldBe(0xE99038495F85381E);
        StableHash.Hash64(bytes, 0x9E3779B1).ShouldBe(0xA1C6D4174C37136D);
    }

    [Fact]
    public void Combine_is_frozen() =>
        StableHash.Combine(StableHash.Combine(1, 2), 3).ShouldBe(0x97DE87514CAA3C14UL);

    [Fact]
    public void Combine_depends_on_the_order_of_words() =>
        StableHash.Combine(StableHash.Combine(0, 1), 2).ShouldNotBe(StableHash.Combine(StableHash.Combine(0, 2), 1));
}
