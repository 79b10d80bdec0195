using Torc.Base;
using Torc.Simulator.Disks;
using Torc.Storage.Disk;

namespace Torc.Tests.Simulator.Disks;

/// <summary>
/// Random calls against a twin of plain byte arrays: live content, and after a crash the rules that hold for every
/// image: dropping gives the last synced bytes, keeping all gives the live bytes, any other mode gives per byte one of
/// the values that byte had since its last sync.
/// </summary>
public class CrashableDiskTwinTests
{
    private const int LengthMax = 20_000;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public void Random_calls_agree_with_the_twin(ulong seed)
    {
        var random = new SeededRandom(seed);
        for (int round = 0; round < 20; round++)
            RunOne(random, $"seed {seed} round {round}");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void The_same_seed_gives_the_same_image(ulong seed)
    {
        byte[] first = ImageOf(seed);
        byte[] second = ImageOf(seed);
        first.ShouldBe(second);
    }

    private static byte[] ImageOf(ulong seed)
    {
        var random = new SeededRandom(seed);
        var disk = new CrashableDisk();
        disk.Create("f", 5000, out IDiskFile? file);
        for (int call = 0; call < 50; call++)
            WriteRandomly(file!, random, out _, out _);
        disk.Crash(random, new CrashOptions { TearSectors = true });
        return disk.List().Count == 0 ? [] : Content(disk);
    }

    private static void RunOne(SeededRandom random, string label)
    {
        var disk = new CrashableDisk();
        disk.Create("f", 0, out IDiskFile? file);
        disk.SyncDirectory();
        byte[] live = [];
        byte[] durable = [];
        List<byte[]> history = [[]];
        int calls = random.Below(40);
        for (int call = 0; call < calls; call++)
        {
            switch (random.Below(8))
            {
                case 0:
                    file!.Sync();
                    durable = live;
                    history.Clear();
                    break;
                case 1:
                    int length = random.Below(LengthMax);
                    file!.SetLength(length);
                    Array.Resize(ref live, length);
                    break;
                default:
                    WriteRandomly(file!, random, out int offset, out byte[] data);
                    byte[] grown = live;
                    Array.Resize(ref grown, Math.Max(live.Length, offset + data.Length));
                    live = ReferenceEquals(grown, live) ? (byte[])live.Clone() : grown;
                    data.CopyTo(live, offset);
                    break;
            }
            history.Add(live);
            file!.Length.ShouldBe(live.Length, label);
        }
        Content(disk).ShouldBe(live, label);
        Content(disk.CrashClone(random, new CrashOptions { Mode = CrashMode.DropUnsynced })).ShouldBe(durable, label);
        Content(disk.CrashClone(random, new CrashOptions { Mode = CrashMode.KeepAll })).ShouldBe(live, label);
        byte[] prefix = Content(disk.CrashClone(random, new CrashOptions { Mode = CrashMode.KeepPrefix, SectorBytes = 512 }));
        CheckEachByte(prefix, history, label);
        byte[] subset = Content(disk.CrashClone(random, new CrashOptions { TearSectors = random.Chance(0.5), SectorBytes = 4096 }));
        CheckEachByte(subset, history, label);
        Content(disk).ShouldBe(live, label);
    }

    private static void CheckEachByte(byte[] image, List<byte[]> history, string label)
    {
        for (int index = 0; index < image.Length; index++)
        {
            byte value = image[index];
            bool possible = value == 0;
            foreach (byte[] version in history)
                possible |= index < version.Length && version[index] == value;
            possible.ShouldBeTrue($"{label}: byte {index} never was {value}");
        }
    }

    private static void WriteRandomly(IDiskFile file, SeededRandom random, out int offset, out byte[] data)
    {
        offset = random.Below(LengthMax / 2);
        data = new byte[1 + random.Below(random.Chance(0.2) ? LengthMax / 2 : 300)];
        if (random.Chance(0.8))
            random.Fill(data);
        file.Write(offset, data).ShouldBe(DiskOutcome.Done);
    }

    private static byte[] Content(CrashableDisk disk)
    {
        using IDiskFile file = disk.Open("f");
        var bytes = new byte[file.Length];
        file.Read(0, bytes).ShouldBe(DiskOutcome.Done);
        return bytes;
    }
}
