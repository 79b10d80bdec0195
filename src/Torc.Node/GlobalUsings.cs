global using Torc.Base;
global using Version = Torc.Core.Clocks.Version;
