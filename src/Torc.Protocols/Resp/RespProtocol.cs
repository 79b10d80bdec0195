namespace Torc.Protocols.Resp;

/// <summary>The version of RESP that a connection speaks: 2 until its <c>HELLO 3</c>.</summary>
public enum RespProtocol : byte
{
    Resp2 = 2,
    Resp3 = 3,
}
