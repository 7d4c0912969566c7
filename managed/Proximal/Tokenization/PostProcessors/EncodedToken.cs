namespace Proximal.Tokenization.PostProcessors;

/// <summary>A token with its place.</summary>
/// <param name="Id">The id.</param>
/// <param name="Text">The token's text in the vocabulary; of an added token what it matched.</param>
/// <param name="Start">The first code point of the original.</param>
/// <param name="End">The code point after the last.</param>
internal readonly record struct EncodedToken(int Id, string Text, int Start, int End);
