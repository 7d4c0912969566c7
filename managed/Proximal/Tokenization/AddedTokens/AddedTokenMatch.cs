namespace Proximal.Tokenization.AddedTokens;

/// <summary>A part of a text: an added token, or what stands between two.</summary>
/// <param name="Start">The first UTF-16 unit.</param>
/// <param name="End">The unit after the last.</param>
/// <param name="Token">The token, or <see langword="null"/>.</param>
internal readonly record struct AddedTokenMatch(int Start, int End, AddedToken? Token);
