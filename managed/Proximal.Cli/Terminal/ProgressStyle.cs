namespace Proximal.Cli.Terminal;

/// <summary>How progress is wanted.</summary>
internal enum ProgressStyle
{
    /// <summary>A bar where there is a terminal.</summary>
    Bar,

    /// <summary>Plain lines, now and then.</summary>
    Lines,

    /// <summary>Nothing.</summary>
    None,
}
