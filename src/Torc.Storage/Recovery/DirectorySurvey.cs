using Torc.Storage.Disk;
using Torc.Storage.Segments;

namespace Torc.Storage.Recovery;

/// <summary>
/// First look at a directory: which files there are, and whether they are this shard's log in a format that this version knows. Changes
/// nothing, so that a refusal leaves everything as it was.
/// </summary>
internal sealed class DirectorySurvey
{
    public List<FoundSegment> Segments { get; } = [];

    /// <summary>Hint files by the segment they are for.</summary>
    public SortedDictionary<long, DiskFileInfo> Hints { get; } = [];

    public SortedDictionary<long, DiskFileInfo> Spares { get; } = [];

    public string? UnknownFile { get; private set; }

    /// <summary>A segment whose header the disk does not give, or gives with wrong bits.</summary>
    private string? DamagedHeader { get; set; }

    /// <summary>A valid header of this shard; null when the directory has none.</summary>
    public SegmentHeader? AnyHeader { get; private set; }

    /// <summary>The greatest sequence that a file name ever used.</summary>
    public long SequenceMax { get; private set; }

    public static OpenOutcome Make(IDisk disk, StorageOptions options, out DirectorySurvey survey, out string refusal)
    {
        survey = new DirectorySurvey();
        foreach (DiskFileInfo file in disk.List())
            survey.Take(disk, file);
        OpenOutcome outcome = survey.Judge(options.ShardIndex, out refusal);
        if (outcome != OpenOutcome.Opened)
            survey.Close();
        return outcome;
    }

    private void Take(IDisk disk, DiskFileInfo file)
    {
        FileRole role = FileNames.Parse(file.Name, out long number);
        switch (role)
        {
            case FileRole.Hint:
                Hints.Add(number, file);
                break;
            case FileRole.Spare:
                Spares.Add(number, file);
                break;
            case FileRole.Segment:
                var segment = new FoundSegment(file.Name, number, disk.Open(file.Name));
                Span<byte> header = stackalloc byte[SegmentHeader.Bytes];
                header.Clear();
                int length = (int)Math.Min(header.Length, file.Length);
                bool isRead = length == 0 || segment.File.Read(0, header[..length]) == DiskOutcome.Done;
                SegmentHeader decoded = default;
                segment.HeaderState = isRead ? SegmentHeader.Read(header, out decoded) : SegmentHeaderState.Bad;
                segment.Header = decoded;
                if (!isRead || (segment.HeaderState == SegmentHeaderState.Bad && SegmentHeader.HasMagic(header)))
                    DamagedHeader ??= file.Name;
                Segments.Add(segment);
                SequenceMax = Math.Max(SequenceMax, number);
                break;
            case FileRole.Unknown:
                UnknownFile ??= file.Name;
                break;
        }
    }

    /// <summary>The very first segment of a log, whose header a crash tore before anything else was written.</summary>
    private bool IsTornBirth()
    {
        if (Segments is not [{ Sequence: 1 } first] || first.File.Length < StorageOptions.SegmentBytesMin)
            return false;
        byte[] start = new byte[StorageOptions.SegmentBytesMin];
        return first.File.Read(0, start) == DiskOutcome.Done && !start.AsSpan(SegmentHeader.Bytes).ContainsAnyExcept((byte)0);
    }

    private OpenOutcome Judge(int shardIndex, out string refusal)
    {
        bool sawBad = false;
        foreach (FoundSegment segment in Segments)
        {
            SegmentHeader header = segment.Header;
            switch (segment.HeaderState)
            {
                case SegmentHeaderState.OtherFormat:
                    refusal = $"{segment.Name} has a format that this version does not know.";
                    return OpenOutcome.OtherFormat;
                case SegmentHeaderState.Bad:
                    sawBad = true;
                    break;
                case SegmentHeaderState.Valid when header.ShardIndex != shardIndex:
                    refusal = $"{segment.Name} belongs to shard {header.ShardIndex}, not {shardIndex}.";
                    return OpenOutcome.OtherData;
                case SegmentHeaderState.Valid when !int.IsPow2(header.SegmentBytes)
                    || header.SegmentBytes is < StorageOptions.SegmentBytesMin or > StorageOptions.SegmentBytesMax:
                    refusal = $"{segment.Name} says that segments have {header.SegmentBytes} bytes.";
                    return OpenOutcome.OtherFormat;
                case SegmentHeaderState.Valid:
                    AnyHeader ??= header;
                    if (header.LogId != AnyHeader.Value.LogId || header.SegmentBytes != AnyHeader.Value.SegmentBytes)
                    {
                        refusal = $"{segment.Name} belongs to another log than the files beside it.";
                        return OpenOutcome.OtherData;
                    }
                    break;
            }
        }
        bool isNothingOurs = Segments.Count == 0 && Hints.Count == 0 && Spares.Count == 0;
        if ((AnyHeader == null && sawBad && !IsTornBirth()) || (isNothingOurs && UnknownFile != null))
        {
            if (DamagedHeader != null)
            {
                refusal = $"the header of {DamagedHeader} cannot be read or is damaged, and no other file says whose log this is.";
                return OpenOutcome.Unreadable;
            }
            refusal = $"{UnknownFile ?? Segments[0].Name} is not part of a Torc log.";
            return OpenOutcome.OtherData;
        }
        refusal = "";
        return OpenOutcome.Opened;
    }

    private void Close()
    {
        foreach (FoundSegment segment in Segments)
            segment.File.Dispose();
    }
}
