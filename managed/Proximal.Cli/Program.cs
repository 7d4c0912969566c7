using Proximal.Cli;

using CliHost host = CliHost.OfThisProcess();
return await Application.RunAsync(args, host).ConfigureAwait(false);
