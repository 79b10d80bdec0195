using System.Diagnostics;
using System.Text;
using Torc.Base;
using Torc.Protocols.Resp;

namespace Torc.Tests.Protocols.Resp;

/// <summary>
/// The readers against <see cref="FramesTotal"/> hostile frames each. Every frame is read twice, whole and in random
/// pieces, and both must end alike: after the same number of commands or replies with the same content, in the same
/// error or in none. An exception fails the test by itself. They run with no other test beside them, because they measure
/// the memory of the process.
/// </summary>
[Collection(nameof(RespHostileTests))]
[CollectionDefinition(nameof(RespHostileTests), DisableParallelization = true)]
public sealed class RespHostileTests
{
    private const int FramesTotal = 1_000_000;
    private const long MemoryGrowthBytesMax = 64 * 1024 * 1024;
    private const ulong Seed = 20_261;

    // A connection that ends neither in a command nor in an error is cut after this many frames, as a peer might do.
    private const double HangUpChance = 0.3;

    private static readonly TimeSpan TimeMax = TimeSpan.FromSeconds(60);

    [Fact]
    public void Hostile_commands_end_in_a_documented_outcome_that_no_cut_changes()
    {
        byte[][] corpus = [.. RespCorpus.Commands.Concat(RespCorpus.Errors).Select(payload => RespCorpus.Bytes(payload.Input))];
        RespLimits[] limits = [RespLimits.Default, RespLimits.BeforeAuthentication];
        using var whole = new CommandDigest();
        using var pieces = new CommandDigest();
        int commands = 0, errors = 0, unfinished = 0;
        Run(corpus, (random, frame) =>
        {
            RespLimits limit = limits[random.Below(limits.Length)];
            whole.Give(frame, limit);
            for (ReadOnlySpan<byte> rest = frame; !rest.IsEmpty;)
            {
                int length = Math.Min(rest.Length, 1 + random.Below(8));
                pieces.Give(rest[..length], limit);
                rest = rest[length..];
            }
            commands += whole.Commands;
            errors += whole.Error is null ? 0 : 1;
            unfinished += whole.Error is null && !whole.AtStart ? 1 : 0;
            bool alike = whole.Hash == pieces.Hash && whole.Commands == pieces.Commands
                && whole.Error == pieces.Error && whole.AtStart == pieces.AtStart;
            bool documented = whole.Error?.Message.StartsWith("ERR Protocol error: ", StringComparison.Ordinal) ?? true;
            // Going on with the rest of a cut command is part of the game; but no connection outlives its error.
            if (whole.Error is not null || random.Chance(HangUpChance))
            {
                whole.HangUp();
                pieces.HangUp();
            }
            whole.StartFrame();
            pieces.StartFrame();
            return alike && documented;
        });
        // The mixture reaches every outcome often.
        commands.ShouldBeGreaterThan(FramesTotal / 10);
        errors.ShouldBeGreaterThan(FramesTotal / 10);
        unfinished.ShouldBeGreaterThan(FramesTotal / 50);
    }

    [Fact]
    public void Hostile_replies_end_in_a_documented_outcome_that_no_cut_changes()
    {
        byte[][] corpus = [.. RespCorpus.Replies.Select(payload => payload.Input).Concat(RespCorpus.ReplyErrors).Select(RespCorpus.Bytes)];
        var whole = new ReplyDigest();
        var pieces = new ReplyDigest();
        int replies = 0, errors = 0;
        Run(corpus, (random, frame) =>
        {
            whole.Give(frame);
            for (ReadOnlySpan<byte> rest = frame; !rest.IsEmpty;)
            {
                int length = Math.Min(rest.Length, 1 + random.Below(8));
                pieces.Give(rest[..length]);
                rest = rest[length..];
            }
            replies += whole.Replies;
            errors += whole.Error is null ? 0 : 1;
            bool alike = whole.Hash == pieces.Hash && whole.Replies == pieces.Replies && whole.Error == pieces.Error;
            if (whole.Error is not null || random.Chance(HangUpChance))
            {
                whole.HangUp();
                pieces.HangUp();
            }
            whole.StartFrame();
            pieces.StartFrame();
            return alike;
        });
        replies.ShouldBeGreaterThan(FramesTotal / 10);
        errors.ShouldBeGreaterThan(FramesTotal / 10);
    }

    private delegate bool FrameTest(SeededRandom random, ReadOnlySpan<byte> frame);

    private static void Run(byte[][] corpus, FrameTest test)
    {
        var random = new SeededRandom(Seed);
        var frames = new HostileFrames(random.Fork("frames"), corpus);
        byte[] frame = new byte[HostileFrames.FrameBytesMax];
        long before = GC.GetTotalMemory(forceFullCollection: true);
        var watch = Stopwatch.StartNew();
        for (int index = 0; index < FramesTotal; index++)
        {
            ReadOnlySpan<byte> next = frame.AsSpan(0, frames.Next(frame));
            if (!test(random, next))
                Assert.Fail($"seed {Seed}, frame {index}: {Encoding.Latin1.GetString(next)}");
        }
        watch.Elapsed.ShouldBeLessThan(TimeMax);
        (GC.GetTotalMemory(forceFullCollection: true) - before).ShouldBeLessThan(MemoryGrowthBytesMax);
    }

    /// <summary>One connection to the server, and a hash over the commands that the current frame completed.</summary>
    private sealed class CommandDigest : IDisposable
    {
        private readonly RespCommandReader _reader = new();
        private readonly CommandBuffer _command = new();

        internal ulong Hash { get; private set; }

        internal int Commands { get; private set; }

        internal RespError? Error { get; private set; }

        internal bool AtStart => _reader.AtStart;

        internal void Give(ReadOnlySpan<byte> piece, RespLimits limits)
        {
            ParseOutcome outcome;
            while ((outcome = _reader.Read(ref piece, _command, limits, out RespError? error)) == ParseOutcome.Command)
            {
                Check.That(error is null && _command.Count > 0);
                Commands++;
                for (int index = 0; index < _command.Count; index++)
                    Hash = StableHash.Combine(Hash, StableHash.Hash64(_command[index], (ulong)_command.Count));
            }
            Check.That(outcome == ParseOutcome.Error || piece.IsEmpty);
            Check.That(_command.CapacityBytes < 64 * 1024);
            _reader.Read(ref piece, _command, limits, out RespError? again);
            Error = again;
        }

        internal void StartFrame() => (Hash, Commands, Error) = (0, 0, null);

        internal void HangUp() => _reader.Reset();

        public void Dispose() => _command.Dispose();
    }

    /// <summary>One connection from a client, and a hash over the replies that the current frame completed.</summary>
    private sealed class ReplyDigest
    {
        private readonly RespReplyReader _reader = new();

        internal ulong Hash { get; private set; }

        internal int Replies { get; private set; }

        internal RespError? Error { get; private set; }

        internal void Give(ReadOnlySpan<byte> piece)
        {
            ReplyOutcome outcome;
            while ((outcome = _reader.Read(ref piece, out RespValue? reply, out RespError? error)) == ReplyOutcome.Reply)
            {
                Check.That(error is null);
                Replies++;
                Hash = HashOf(Hash, reply!);
            }
            Check.That(outcome == ReplyOutcome.Error || piece.IsEmpty);
            _reader.Read(ref piece, out _, out RespError? again);
            Error = again;
        }

        internal void StartFrame() => (Hash, Replies, Error) = (0, 0, null);

        internal void HangUp() => _reader.Reset();

        private static ulong HashOf(ulong hash, RespValue value)
        {
            hash = StableHash.Combine(hash, (ulong)value.Kind);
            hash = StableHash.Combine(hash, StableHash.Hash64(value.Bytes.Span, (ulong)value.Integer));
            hash = StableHash.Combine(hash, (ulong)value.Items.Count);
            foreach (RespValue item in value.Items)
                hash = HashOf(hash, item);
            foreach (RespValue attribute in value.Attributes)
                hash = HashOf(hash, attribute);
            return hash;
        }
    }
}
