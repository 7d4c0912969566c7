namespace Proximal.Tokenization.Loading;

/// <summary>What a SentencePiece piece is; the values are the format's.</summary>
internal enum SentencePieceKind
{
    /// <summary>Text.</summary>
    Normal = 1,

    /// <summary>Stands for what no piece spells.</summary>
    Unknown = 2,

    /// <summary>A mark such as the end of a sequence; no text gives it.</summary>
    Control = 3,

    /// <summary>Text that is never divided.</summary>
    UserDefined = 4,

    /// <summary>Not in use.</summary>
    Unused = 5,

    /// <summary>A byte.</summary>
    Byte = 6,
}
