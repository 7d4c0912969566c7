using System.Text;

namespace Proximal.Tokenization.Models;

/// <summary>Byte-pair encoding. Source: Sennrich et al. 2016 (1508.07909), with the options of Hugging Face's BPE.</summary>
internal sealed class BytePairEncoding : ITokenModel
{
    private const int LongestWholeToken = 256;

    private readonly MergeTable _merges;
    private readonly BytePairOptions _options;
    private readonly int[] _byteTokens;
    private readonly int[] _alphabet;
    private readonly WordCache _words = new();
    private readonly WordCache _rawWords = new();

    public BytePairEncoding(Vocabulary vocabulary, MergeTable merges, BytePairOptions options)
    {
        Vocabulary = vocabulary;
        _merges = merges;
        _options = options;
        _byteTokens = options.ByteFallback ? ByteTokens.Find(vocabulary) : [];
        _alphabet = [.. Enumerable.Range(0, 256).Select(value => vocabulary.IdOf([ByteAlphabet.CharacterOf((byte)value)]))];
    }

    /// <inheritdoc/>
    public Vocabulary Vocabulary { get; }

    /// <summary>Whether <see cref="EncodeRaw"/> gives what mapping to the byte alphabet and <see cref="Encode"/> give.</summary>
    public bool CanEncodeRaw =>
        _options is { UnknownId: < 0, ByteFallback: false, ContinuingPrefix: "", EndSuffix: "" };

    /// <inheritdoc/>
    public void Encode(ReadOnlySpan<char> word, List<int> ids, List<TokenSpan>? spans)
    {
        if (_words.TryAppend(word, ids, spans))
        {
            return;
        }

        MergeWork work = MergeWork.Rent();
        if (_options.IgnoreMerges && Vocabulary.IdOf(word) is >= 0 and int whole)
        {
            work.Add(whole, Encoding.UTF8.GetByteCount(word));
        }
        else
        {
            AddSymbols(work, word);
            work.Merge(_merges);
        }

        List<TokenSpan> found = new(work.Count);
        work.AppendSpans(found);
        _words.Remember(word, work.Ids, System.Runtime.InteropServices.CollectionsMarshal.AsSpan(found));
        ids.AddRange(work.Ids);
        spans?.AddRange(found);
    }

    /// <summary>Appends the tokens of a word that is not yet mapped to the byte alphabet.</summary>
    public void EncodeRaw(ReadOnlySpan<char> word, List<int> ids)
    {
        if (_rawWords.TryAppend(word, ids, null))
        {
            return;
        }

        int length = Encoding.UTF8.GetByteCount(word);
        Span<byte> bytes = length <= LongestWholeToken ? stackalloc byte[length] : new byte[length];
        Encoding.UTF8.GetBytes(word, bytes);
        MergeWork work = MergeWork.Rent();
        if (_options.IgnoreMerges && WholeWord(bytes) is >= 0 and int whole)
        {
            work.Add(whole, length);
        }
        else
        {
            AddBytes(work, bytes);
            work.Merge(_merges);
        }

        _rawWords.Remember(word, work.Ids, []);
        ids.AddRange(work.Ids);
    }

    private void AddBytes(MergeWork work, ReadOnlySpan<byte> bytes)
    {
        foreach (byte value in bytes)
        {
            if (_alphabet[value] >= 0)
            {
                work.Add(_alphabet[value], 1);
            }
        }
    }

    private int WholeWord(ReadOnlySpan<byte> bytes)
    {
        Span<char> mapped = bytes.Length <= LongestWholeToken ? stackalloc char[bytes.Length] : new char[bytes.Length];
        for (int i = 0; i < bytes.Length; i++)
        {
            mapped[i] = ByteAlphabet.CharacterOf(bytes[i]);
        }

        return Vocabulary.IdOf(mapped);
    }

    private void AddSymbols(MergeWork work, ReadOnlySpan<char> word)
    {
        int unknownBytes = 0;
        for (int i = 0; i < word.Length;)
        {
            int units = char.IsHighSurrogate(word[i]) && i + 1 < word.Length ? 2 : 1;
            ReadOnlySpan<char> character = word.Slice(i, units);
            int bytes = Encoding.UTF8.GetByteCount(character);
            int id = SymbolOf(character, first: i == 0, last: i + units == word.Length);
            if (id >= 0)
            {
                FlushUnknown(work, ref unknownBytes);
                work.Add(id, bytes);
            }
            else if (!TryAddBytes(work, character) && _options.UnknownId >= 0)
            {
                if (!_options.FuseUnknown)
                {
                    FlushUnknown(work, ref unknownBytes);
                }

                unknownBytes += bytes;
            }

            i += units;
        }

        FlushUnknown(work, ref unknownBytes);
    }

    private void FlushUnknown(MergeWork work, ref int unknownBytes)
    {
        if (unknownBytes > 0)
        {
            work.Add(_options.UnknownId, unknownBytes);
            unknownBytes = 0;
        }
    }

    private int SymbolOf(ReadOnlySpan<char> character, bool first, bool last)
    {
        string prefix = first ? "" : _options.ContinuingPrefix;
        string suffix = last ? _options.EndSuffix : "";
        return prefix.Length + suffix.Length == 0 ? Vocabulary.IdOf(character) : Vocabulary.IdOf($"{prefix}{character}{suffix}");
    }

    private bool TryAddBytes(MergeWork work, ReadOnlySpan<char> character)
    {
        if (!_options.ByteFallback)
        {
            return false;
        }

        Span<byte> bytes = stackalloc byte[4];
        bytes = bytes[..Encoding.UTF8.GetBytes(character, bytes)];
        foreach (byte value in bytes)
        {
            if (_byteTokens[value] < 0)
            {
                return false;
            }
        }

        foreach (byte value in bytes)
        {
            work.Add(_byteTokens[value], 1);
        }

        return true;
    }
}
