namespace Proximal.Data.Sources;

/// <summary>Which files of text may stand where rows are read.</summary>
internal enum TextFiles
{
    /// <summary>None: only rows have the fields that are wanted.</summary>
    None,

    /// <summary>Those that end in .txt.</summary>
    Txt,

    /// <summary>Whatever is named; of a folder those that end in .txt.</summary>
    Any,
}
