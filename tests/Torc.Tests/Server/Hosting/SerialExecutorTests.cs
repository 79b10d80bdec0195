using System.Collections.Concurrent;
using Torc.Server.Hosting;

namespace Torc.Tests.Server.Hosting;

public sealed class SerialExecutorTests
{
    private const int Producers = 6;
    private const int PiecesEach = 5_000;

    [Fact]
    public void Work_of_many_threads_runs_once_each_one_at_a_time_and_in_each_threads_order()
    {
        using var executor = new Recorder(Producers * PiecesEach);
        Thread[] threads = [.. Enumerable.Range(0, Producers).Select(producer => new Thread(() =>
        {
            for (int piece = 0; piece < PiecesEach; piece++)
            {
                executor.Add((producer, piece));
                if (piece % 3 == 0)
                    executor.Pump();
            }
            executor.Pump();
        }))];
        foreach (Thread thread in threads)
            thread.Start();
        foreach (Thread thread in threads)
            thread.Join();
        executor.Finished.Wait(TimeSpan.FromSeconds(20)).ShouldBeTrue();
        executor.Overlaps.ShouldBe(0);
        executor.OutOfOrder.ShouldBe(0);
    }

    [Fact]
    public void Work_that_is_only_added_waits_for_a_pump()
    {
        using var executor = new Recorder(1);
        executor.Add((0, 0));
        executor.Finished.IsSet.ShouldBeFalse();
        executor.Pump();
        executor.Finished.IsSet.ShouldBeTrue();
    }

    private sealed class Recorder(int expected) : SerialExecutor<(int Producer, int Piece)>, IDisposable
    {
        private readonly int[] _next = new int[Producers];
        private int _running;
        private int _done;

        public ManualResetEventSlim Finished { get; } = new(false);

        public int Overlaps { get; private set; }

        public int OutOfOrder { get; private set; }

        public void Dispose() => Finished.Dispose();

        protected override int RunTurn(ConcurrentQueue<(int Producer, int Piece)> work, int available)
        {
            if (Interlocked.Increment(ref _running) != 1)
                Overlaps++;
            int taken = 0;
            for (; taken < Math.Min(available, 7) && work.TryDequeue(out (int Producer, int Piece) next); taken++)
            {
                if (_next[next.Producer]++ != next.Piece)
                    OutOfOrder++;
            }
            _done += taken;
            Interlocked.Decrement(ref _running);
            if (_done == expected)
                Finished.Set();
            return taken;
        }
    }
}
