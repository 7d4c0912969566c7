using Proximal.Tokenization.AddedTokens;
using Proximal.Tokenization.Decoders;
using Proximal.Tokenization.Models;
using Proximal.Tokenization.Normalizers;
using Proximal.Tokenization.PostProcessors;
using Proximal.Tokenization.PreTokenizers;

namespace Proximal.Tokenization;

/// <summary>What a tokenizer consists of, whatever file it came from.</summary>
internal sealed record TokenizerParts
{
    /// <summary>Makes tokens of words.</summary>
    public required ITokenModel Model { get; init; }

    /// <summary>Changes the text first.</summary>
    public INormalizer? Normalizer { get; init; }

    /// <summary>Divides it into words.</summary>
    public IPreTokenizer? PreTokenizer { get; init; }

    /// <summary>Adds special tokens.</summary>
    public IPostProcessor? PostProcessor { get; init; }

    /// <summary>Makes text of tokens; without one they are joined by spaces.</summary>
    public ITokenDecoder? Decoder { get; init; }

    /// <summary>Tokens that are found before everything else.</summary>
    public IReadOnlyList<AddedToken> AddedTokens { get; init; } = [];
}
