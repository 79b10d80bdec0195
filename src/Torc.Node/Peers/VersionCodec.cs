namespace Torc.Node.Peers;

/// <summary>Versions on the wire: stamp, then actor, 8 bytes each.</summary>
internal static class VersionCodec
{
    public static void WriteVersion(this ByteWriter to, Version version)
    {
        to.WriteUInt64(version.Stamp);
        to.WriteUInt64(version.ActorValue);
    }

    public static Version ReadVersion(this ref ByteReader reader)
    {
        ulong stamp = reader.ReadUInt64();
        ulong actor = reader.ReadUInt64();
        return new Version(stamp, actor);
    }
}
