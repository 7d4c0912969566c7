namespace Proximal.Cli.Rows;

/// <summary>A row cannot be used; its answer is the message, and the other rows go on.</summary>
internal sealed class RowException(string message, Exception? inner = null) : Exception(message, inner);
