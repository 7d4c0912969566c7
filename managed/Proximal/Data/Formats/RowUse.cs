namespace Proximal.Data.Formats;

/// <summary>What rows are read for.</summary>
internal enum RowUse
{
    /// <summary>Something to learn: prompt and response, a text or a conversation.</summary>
    Examples,

    /// <summary>A better and a worse answer to a prompt.</summary>
    Preferences,

    /// <summary>Something to answer.</summary>
    Prompts,

    /// <summary>To be looked at: everything that a row holds.</summary>
    Check,
}
