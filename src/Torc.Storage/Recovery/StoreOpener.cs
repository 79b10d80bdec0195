using Torc.Base;
using Torc.Storage.Directory;
using Torc.Storage.Disk;
using Torc.Storage.Log;
using Torc.Storage.Maintenance;
using Torc.Storage.Partitions;
using Torc.Storage.Segments;

namespace Torc.Storage.Recovery;

/// <summary>
/// Opens a store: surveys the directory, reads what the segments hold, cuts a torn tail, fills the key directories, and starts the run
/// with a segment of its own. A recovered segment is sealed and never appended to, so that no byte that an earlier run may
/// have acknowledged is ever written again. Until <see cref="Repair"/> nothing on the disk is changed.
/// </summary>
internal static class StoreOpener
{
    public static OpenOutcome Open(IDisk disk, StorageOptions options, Instant now, out ShardStore? store, out RecoveryReport report)
    {
        store = null;
        report = new RecoveryReport();
        if (options.Mode == StorageMode.Memory)
        {
            report.FreshlyMade = true;
            store = Assemble(options, reached: null, NewLogId(options, now), run: 1, now, static (_, _) => { });
            return OpenOutcome.Opened;
        }
        OpenOutcome outcome = DirectorySurvey.Make(disk, options, out DirectorySurvey survey, out string refusal);
        report.Refusal = refusal;
        if (outcome != OpenOutcome.Opened)
            return outcome;
        try
        {
            store = Recover(disk, options, now, survey, report);
        }
        finally
        {
            foreach (FoundSegment segment in survey.Segments)
                segment.Index?.Dispose();
        }
        return OpenOutcome.Opened;
    }

    private static ShardStore Recover(IDisk disk, StorageOptions options, Instant now, DirectorySurvey survey, RecoveryReport report)
    {
        report.FreshlyMade = survey.AnyHeader == null;
        ulong logId = survey.AnyHeader?.LogId ?? NewLogId(options, now);
        options = options with { SegmentBytes = survey.AnyHeader?.SegmentBytes ?? options.SegmentBytes };
        long reachedOffset = ReachedFile.Read(disk, logId);
        var reader = new SegmentReader(disk, logId, options.SegmentBytes, reachedOffset, report);
        reader.ReadAll(survey);
        var cut = new TailCut(options.SegmentBytes, reader.NamedOffset, reachedOffset, report);
        cut.Judge(survey.Segments);
        List<long> missing = MissingSegments(disk, logId, survey, report);
        Describe(survey, cut, options, report);
        var supply = new SegmentSupply(options.ReservedSegments);
        if (cut.Dropped.Count > 0)
            SegmentRoster.Write(disk, logId, [.. missing, .. cut.Kept.Select(static segment => segment.Sequence)]);
        Repair(disk, survey, cut, reader.NamedOffset, options, supply);
        ShardStore store = Assemble(options, ReachedFile.Open(disk, logId), logId, survey.SequenceMax + 1, now, (segments, partitions) => Fill(segments, partitions, cut.Kept, missing), supply,
            (segments, log) => StartRun(disk, options, segments, supply, log));
        report.Records = store.Statistics.Records;
        if (cut.LastWitness != null)
            DismissWitness(disk, cut.LastWitness, isSucceeded: store.HasActiveSegment);
        return store;
    }

    private static ulong NewLogId(StorageOptions options, Instant now) =>
        StableHash.Combine(StableHash.Combine((ulong)now.WallMs, (ulong)now.MonotonicMicros), (ulong)options.ShardIndex);

    /// <summary>Those that the roster names and that nobody has found. Each is damage: what it held is not there.</summary>
    private static List<long> MissingSegments(IDisk disk, ulong logId, DirectorySurvey survey, RecoveryReport report)
    {
        SegmentRoster? roster = SegmentRoster.Read(disk, SegmentRoster.FileName, logId, out string problem);
        if (problem.Length > 0)
            report.Add(new Damage(SegmentRoster.FileName, 0, $"the list of segments {problem}"));
        List<long> missing = [.. roster?.MissingOf(survey.Segments.Select(static segment => segment.Sequence)) ?? []];
        foreach (long sequence in missing)
            report.Add(new Damage(FileNames.Segment(sequence), 0, "the file is missing"));
        return missing;
    }

    private static void Describe(DirectorySurvey survey, TailCut cut, StorageOptions options, RecoveryReport report)
    {
        SegmentHeader? newestRun = null;
        foreach (FoundSegment segment in survey.Segments)
        {
            if (segment.HasOwnHeader && (newestRun == null || segment.Header.Run >= newestRun.Value.Run))
                newestRun = segment.Header;
        }
        if (newestRun != null)
            cut.FindWitness(newestRun.Value.Run);
        report.PreviousDurability = newestRun?.Durability;
        report.Segments = cut.Kept.Count;
        foreach (FoundSegment segment in cut.Kept)
            report.LogBytes += segment.End;
        if (cut.Kept.Count == 0)
            return;
        FoundSegment last = cut.Kept[^1];
        report.EndOffset = last.Sequence * options.SegmentBytes + last.End;
        report.CleanStop = last.LastKind == Records.RecordKind.CleanStop && last.HasOwnHeader && last.Header.Run == newestRun?.Run;
    }

    /// <summary>
    /// Brings the files to what was decided: dropped segments go first, newest first, so that a crash on the way leaves a log that the
    /// same decision cuts again. What is kept is synced before anything is built on it.
    /// </summary>
    private static void Repair(IDisk disk, DirectorySurvey survey, TailCut cut, long namedOffset, StorageOptions options, SegmentSupply supply)
    {
        foreach ((long number, DiskFileInfo spare) in survey.Spares)
        {
            if (spare.Length == options.SegmentBytes)
                supply.AddSpare(number);
            else
                disk.Delete(spare.Name);
        }
        foreach (FoundSegment segment in cut.Dropped)
        {
            if (segment == cut.LastWitness)
            {
                segment.File.SetLength(SegmentHeader.Bytes);
                segment.File.Sync();
                continue;
            }
            bool isWhole = segment.File.Length == options.SegmentBytes;
            segment.File.Dispose();
            Discard(disk, segment, isWhole && supply.WantsSpare ? supply : null);
        }
        var kept = new HashSet<long>();
        foreach (FoundSegment segment in cut.Kept)
            kept.Add(segment.Sequence);
        foreach ((long sequence, DiskFileInfo hint) in survey.Hints)
        {
            bool isBelieved = kept.Contains(sequence) && cut.Kept.Exists(segment => segment.Sequence == sequence && segment.IsFromHint);
            if (!isBelieved)
                disk.Delete(hint.Name);
        }
        disk.SyncDirectory();
        foreach (FoundSegment segment in cut.Kept)
        {
            if (segment == cut.CutSegment && segment.File.Length > segment.End)
                segment.File.SetLength(segment.End);
            if (!segment.IsFromHint && (segment == cut.CutSegment || (segment.Sequence * options.SegmentBytes) + segment.End > namedOffset))
                segment.File.Sync();
        }
    }

    private static void DismissWitness(IDisk disk, FoundSegment witness, bool isSucceeded)
    {
        witness.File.Dispose();
        if (!isSucceeded)
            return; // No space for this run's own header yet: the next start finds the witness again.
        disk.Delete(witness.Name);
        disk.SyncDirectory();
    }

    private static void Discard(IDisk disk, FoundSegment segment, SegmentSupply? supply)
    {
        if (supply == null)
        {
            disk.Delete(segment.Name);
            return;
        }
        long number = supply.NewSpareNumber();
        disk.Rename(segment.Name, FileNames.Spare(number));
        supply.AddSpare(number);
    }

    private static void Fill(SegmentTable segments, PartitionTable partitions, List<FoundSegment> kept, List<long> missing)
    {
        segments.Missing.AddRange(missing);
        using var replay = new DirectoryReplay(segments, partitions);
        foreach (FoundSegment found in kept)
        {
            Segment segment = segments.Add(found.Sequence);
            segment.File = found.File;
            segment.FileBytes = found.File.Length;
            segment.End = segment.WrittenEnd = found.End;
            segment.IsSealed = true;
            segment.HasHint = segment.IsHintTried = found.IsFromHint;
            segment.IsDamaged = found.IsDamaged;
            if (found.Index != null)
                replay.Add(segment, found.Index);
        }
        replay.Run();
    }

    /// <summary>Prepares this run's first segment, so that the disk knows of the run before it appends. Without space the maintenance does it later.</summary>
    private static void StartRun(IDisk disk, StorageOptions options, SegmentTable segments, SegmentSupply supply, LogTail log)
    {
        if (!segments.TryRentMemory(out int memorySlot))
            return;
        var prepare = new PrepareTask(options, segments, supply, log, log.Run, memorySlot);
        prepare.Run(disk);
        prepare.End(default);
        log.Start();
    }

    private static ShardStore Assemble(
        StorageOptions options, ReachedFile? reached, ulong logId, long run, Instant now, Action<SegmentTable, PartitionTable> fill, SegmentSupply? supply = null, Action<SegmentTable, LogTail>? start = null)
    {
        supply ??= new SegmentSupply(reservedSegments: 0);
        var segments = new SegmentTable(options.SegmentBytes, Maintainer.MemorySlots(options) + Maintainer.MemorySlotsExtra);
        var partitions = new PartitionTable(new BucketArena(options.DirectoryBytesMax), segments);
        fill(segments, partitions);
        var log = new LogTail(segments, supply, options, reached, logId, run, run * options.SegmentBytes, now);
        start ??= (table, tail) => StartRun(disk: null!, options, table, supply, tail);
        start(segments, log);
        return new ShardStore(options, segments, supply, partitions, log);
    }
}
