using System.Globalization;
using System.Text;
using Torc.Base;
using Torc.Core.Replication;
using Torc.Simulator.Checkers;

namespace Torc.Simulator.Clients;

/// <summary>What a client's n-th operation will be; depends on the seed, the client and n alone, so that any may be left out.</summary>
/// <param name="Kind">What it does.</param>
/// <param name="KeyFamily">p: plain, a: appended to, e: with deadlines; upper case in the keyspace that is flushed.</param>
/// <param name="KeyIndex">Which of the family's keys.</param>
/// <param name="PaddingLength">Length of the value beyond its id.</param>
/// <param name="LifetimeMs">Until its deadline; 0 for none (an Expire without is a PERSIST).</param>
internal readonly record struct OperationPlan(OperationKind Kind, char KeyFamily, int KeyIndex, int PaddingLength, long LifetimeMs)
{
    private const long LifetimeMsMax = 8_000;
    private const string Families = "ppae";

    /// <summary>The same for a client of the keyspace that is flushed; null: a flush.</summary>
    public static OperationPlan? DrawInFlushed(SeededRandom random, WorkloadOptions options)
    {
        OperationPlan plan = Draw(random, options);
        return random.Fork("flush").Chance(options.FlushShare) ? null : plan with { KeyFamily = char.ToUpperInvariant(plan.KeyFamily) };
    }

    public static OperationPlan Draw(SeededRandom random, WorkloadOptions options)
    {
        char family = Families[random.Below(Families.Length)];
        OperationKind kind = DrawKind(random, options, family);
        bool lives = family != 'e' || random.Chance(0.3);
        return new OperationPlan(
            kind,
            family,
            random.Below(options.Keys),
            random.Below(options.ValueBytesMax),
            lives ? 0 : random.Between(20, LifetimeMsMax));
    }

    public string Key(long epoch) => string.Create(CultureInfo.InvariantCulture, $"{KeyFamily}{KeyIndex}.{epoch}");

    private static OperationKind DrawKind(SeededRandom random, WorkloadOptions options, char family)
    {
        bool appends = family == 'a';
        ReadOnlySpan<(OperationKind Kind, int Weight)> weights =
        [
            (OperationKind.Read, options.ReadWeight),
            (OperationKind.Write, appends ? 1 : options.WriteWeight),
            (OperationKind.Delete, appends ? Math.Min(1, options.DeleteWeight) : options.DeleteWeight),
            (OperationKind.WriteIfAbsent, appends ? 0 : options.WriteIfAbsentWeight),
            (OperationKind.Append, appends ? 3 * options.AppendWeight : 0),
            (OperationKind.Expire, family == 'e' ? options.ExpireWeight : 0),
        ];
        int total = 0;
        foreach ((_, int weight) in weights)
            total += weight;
        int drawn = random.Below(total);
        foreach ((OperationKind kind, int weight) in weights)
        {
            drawn -= weight;
            if (drawn < 0)
                return kind;
        }
        return OperationKind.Read;
    }
}

/// <summary>Operations as commands, and replies as outcomes.</summary>
internal static class RespRequests
{
    public static void Write(ByteWriter to, params ReadOnlySpan<string> arguments)
    {
        Line(to, '*', arguments.Length);
        foreach (string argument in arguments)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(argument);
            Line(to, '$', bytes.Length);
            to.Write(bytes);
            to.Write("\r\n"u8);
        }
    }

    /// <summary>What a connection begins with; gives how many replies that has.</summary>
    public static int WriteGreeting(ByteWriter to, int keyspace, ConsistencyLevel read, ConsistencyLevel write)
    {
        Write(to, "TORC.CONSISTENCY", "READ", Levels.NameOf(read), "WRITE", Levels.NameOf(write));
        if (keyspace == 0)
            return 1;
        Write(to, "SELECT", keyspace.ToString(CultureInfo.InvariantCulture));
        return 2;
    }

    public static void Write(ByteWriter to, Operation operation)
    {
        string deadline = operation.DeadlineMs.ToString(CultureInfo.InvariantCulture);
        switch (operation.Kind)
        {
            case OperationKind.Read:
                Write(to, "GET", operation.Key);
                break;
            case OperationKind.Write when operation.DeadlineMs != 0:
                Write(to, "SET", operation.Key, operation.Value!, "PXAT", deadline);
                break;
            case OperationKind.Write:
                Write(to, "SET", operation.Key, operation.Value!);
                break;
            case OperationKind.WriteIfAbsent when operation.DeadlineMs != 0:
                Write(to, "SET", operation.Key, operation.Value!, "NX", "PXAT", deadline);
                break;
            case OperationKind.WriteIfAbsent:
                Write(to, "SET", operation.Key, operation.Value!, "NX");
                break;
            case OperationKind.Append:
                Write(to, "APPEND", operation.Key, operation.Value!);
                break;
            case OperationKind.Delete when operation.IsFlush:
                Write(to, "FLUSHDB");
                break;
            case OperationKind.Delete:
                Write(to, "DEL", operation.Key);
                break;
            case OperationKind.Expire when operation.DeadlineMs != 0:
                Write(to, "PEXPIREAT", operation.Key, deadline);
                break;
            default:
                Write(to, "PERSIST", operation.Key);
                break;
        }
    }

    private static void Line(ByteWriter to, char mark, int number) =>
        to.Write(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{mark}{number}\r\n")));
}
