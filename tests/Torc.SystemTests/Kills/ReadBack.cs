using Torc.Protocols.Resp;
using Torc.SystemTests.Processes;
using Torc.SystemTests.Wire;

namespace Torc.SystemTests.Kills;

/// <summary>Reads every key of every worker through one node and compares with what the worker was told.</summary>
internal static class ReadBack
{
    private const int KeysPerBatch = 100;
    private const int ProblemsMax = 10;
    private const int TriesMax = 20;
    private const int RetryPauseMs = 200;

    /// <summary>How many keys are wrong, and the first of them in words.</summary>
    /// <param name="node">Reads go to it.</param>
    /// <param name="workers">Who wrote.</param>
    /// <param name="level">Of the reads; <c>ONE</c> shows a replica's own copy. By default the cluster's.</param>
    internal static (long Wrong, IReadOnlyList<string> Problems) Through(TorcNode node, IReadOnlyList<LoadWorker> workers, string? level = null)
    {
        long wrong = 0;
        var problems = new List<string>();
        Parallel.ForEach(workers, worker =>
        {
            using RespClient client = node.Connect();
            if (level is not null)
                client.Text("TORC.CONSISTENCY", "READ", level).ShouldBe("OK");
            for (int first = 0; first < worker.Keys; first += KeysPerBatch)
            {
                int[] indexes = [.. Enumerable.Range(first, Math.Min(KeysPerBatch, worker.Keys - first))];
                string?[] values = Read(client, [.. indexes.Select(worker.Key)]);
                for (int place = 0; place < indexes.Length; place++)
                {
                    if (worker.Problem(indexes[place], values[place]) is not { } problem)
                        continue;
                    Interlocked.Increment(ref wrong);
                    lock (problems)
                    {
                        if (problems.Count < ProblemsMax)
                            problems.Add($"through node {node.Id}: {problem}");
                    }
                }
            }
        });
        return (wrong, problems);
    }

    /// <summary>A read that is refused or times out is repeated: it says nothing about the key.</summary>
    private static string?[] Read(RespClient client, string[] keys)
    {
        for (int tries = 1; ; tries++)
        {
            RespValue reply = client.Call(["MGET", .. keys]);
            if (!RespClient.IsError(reply))
                return [.. reply.Items.Select(RespClient.TextOf)];
            if (tries == TriesMax)
                throw new InvalidOperationException($"MGET answers: {RespClient.TextOf(reply)}");
            Thread.Sleep(RetryPauseMs);
        }
    }
}
