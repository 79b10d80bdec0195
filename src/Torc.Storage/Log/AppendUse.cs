namespace Torc.Storage.Log;

/// <summary>What a record is appended for: the greater, the more of the reserve it may use.</summary>
internal enum AppendUse
{
    /// <summary>Ordinary puts leave the reserve alone.</summary>
    Put,

    /// <summary>Deletes make space in the end, and may use half of the reserve.</summary>
    Delete,

    /// <summary>Compaction makes space at once, and may use all of it.</summary>
    Compaction,
}
