using System.Text;
using Proximal.Tokenization.AddedTokens;
using Proximal.Tokenization.Loading;
using Proximal.Tokenization.Models;
using Proximal.Tokenization.PostProcessors;
using Proximal.Tokenization.PreTokenizers;
using Proximal.Tokenization.Text;

namespace Proximal.Tokenization;

/// <summary>Turns text into token ids and back, as the model's own tokenizer does.</summary>
/// <remarks>
/// Immutable: any thread may call any method at any time. Deterministic. The behaviour is that of Hugging Face's tokenizers
/// on the same files. An unpaired surrogate in a text counts as U+FFFD.
/// </remarks>
public sealed class Tokenizer
{
    private readonly TokenizerParts _parts;
    private readonly AddedVocabulary _added;
    private readonly bool _alwaysAligned;
    private readonly BytePairEncoding? _rawModel;
    private readonly IReadOnlyList<IPreTokenizer> _steps;

    internal Tokenizer(TokenizerParts parts, SpecialTokens special)
    {
        _parts = parts;
        _added = new AddedVocabulary(parts.AddedTokens, parts.Normalizer);
        _steps = parts.PreTokenizer switch
        {
            PreTokenizerSequence sequence => sequence.Steps,
            null => [],
            IPreTokenizer single => [single],
        };
        // Metaspace may ask whether a word starts the text; after other steps only the alignment knows.
        _alwaysAligned = _steps.Any(step => step is MetaspacePreTokenizer) && (_steps.Count > 1 || parts.Normalizer is not null);
        _rawModel = _steps.Count > 0 && _steps[^1] is ByteLevelPreTokenizer
            && parts.Model is BytePairEncoding { CanEncodeRaw: true } model ? model : null;
        VocabularySize = Math.Max(parts.Model.Vocabulary.Size, _added.Size);
        (BosTokenId, EosTokenId, PadTokenId) = special.Resolve(TokenToId);
    }

    /// <summary>What it is made of.</summary>
    internal TokenizerParts Parts => _parts;

    /// <summary>What makes tokens of words, for people: byte-level BPE, BPE, Unigram, WordPiece or WordLevel.</summary>
    public string Kind => _parts.Model switch
    {
        BytePairEncoding => _rawModel is null ? "BPE" : "byte-level BPE",
        UnigramModel => "Unigram",
        WordPieceModel => "WordPiece",
        _ => "WordLevel",
    };

    /// <summary>The largest id plus one: ids lie below it. A model's own vocabulary may be larger (padding).</summary>
    public int VocabularySize { get; }

    /// <summary>The token that begins a sequence, as the files beside the tokenizer name it.</summary>
    public int? BosTokenId { get; }

    /// <summary>The token that ends a sequence, as the files beside the tokenizer name it.</summary>
    public int? EosTokenId { get; }

    /// <summary>The token that fills rows up, as the files beside the tokenizer name it.</summary>
    public int? PadTokenId { get; }

    /// <summary>Whether <see cref="Load"/> finds a tokenizer's files in a folder, or a file is a .gguf file.</summary>
    /// <param name="path">A folder or file.</param>
    public static bool IsAt(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return TokenizerLoader.IsAt(path);
    }

    /// <summary>Loads a tokenizer.</summary>
    /// <param name="path">
    /// A folder with tokenizer.json, or vocab.json and merges.txt, or tokenizer.model, or a .gguf file (taken in this order);
    /// or one of these files. A .gguf file says everything itself; else tokenizer_config.json and generation_config.json
    /// beside it name the special tokens.
    /// </param>
    /// <exception cref="TokenizerException">A file is missing, damaged or asks for what this version does not do.</exception>
    public static Tokenizer Load(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return TokenizerLoader.Load(path);
    }

    /// <summary>The id of a token, as the vocabulary spells it; <see langword="null"/> when there is none.</summary>
    /// <param name="token">The token.</param>
    public int? TokenToId(string token)
    {
        ArgumentNullException.ThrowIfNull(token);
        int id = _added.Find(token)?.Id ?? _parts.Model.Vocabulary.IdOf(token);
        return id >= 0 ? id : null;
    }

    /// <summary>The token of an id, as the vocabulary spells it; <see langword="null"/> when there is none.</summary>
    /// <param name="id">The id.</param>
    public string? IdToToken(int id) => _added.Find(id)?.Content ?? _parts.Model.Vocabulary.TokenOf(id);

    /// <summary>Whether an id is a special token's: one that decoding can leave out.</summary>
    /// <param name="id">The id.</param>
    public bool IsSpecial(int id) => _added.Find(id) is { IsSpecial: true };

    /// <summary>Turns text into ids.</summary>
    /// <param name="text">The text; added tokens in it are recognised.</param>
    /// <param name="addSpecialTokens">Whether to add what the model expects around a text, such as a begin token.</param>
    public int[] Encode(string text, bool addSpecialTokens = true)
    {
        ArgumentNullException.ThrowIfNull(text);
        AlignedText original = AlignedText.Original(WithoutLoneSurrogates(text), _alwaysAligned);
        List<int> ids = new((text.Length / 3) + 4);
        List<Piece> words = [];
        _added.Divide(original, _parts.Normalizer, (part, token) =>
        {
            if (token is not null)
            {
                ids.Add(token.Id);
                return;
            }

            words.Clear();
            SplitWords(part, words, raw: _rawModel is not null);
            foreach (Piece word in words)
            {
                Encode(word.Span, ids);
            }
        });
        return [.. addSpecialTokens && _parts.PostProcessor is { } post ? post.Frame(ids, id => id) : ids];
    }

    /// <summary>Turns texts into ids, on all cores.</summary>
    /// <param name="texts">The texts.</param>
    /// <param name="addSpecialTokens">As for <see cref="Encode(string, bool)"/>.</param>
    /// <returns>Per text its ids, as <see cref="Encode(string, bool)"/> gives them.</returns>
    public int[][] EncodeBatch(IReadOnlyList<string> texts, bool addSpecialTokens = true)
    {
        ArgumentNullException.ThrowIfNull(texts);
        for (int i = 0; i < texts.Count; i++)
        {
            if (texts[i] is null)
            {
                throw new ArgumentException($"Text {i} is null.", nameof(texts));
            }
        }

        int[][] result = new int[texts.Count][];
        Parallel.For(0, texts.Count, i => result[i] = Encode(texts[i], addSpecialTokens));
        return result;
    }

    /// <summary>Turns text into ids and says where each stands.</summary>
    /// <param name="text">The text; added tokens in it are recognised.</param>
    /// <param name="addSpecialTokens">As for <see cref="Encode(string, bool)"/>.</param>
    /// <returns>The ids of <see cref="Encode(string, bool)"/>, with offsets in code points of the text.</returns>
    public TokenEncoding EncodeWithOffsets(string text, bool addSpecialTokens = true)
    {
        ArgumentNullException.ThrowIfNull(text);
        AlignedText original = AlignedText.Original(WithoutLoneSurrogates(text), aligned: true);
        List<EncodedToken> tokens = [];
        OffsetEncoder encoder = new(_parts.Model);
        _added.Divide(original, _parts.Normalizer, (part, token) =>
        {
            if (token is not null)
            {
                OffsetEncoder.AddWhole(part, token.Id, tokens);
                return;
            }

            List<Piece> words = [];
            SplitWords(part, words, raw: false);
            words.ForEach(word => encoder.Encode(word, tokens));
        });
        _parts.PostProcessor?.Trim(tokens);
        if (addSpecialTokens && _parts.PostProcessor is { } post)
        {
            tokens = post.Frame(tokens, id => new EncodedToken(id, "", 0, 0));
        }

        return new TokenEncoding(
            [.. tokens.Select(token => token.Id)], [.. tokens.Select(token => new TokenOffset(token.Start, token.End))]);
    }

    /// <summary>Turns ids into text.</summary>
    /// <param name="ids">The ids, at least 0; one that the vocabulary lacks (models pad theirs) gives nothing.</param>
    /// <param name="skipSpecialTokens">Whether to leave special tokens out.</param>
    /// <exception cref="ArgumentOutOfRangeException">An id is negative.</exception>
    public string Decode(ReadOnlySpan<int> ids, bool skipSpecialTokens = true)
    {
        List<string> tokens = new(ids.Length);
        foreach (int id in ids)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(id, nameof(ids));
            string? token = _added.DecodedForm(id) ?? _parts.Model.Vocabulary.TokenOf(id);
            if (token is not null && !(skipSpecialTokens && _added.IsSpecial(token)))
            {
                tokens.Add(token);
            }
        }

        return _parts.Decoder is null ? string.Join(' ', tokens) : string.Concat(_parts.Decoder.Decode(tokens));
    }

    /// <summary>Appends the words of a text as a byte-level model gets them, not yet mapped to the byte alphabet; added tokens are text too.</summary>
    internal void AppendWords(string text, List<Piece> words)
    {
        AlignedText original = AlignedText.Original(WithoutLoneSurrogates(text), _alwaysAligned);
        SplitWords(_parts.Normalizer?.Normalize(original) ?? original, words, raw: true);
    }

    /// <summary>Makes a decoder for ids that come one by one.</summary>
    /// <param name="skipSpecialTokens">Whether to leave special tokens out.</param>
    public StreamingDecoder CreateDecodeStream(bool skipSpecialTokens = true) => new(this, skipSpecialTokens);

    private void Encode(ReadOnlySpan<char> word, List<int> ids)
    {
        if (_rawModel is not null)
        {
            _rawModel.EncodeRaw(word, ids);
        }
        else
        {
            _parts.Model.Encode(word, ids, null);
        }
    }

    /// <summary>Appends the words of a stretch; raw: without the last step's mapping to the byte alphabet.</summary>
    private void SplitWords(AlignedText text, List<Piece> words, bool raw)
    {
        if (text.Text.Length == 0)
        {
            return;
        }

        if (_steps.Count == 0)
        {
            words.Add(new Piece(text));
            return;
        }

        List<Piece> current = [new Piece(text)];
        for (int i = 0; i < _steps.Count; i++)
        {
            bool last = i + 1 == _steps.Count;
            List<Piece> next = last ? words : [];
            foreach (Piece piece in current)
            {
                if (last && raw)
                {
                    ((ByteLevelPreTokenizer)_steps[i]).SplitRaw(piece, next);
                }
                else
                {
                    _steps[i].Split(piece, next);
                }
            }

            current = next;
        }
    }

    private static string WithoutLoneSurrogates(string text)
    {
        if (text.AsSpan().IndexOfAnyInRange('\uD800', '\uDFFF') < 0)
        {
            return text;
        }

        StringBuilder result = new(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
        {
            result.Append(rune.ToString());
        }

        return result.ToString();
    }
}
