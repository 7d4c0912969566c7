namespace Proximal.Tokenization.PreTokenizers;

/// <summary>What becomes of a delimiter.</summary>
internal enum SplitBehavior
{
    /// <summary>It is dropped.</summary>
    Removed,

    /// <summary>It is a word of its own.</summary>
    Isolated,

    /// <summary>It ends the word before it.</summary>
    MergedWithPrevious,

    /// <summary>It begins the word after it.</summary>
    MergedWithNext,

    /// <summary>Neighbouring delimiters are one word.</summary>
    Contiguous,
}
