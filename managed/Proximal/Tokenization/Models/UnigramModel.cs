using System.Text;

namespace Proximal.Tokenization.Models;

/// <summary>The most probable division into pieces (Viterbi). Source: Kudo 2018 (1804.10959), with SentencePiece's details.</summary>
internal sealed class UnigramModel : ITokenModel
{
    /// <summary>The score of a piece that no text gives.</summary>
    public const double Excluded = double.NegativeInfinity;

    // An unknown character scores this much less than the rarest piece.
    private const double UnknownPenalty = 10;

    private readonly double[] _scores;
    private readonly int _unknownId;
    private readonly int[] _byteTokens;
    private readonly double _unknownScore;
    private readonly CharacterTrie _trie = new();
    private readonly WordCache _words = new();

    /// <summary>Makes a model.</summary>
    /// <param name="vocabulary">Pieces.</param>
    /// <param name="scores">Per id the log-probability, or <see cref="Excluded"/>.</param>
    /// <param name="unknownId">The id for unknown characters; -1: they make <see cref="Encode"/> fail.</param>
    /// <param name="byteFallback">Whether unknown characters become byte tokens.</param>
    public UnigramModel(Vocabulary vocabulary, double[] scores, int unknownId, bool byteFallback)
    {
        Vocabulary = vocabulary;
        _scores = scores;
        _unknownId = unknownId;
        _byteTokens = byteFallback ? ByteTokens.Find(vocabulary) : [];
        _unknownScore = scores.Where(score => score > Excluded).DefaultIfEmpty(0).Min() - UnknownPenalty;
        foreach ((string piece, int id) in vocabulary.Tokens.Where(piece => scores[piece.Value] > Excluded))
        {
            _trie.Add(piece, id);
        }
    }

    private struct Node
    {
        public double Score;
        public int Start;
        public int Id;
    }

    /// <inheritdoc/>
    public Vocabulary Vocabulary { get; }

    /// <inheritdoc/>
    public void Encode(ReadOnlySpan<char> word, List<int> ids, List<TokenSpan>? spans)
    {
        if (_words.TryAppend(word, ids, spans))
        {
            return;
        }

        Node[] best = FindBest(word);
        List<int> found = [];
        List<TokenSpan> places = [];
        int bytes = 0;
        foreach ((int start, int end, int id) in Trace(best))
        {
            AddPiece(word[start..end], id, ref bytes, found, places);
        }

        _words.Remember(
            word,
            System.Runtime.InteropServices.CollectionsMarshal.AsSpan(found),
            System.Runtime.InteropServices.CollectionsMarshal.AsSpan(places));
        ids.AddRange(found);
        spans?.AddRange(places);
    }

    /// <summary>Per end of a prefix the best last piece.</summary>
    private Node[] FindBest(ReadOnlySpan<char> word)
    {
        Node[] best = new Node[word.Length + 1];
        Array.Fill(best, new Node { Start = -1 });
        best[0].Start = 0;
        for (int start = 0; start < word.Length;)
        {
            int units = char.IsHighSurrogate(word[start]) && start + 1 < word.Length ? 2 : 1;
            bool single = false;
            int node = CharacterTrie.Root;
            for (int i = start; i < word.Length && (node = _trie.Next(node, word[i])) >= 0; i++)
            {
                int id = _trie.Value(node);
                if (id >= 0)
                {
                    Offer(ref best[i + 1], best[start].Score + _scores[id], start, id);
                    single |= i + 1 == start + units;
                }
            }

            if (!single)
            {
                Offer(ref best[start + units], best[start].Score + _unknownScore, start, UnknownId());
            }

            start += units;
        }

        return best;
    }

    private int UnknownId() => _unknownId >= 0
        ? _unknownId
        : throw new InvalidOperationException(
            "The text has a character that the Unigram vocabulary lacks, and its tokenizer.json names no unk_id. Add one.");

    private static void Offer(ref Node node, double score, int start, int id)
    {
        if (node.Start < 0 || score > node.Score)
        {
            node = new Node { Score = score, Start = start, Id = id };
        }
    }

    /// <summary>The pieces in order; neighbouring unknown ones are one.</summary>
    private List<(int Start, int End, int Id)> Trace(Node[] best)
    {
        List<(int Start, int End, int Id)> pieces = [];
        for (int end = best.Length - 1; end > 0; end = best[end].Start)
        {
            bool fuses = best[end].Id == _unknownId && pieces.Count > 0 && pieces[^1].Id == _unknownId;
            if (fuses)
            {
                pieces[^1] = (best[end].Start, pieces[^1].End, _unknownId);
            }
            else
            {
                pieces.Add((best[end].Start, end, best[end].Id));
            }
        }

        pieces.Reverse();
        return pieces;
    }

    private void AddPiece(ReadOnlySpan<char> piece, int id, ref int bytes, List<int> ids, List<TokenSpan> spans)
    {
        int length = Encoding.UTF8.GetByteCount(piece);
        TokenSpan span = new(bytes, bytes + length);
        bytes += length;
        int known = id == _unknownId ? Vocabulary.IdOf(piece) : id;
        byte[] spelled = known < 0 && _byteTokens.Length > 0 ? Encoding.UTF8.GetBytes(piece.ToString()) : [];
        if (spelled.Length > 0 && Array.TrueForAll(spelled, value => _byteTokens[value] >= 0))
        {
            ids.AddRange(spelled.Select(value => _byteTokens[value]));
            spans.AddRange(Enumerable.Repeat(span, spelled.Length));
            return;
        }

        ids.Add(known >= 0 ? known : id);
        spans.Add(span);
    }
}
