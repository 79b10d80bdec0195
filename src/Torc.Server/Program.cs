return await Torc.Server.CommandLine.TorcCommands.Run(args);
