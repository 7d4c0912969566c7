namespace Proximal.Cli.Terminal;

/// <summary>Whoever read standard output has gone: the command ends quietly.</summary>
internal sealed class BrokenPipeException() : IOException("standard output was closed by its reader");
