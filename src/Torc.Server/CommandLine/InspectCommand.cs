using System.CommandLine;
using System.Globalization;
using System.Text;
using Torc.Server.Disks;
using Torc.Storage;
using Torc.Storage.Inspection;

namespace Torc.Server.CommandLine;

/// <summary><c>torc inspect FILE</c>: shows and verifies one file of a shard's log. It changes nothing; the node may run.</summary>
internal static class InspectCommand
{
    private const int RecordsDefault = 20;

    internal static Command Make()
    {
        var file = new Argument<string>("FILE") { Description = "A segment, hint or spare file of a shard's directory." };
        var records = new Option<int>("--records")
        {
            Description = $"How many records to list. Default {RecordsDefault}.",
            HelpName = "NUMBER",
            DefaultValueFactory = static _ => RecordsDefault,
        };
        var command = new Command("inspect", "Show a file of the log, verify it, and say what is wrong with it.") { file, records };
        command.SetAction(parsed => Run(parsed.GetValue(file)!, parsed.GetValue(records)));
        return command;
    }

    private static int Run(string path, int records)
    {
        string full = Path.GetFullPath(path);
        if (!File.Exists(full))
        {
            Console.Error.WriteLine($"torc: there is no file {full}. Give a file of a shard's directory, for example torc-data/shard-00/segment-0000000000000001.torc.");
            return ExitCode.Usage;
        }
        using LibcDisk disk = LibcDisk.OpenDirectory(Path.GetDirectoryName(full)!);
        var lister = new Lister(Console.Out, records);
        FileInspection inspection = SegmentInspector.Inspect(disk, Path.GetFileName(full), lister);
        if (lister.Skipped > 0)
            Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"... and {lister.Skipped:N0} more; --records says how many to list"));
        Print(Console.Out, full, inspection);
        return inspection.Problems.Count == 0 ? ExitCode.Done : ExitCode.Failed;
    }

    private static void Print(TextWriter to, string path, FileInspection inspection)
    {
        to.WriteLine();
        to.WriteLine($"{path}: {inspection.Role}{(inspection.Role != "segment" ? "" : inspection.IsSealed ? ", sealed" : ", not sealed")}");
        foreach ((string name, string value) in inspection.Header)
            to.WriteLine($"  {name}: {value}");
        to.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  records: {inspection.Records:N0}, ending at offset {inspection.End:N0}"));
        if (inspection.Problems.Count == 0)
        {
            to.WriteLine("No problem found.");
            return;
        }
        to.WriteLine(inspection.IsSealed || inspection.Role != "segment"
            ? $"{inspection.Problems.Count} problems:"
            : $"{inspection.Problems.Count} problems (the end of a segment that is not sealed may be an unfinished write, which recovery cuts off):");
        foreach (Damage problem in inspection.Problems)
            to.WriteLine($"  at offset {problem.Offset}: {problem.What}");
    }

    /// <summary>Lists the first records, one line each.</summary>
    private sealed class Lister(TextWriter to, int recordsMax) : IInspectionVisitor
    {
        private const int KeyBytesMax = 60;
        private long _seen;

        internal long Skipped => Math.Max(0, _seen - Math.Max(recordsMax, 0));

        public void Visit(in InspectedRecord record)
        {
            if (_seen++ >= recordsMax)
                return;
            if (_seen == 1)
                to.WriteLine($"{"offset",12} {"bytes",9} {"kind",-10} {"keyspace",8} {"partition",9} {"row",9} key");
            string flags = record.Flags == RecordFlags.None ? "" : $" [{record.Flags}]";
            to.WriteLine($"{record.Offset,12} {record.Bytes,9} {record.Kind,-10} {record.Keyspace,8} {record.Partition,9} {record.RowLength,9} {Shown(record.Key)}{flags}");
        }

        private static string Shown(ReadOnlySpan<byte> key)
        {
            var text = new StringBuilder();
            foreach (byte value in key[..Math.Min(key.Length, KeyBytesMax)])
                _ = value is >= 0x20 and < 0x7F and not (byte)'\\' ? text.Append((char)value) : text.Append(CultureInfo.InvariantCulture, $"\\x{value:x2}");
            return key.Length > KeyBytesMax ? text.Append("...").ToString() : text.ToString();
        }
    }
}
