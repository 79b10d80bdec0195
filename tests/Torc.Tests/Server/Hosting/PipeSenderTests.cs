using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using Torc.Server.Hosting;

namespace Torc.Tests.Server.Hosting;

public sealed class PipeSenderTests
{
    private const int PipeBytes = 4_096;
    private readonly Pipe _pipe = new(new PipeOptions(pauseWriterThreshold: PipeBytes, resumeWriterThreshold: PipeBytes / 2, useSynchronizationContext: false));
    private readonly List<string> _ends = [];

    [Fact]
    public async Task Messages_of_many_threads_arrive_whole_and_in_each_threads_order()
    {
        const int threads = 4, each = 4_000;
        using var sender = new PipeSender(_pipe.Writer, long.MaxValue, _ends.Add);
        Task[] senders = [.. Enumerable.Range(0, threads).Select(thread => Task.Run(() =>
        {
            byte[] message = new byte[8];
            for (int i = 0; i < each; i++)
            {
                BinaryPrimitives.WriteInt32LittleEndian(message, thread);
                BinaryPrimitives.WriteInt32LittleEndian(message.AsSpan(4), i);
                sender.Send(message);
            }
        }))];
        byte[] received = await Read(threads * each * 8);
        await Task.WhenAll(senders);
        int[] next = new int[threads];
        for (int at = 0; at < received.Length; at += 8)
        {
            int thread = BinaryPrimitives.ReadInt32LittleEndian(received.AsSpan(at));
            BinaryPrimitives.ReadInt32LittleEndian(received.AsSpan(at + 4)).ShouldBe(next[thread]++);
        }
        await sender.WhenEmpty().WaitAsync(TimeSpan.FromSeconds(10));
        sender.WaitingBytes.ShouldBe(0);
        _ends.ShouldBeEmpty();
    }

    [Fact]
    public void A_reader_that_takes_nothing_is_ended_once_and_memory_stays_bounded()
    {
        const int limit = 64 * 1024;
        using var sender = new PipeSender(_pipe.Writer, limit, _ends.Add);
        byte[] bytes = new byte[3_000];
        for (int i = 0; i < 1_000; i++)
        {
            sender.Send(bytes);
            sender.WaitingBytes.ShouldBeLessThanOrEqualTo(limit);
        }
        _ends.Count.ShouldBe(1);
        _ends[0].ShouldContain("does not read");
    }

    [Fact]
    public async Task What_is_slow_to_leave_is_seen_and_ends_when_it_left()
    {
        using var sender = new PipeSender(_pipe.Writer, long.MaxValue, _ends.Add);
        sender.StalledSinceMicros.ShouldBe(0);
        sender.Send(new byte[2 * PipeBytes]);
        sender.Send(new byte[100]);
        sender.StalledSinceMicros.ShouldBeGreaterThan(0);
        sender.WaitingBytes.ShouldBe(2 * PipeBytes + 100);
        Task empty = sender.WhenEmpty();
        empty.IsCompleted.ShouldBeFalse();
        (await Read(2 * PipeBytes + 100)).Length.ShouldBe(2 * PipeBytes + 100);
        await empty.WaitAsync(TimeSpan.FromSeconds(10));
    }

    [Fact]
    public void A_connection_that_ended_takes_nothing_more()
    {
        var sender = new PipeSender(_pipe.Writer, 100, _ends.Add);
        _pipe.Reader.Complete();
        sender.Send(new byte[10]);
        sender.Send(new byte[1_000]);
        sender.WhenEmpty().IsCompleted.ShouldBeTrue();
        sender.Dispose();
        _ends.ShouldBeEmpty();
    }

    private async Task<byte[]> Read(int count)
    {
        byte[] all = new byte[count];
        for (int at = 0; at < count;)
        {
            ReadResult read = await _pipe.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(10));
            ReadOnlySequence<byte> some = read.Buffer.Slice(0, Math.Min(read.Buffer.Length, count - at));
            some.CopyTo(all.AsSpan(at));
            at += (int)some.Length;
            _pipe.Reader.AdvanceTo(some.End);
        }
        return all;
    }
}
