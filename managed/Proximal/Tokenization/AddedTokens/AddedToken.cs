namespace Proximal.Tokenization.AddedTokens;

/// <summary>A token that is found in the text before anything else happens to it.</summary>
internal sealed record AddedToken
{
    /// <summary>The longest content that is accepted; bounds the work at each place of a text.</summary>
    public const int LongestContent = 2048;

    /// <summary>Its id.</summary>
    public required int Id { get; init; }

    /// <summary>Its text.</summary>
    public required string Content { get; init; }

    /// <summary>Whether decoding can leave it out.</summary>
    public bool IsSpecial { get; init; }

    /// <summary>Whether it must not touch word characters.</summary>
    public bool SingleWord { get; init; }

    /// <summary>Whether it swallows white space on its left.</summary>
    public bool StripLeft { get; init; }

    /// <summary>Whether it swallows white space on its right.</summary>
    public bool StripRight { get; init; }

    /// <summary>Whether its normalised form is looked for in the normalised text.</summary>
    public bool Normalized { get; init; }

    /// <summary>The form to look for in the normalised text, where it is not what the normaliser makes of the content.</summary>
    public string? NormalizedForm { get; init; }
}
