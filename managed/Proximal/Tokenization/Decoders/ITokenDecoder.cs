namespace Proximal.Tokenization.Decoders;

/// <summary>One step from tokens back to text; the text is the concatenation of what the last step returns. Immutable.</summary>
internal interface ITokenDecoder
{
    /// <summary>Changes the tokens; may change the list that it is given.</summary>
    List<string> Decode(List<string> tokens);
}
