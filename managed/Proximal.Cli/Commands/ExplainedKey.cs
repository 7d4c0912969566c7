using Proximal.Configuration.Schemas;

namespace Proximal.Cli.Commands;

/// <summary>A key, and the commands for which it is the same.</summary>
internal sealed record ExplainedKey(IReadOnlyList<string> Stages, ConfigurationKey Key);
