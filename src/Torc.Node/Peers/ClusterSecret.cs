using System.Security.Cryptography;
using System.Text;

namespace Torc.Node.Peers;

/// <summary>
/// What every node of a cluster knows and nobody else does. It never leaves the process: a peer proves that it has the same
/// one by a keyed hash (HMAC-SHA256, RFC 2104) over what both sides said when the link opened.
/// </summary>
/// <remarks>
/// The hash covers both greetings as they were sent, and with them both nonces, both node ids, the protocol version, the levels and the digest of the cluster's
/// settings: a proof fits one connection only. The side that proves is part of it, so that a proof sent back to its maker
/// proves nothing. It shows who opened the link; it neither hides nor seals the frames that follow, which is what TLS is for.
/// </remarks>
public sealed class ClusterSecret(string text)
{
    public const int ProofBytes = HMACSHA256.HashSizeInBytes;

    /// <summary>Who sees a link can try shorter ones one by one against the proofs on it.</summary>
    public const int LengthAdvised = 16;

    private readonly byte[] _key = Encoding.UTF8.GetBytes(text);

    /// <summary>A proof of one side of one link.</summary>
    /// <param name="byDialler">Whether the side that opened the connection proves.</param>
    /// <param name="dialler">The bytes of that side's greeting.</param>
    /// <param name="acceptor">Those of the other side's.</param>
    /// <param name="proof">Receives <see cref="ProofBytes"/> bytes.</param>
    public void Prove(bool byDialler, ReadOnlySpan<byte> dialler, ReadOnlySpan<byte> acceptor, Span<byte> proof)
    {
        using var bytes = new ByteWriter();
        bytes.Write(byDialler ? "torc link, dialler proves"u8 : "torc link, acceptor proves"u8);
        bytes.Write(dialler);
        bytes.Write(acceptor);
        HMACSHA256.HashData(_key, bytes.Written, proof);
    }

    /// <summary>Takes the same time for every wrong proof.</summary>
    public bool Verify(bool byDialler, ReadOnlySpan<byte> dialler, ReadOnlySpan<byte> acceptor, ReadOnlySpan<byte> proof)
    {
        Span<byte> right = stackalloc byte[ProofBytes];
        Prove(byDialler, dialler, acceptor, right);
        return CryptographicOperations.FixedTimeEquals(right, proof);
    }

    /// <summary>Never the secret.</summary>
    public override string ToString() => "(cluster secret)";
}
