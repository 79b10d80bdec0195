using Torc.Storage.Disk;

namespace Torc.Server.Data;

/// <summary>
/// Space that a data directory holds back for its own small files: one file of zeros, which gives up as much as a write needs when the disk has no
/// room for it, and takes that back as soon as there is some. Without it a member whose disk is full could remember no map, and every change of the
/// cluster would wait for it.
/// </summary>
/// <remarks>
/// A file that is replaced needs room for the new one beside the old one for a moment only: the old one's is taken back at once. So the reserve lasts
/// however often that is done while the disk stays full; somebody who takes each byte that gets free has to do so many times in those moments.
/// Thread-safe.
/// </remarks>
internal sealed class SpaceReserve : IDisposable
{
    public const string FileName = "RESERVE";
    public const int Bytes = 1 << 20;

    /// <summary>What is given up and taken back at a time.</summary>
    private const int PieceBytes = 64 << 10;

    private static readonly byte[] Zeros = new byte[PieceBytes];
    private readonly Lock _gate = new();
    private readonly IDisk _disk;
    private IDiskFile? _file;
    private bool _isDisposed;

    /// <summary>Finds what an earlier run held back, and changes nothing.</summary>
    public SpaceReserve(IDisk disk)
    {
        _disk = disk;
        if (disk.List().Any(static file => file.Name == FileName))
            _file = disk.Open(FileName);
    }

    /// <summary>Nothing of it was given up, or all was taken back.</summary>
    public bool IsWhole => _file is { Length: >= Bytes };

    /// <summary>Replaces a file of the directory, with what is held back if there is no other room. As <see cref="ReplacedFile.Write"/>.</summary>
    public DiskOutcome Write(string name, ReadOnlySpan<byte> bytes)
    {
        lock (_gate)
        {
            DiskOutcome outcome = ReplacedFile.Write(_disk, name, bytes);
            while (outcome == DiskOutcome.Full && TryGiveUp(bytes.Length))
                outcome = ReplacedFile.Write(_disk, name, bytes);
            Fill();
            return outcome;
        }
    }

    /// <summary>Takes what is missing, as far as there is room. Does nothing while a file is written.</summary>
    public void TryFill()
    {
        if (!_gate.TryEnter())
            return;
        try
        {
            if (!_isDisposed)
                Fill();
        }
        finally
        {
            _gate.Exit();
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _isDisposed = true;
            _file?.Dispose();
        }
    }

    private bool TryGiveUp(int bytes)
    {
        if (_file is not { Length: > 0 })
            return false;
        long pieces = (bytes + PieceBytes - 1) / PieceBytes;
        return _file.SetLength(Math.Max(0, _file.Length - pieces * PieceBytes)) == DiskOutcome.Done;
    }

    private void Fill()
    {
        if (_file is null && _disk.Create(FileName, 0, out _file) != DiskOutcome.Done)
            return;
        while (_file!.Length < Bytes)
        {
            int piece = (int)Math.Min(PieceBytes, Bytes - _file.Length);
            if (_file.Write(_file.Length, Zeros.AsSpan(0, piece)) != DiskOutcome.Done)
                return;
        }
    }
}
