namespace Torc.Storage;

/// <summary>What a caller is about to do with a record.</summary>
public enum RecordUse
{
    Read,
    Change,
}
