using Torc.Server.Settings;

namespace Torc.Server.Hosting;

internal static class ServerProcess
{
    internal static Task<int> Run(SettingValues settings, bool stopWithInput) => Task.FromResult(settings.NodeId + (stopWithInput ? 1 : 0));
}
