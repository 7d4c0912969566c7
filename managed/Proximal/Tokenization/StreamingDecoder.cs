namespace Proximal.Tokenization;

/// <summary>Decodes ids as they come and hands text out once it can no longer change. One thread at a time.</summary>
/// <remarks>
/// The rule is that of Hugging Face's DecodeStream: text that ends in U+FFFD may be half a character and waits for more.
/// For ids that encode a text, the parts and the end joined are <see cref="Tokenizer.Decode"/> of all ids. Ids that no text
/// gives can make bytes invalid that were handed out already; then what waited is decoded by itself.
/// </remarks>
public sealed class StreamingDecoder
{
    private const char Replacement = '\uFFFD';

    private readonly Tokenizer _tokenizer;
    private readonly bool _skipSpecialTokens;
    private readonly List<int> _ids = []; // those of the last part handed out and those that wait
    private string _shown = ""; // the text of the first _shownIds ids, which was handed out
    private int _shownIds;

    internal StreamingDecoder(Tokenizer tokenizer, bool skipSpecialTokens)
    {
        _tokenizer = tokenizer;
        _skipSpecialTokens = skipSpecialTokens;
    }

    /// <summary>Takes the next id.</summary>
    /// <param name="id">The id, at least 0.</param>
    /// <returns>New text, or <see langword="null"/> while none is complete.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The id is negative.</exception>
    public string? Add(int id)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(id);
        Anchor();
        _ids.Add(id);
        string text = Decode(0);
        if (IsOpen(text) || text.Length <= _shown.Length)
        {
            return null;
        }

        string part = text.StartsWith(_shown, StringComparison.Ordinal) ? text[_shown.Length..] : Decode(_shownIds);
        _ids.RemoveRange(0, _shownIds);
        _shownIds = _ids.Count;
        _shown = Decode(0);
        return part;
    }

    /// <summary>Ends the stream and starts the next one.</summary>
    /// <returns>What still waited, incomplete characters as U+FFFD; <see langword="null"/> if nothing did.</returns>
    public string? Finish()
    {
        Anchor();
        string text = Decode(0);
        string rest = text.StartsWith(_shown, StringComparison.Ordinal) ? text[_shown.Length..] : Decode(_shownIds);
        _ids.Clear();
        _shown = "";
        _shownIds = 0;
        return rest.Length > 0 ? rest : null;
    }

    /// <summary>Where nothing was shown, leading ids without text of their own become the anchor: later text is told against them.</summary>
    private void Anchor()
    {
        if (_shown.Length == 0 && _ids.Count > 0 && Decode(0) is var text && !IsOpen(text))
        {
            _shown = text;
            _shownIds = _ids.Count;
        }
    }

    private static bool IsOpen(string text) => text.Length > 0 && text[^1] == Replacement;

    private string Decode(int from) =>
        _tokenizer.Decode(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_ids)[from..], _skipSpecialTokens);
}
