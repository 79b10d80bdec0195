using System.Globalization;
using Torc.Protocols.Resp;
using Torc.SystemTests.Processes;
using Torc.SystemTests.Wire;

namespace Torc.SystemTests.Harness;

/// <summary>Keys whose values follow from their names, to be written through one node and checked through any.</summary>
internal sealed class KnownKeys(string prefix, int count, int valueBytes)
{
    private const int KeysPerBatch = 50;
    private const int TriesMax = 50;
    private const int RetryPauseMs = 100;

    internal int Count => count;

    internal string Key(int index) => string.Create(CultureInfo.InvariantCulture, $"{prefix}:{index}");

    internal string Value(int index)
    {
        var random = new Random(index);
        return string.Create(valueBytes, random, static (letters, source) =>
        {
            for (int place = 0; place < letters.Length; place++)
                letters[place] = (char)source.Next('a', 'z' + 1);
        });
    }

    /// <summary>Writes all of them; each must be acknowledged.</summary>
    internal void Write(TorcNode through)
    {
        using RespClient client = through.Connect();
        for (int first = 0; first < count; first += KeysPerBatch)
        {
            int end = Math.Min(first + KeysPerBatch, count);
            for (int index = first; index < end; index++)
                client.Append("SET", Key(index), Value(index));
            client.Flush();
            for (int index = first; index < end; index++)
                RespClient.TextOf(client.ReadReply()).ShouldBe("OK", Key(index));
        }
    }

    /// <summary>Reads all of them. A refused read is repeated; a nil or a wrong value fails at once.</summary>
    internal void Check(TorcNode through)
    {
        using RespClient client = through.Connect();
        for (int first = 0; first < count; first += KeysPerBatch)
        {
            int end = Math.Min(first + KeysPerBatch, count);
            for (int index = first; index < end; index++)
                client.Append("GET", Key(index));
            client.Flush();
            RespValue[] replies = [.. Enumerable.Range(first, end - first).Select(_ => client.ReadReply())];
            for (int index = first; index < end; index++)
            {
                RespValue reply = replies[index - first];
                string? value = RespClient.IsError(reply) ? Read(client, index) : RespClient.TextOf(reply);
                value.ShouldBe(Value(index), $"{Key(index)} through node {through.Id}");
            }
        }
    }

    private string? Read(RespClient client, int index)
    {
        for (int tries = 1; ; tries++)
        {
            RespValue reply = client.Call("GET", Key(index));
            if (!RespClient.IsError(reply))
                return RespClient.TextOf(reply);
            if (tries == TriesMax)
                throw new InvalidOperationException($"GET {Key(index)} answers: {RespClient.TextOf(reply)}");
            Thread.Sleep(RetryPauseMs);
        }
    }
}
