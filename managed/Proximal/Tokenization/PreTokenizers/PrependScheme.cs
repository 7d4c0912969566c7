namespace Proximal.Tokenization.PreTokenizers;

/// <summary>Where Metaspace puts a replacement in front.</summary>
internal enum PrependScheme
{
    /// <summary>Nowhere.</summary>
    Never,

    /// <summary>Only at the start of the text.</summary>
    First,

    /// <summary>At the start of every stretch between added tokens.</summary>
    Always,
}
