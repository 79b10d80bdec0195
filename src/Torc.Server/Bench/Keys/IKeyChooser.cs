using Torc.Base;

namespace Torc.Server.Bench.Keys;

/// <summary>Draws the key of the next operation. One for each thread.</summary>
internal interface IKeyChooser
{
    /// <summary>A number below <see cref="KeySpace.Known"/>.</summary>
    long Next(SeededRandom random);
}
