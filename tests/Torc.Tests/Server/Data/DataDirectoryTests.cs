using Torc.Base;
using Torc.Core.Consensus;
using Torc.Server.Data;
using Torc.Storage.Disk;

namespace Torc.Tests.Server.Data;

public sealed class DataDirectoryTests : IDisposable
{
    private static readonly DataDirectoryWish Wish = new("a:7379,b:7379", 2, 1 << 20);
    private readonly TemporaryDirectory _temporary = new();

    private string Data => _temporary.File("data");

    private string Vote => Path.Combine(Data, VoteFile.FileName);

    public void Dispose() => _temporary.Dispose();

    [Fact]
    public void What_was_fixed_at_the_first_start_stays_and_each_start_has_its_own_incarnation()
    {
        ulong first = Start(Wish, out Identity made);
        ulong second = Start(Wish with { ShardCount = 9, SegmentBytes = 2 << 20 }, out Identity found);
        second.ShouldNotBe(first);
        found.ShardCount.ShouldBe((ushort)2);
        found.SegmentBytes.ShouldBe(1 << 20);
        found.Birth.ShouldBe(made.Birth);
    }

    [Fact]
    public void A_start_that_does_not_begin_leaves_the_directory_without_identity()
    {
        using (Open(Wish))
        {
        }
        File.Exists(Path.Combine(Data, IdentityFile.FileName)).ShouldBeFalse();
        using DataDirectory again = Open(Wish with { FirstNodes = "c:1" });
        again.IsNew.ShouldBeTrue();
    }

    [Fact]
    public void The_map_survives()
    {
        using (DataDirectory directory = Open(Wish))
        {
            directory.BeginStart(new SeededRandom(1));
            directory.SaveMap([1, 2, 3]);
        }
        using DataDirectory again = Open(Wish);
        again.IsNew.ShouldBeFalse();
        again.Identity.Map.ToArray().ShouldBe([1, 2, 3]);
        again.Identity.StartCounter.ShouldBe((ushort)1);
    }

    [Fact]
    public void A_directory_of_another_cluster_is_refused_untouched()
    {
        Start(Wish, out _);
        byte[] before = File.ReadAllBytes(Path.Combine(Data, IdentityFile.FileName));
        string message = Should.Throw<DataDirectoryException>(() => Open(Wish with { FirstNodes = "c:7379" })).Message;
        message.ShouldContain("another cluster");
        message.ShouldContain("a:7379,b:7379");
        message.ShouldContain("c:7379");
        File.ReadAllBytes(Path.Combine(Data, IdentityFile.FileName)).ShouldBe(before);
        using DataDirectory own = Open(Wish);
    }

    [Fact]
    public void A_directory_in_use_names_the_process()
    {
        using DataDirectory first = Open(Wish);
        Should.Throw<DataDirectoryException>(() => Open(Wish)).Message
            .ShouldBe($"{Data} is in use by process {Environment.ProcessId}. Stop that node, or start this one with another --data.");
    }

    [Fact]
    public void Files_of_somebody_else_are_refused_untouched()
    {
        Directory.CreateDirectory(Data);
        File.WriteAllText(Path.Combine(Data, "thesis.txt"), "years of work");
        Should.Throw<DataDirectoryException>(() => Open(Wish)).Message.ShouldContain("thesis.txt");
        Directory.GetFileSystemEntries(Data).Length.ShouldBe(1);
        Should.Throw<DataDirectoryException>(() => DataDirectory.Open(Path.Combine(Data, "thesis.txt"), Wish, new SeededRandom(1)))
            .Message.ShouldContain("is a file");
    }

    [Fact]
    public void A_damaged_identity_is_refused_untouched()
    {
        Start(Wish, out _);
        string path = Path.Combine(Data, IdentityFile.FileName);
        byte[] bytes = File.ReadAllBytes(path);
        bytes[20] ^= 1;
        File.WriteAllBytes(path, bytes);
        Should.Throw<DataDirectoryException>(() => Open(Wish)).Message.ShouldContain("damaged");
        File.ReadAllBytes(path).ShouldBe(bytes);
    }

    [Fact]
    public void A_lost_vote_is_noticed_and_nothing_is_changed()
    {
        Start(Wish, out _);
        using (DataDirectory directory = Open(Wish))
            directory.ReadVote(isAlone: false).ShouldNotBeNull("it is made with the directory, and says that the node never voted").Epoch.ShouldBe(0UL);
        File.Delete(Vote);
        using DataDirectory without = Open(Wish);
        string message = Should.Throw<DataDirectoryException>(() => without.ReadVote(isAlone: false)).Message;
        message.ShouldStartWith($"{Vote} is missing");
        message.ShouldContain("Put the file back");
        message.ShouldContain("empty data directory");
        File.Exists(Vote).ShouldBeFalse();
        without.ReadVote(isAlone: true).ShouldBeNull("what it promised it promised to itself");
    }

    [Fact]
    public void A_directory_of_before_votes_were_made_with_it_may_have_none()
    {
        Start(Wish, out Identity identity);
        File.WriteAllBytes(Path.Combine(Data, IdentityFile.FileName), IdentityFile.Encode(identity with { Format = 1 }));
        File.Delete(Vote);
        Start(Wish, out Identity later);
        later.Format.ShouldBe(1U, "an older torc can still read it");
        using DataDirectory again = Open(Wish);
        again.ReadVote(isAlone: false).ShouldBeNull();
    }

    [Fact]
    public void A_directory_that_was_made_only_in_part_is_made_again()
    {
        Start(Wish, out _);
        File.Delete(Path.Combine(Data, IdentityFile.FileName));
        File.WriteAllBytes(Path.Combine(Data, VoteFile.TemporaryName), [1]);
        using DataDirectory directory = Open(Wish);
        directory.IsNew.ShouldBeTrue();
        directory.ReadVote(isAlone: false).ShouldBeNull();
        directory.BeginStart(new SeededRandom(3));
        directory.SaveVote(new AcceptorState(7, 8, Ballot.None, Ballot.None, ReadOnlyMemory<byte>.Empty));
        Directory.GetFiles(Data).Select(Path.GetFileName).Order(StringComparer.Ordinal).ShouldBe(["IDENTITY", "LOCK", "RESERVE", "VOTE"]);
    }

    [Fact]
    public void Shards_have_their_own_directories()
    {
        using DataDirectory directory = Open(Wish);
        directory.ShardDisk(0).Create("log", 1, out IDiskFile? file).ShouldBe(DiskOutcome.Done);
        file!.Dispose();
        directory.ShardDisk(1).List().ShouldBeEmpty();
        File.Exists(Path.Combine(Data, "shard-00", "log")).ShouldBeTrue();
    }

    private DataDirectory Open(DataDirectoryWish wish) => DataDirectory.Open(Data, wish, new SeededRandom(11));

    private ulong Start(DataDirectoryWish wish, out Identity identity)
    {
        using DataDirectory directory = Open(wish);
        directory.BeginStart(new SeededRandom(12));
        identity = directory.Identity;
        return identity.Incarnation;
    }
}
