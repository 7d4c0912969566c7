using Proximal.Tokenization;

namespace Proximal.Data.Checking;

/// <summary>Counts the tokens of rows as a model gets them, and finds those that do not fit.</summary>
internal sealed class TokenCheck
{
    private readonly RowFields _fields;
    private readonly ProblemList _problems;
    private readonly Tokenizer _tokenizer;
    private readonly SequenceEncoder _encoder;
    private readonly LengthCounts[] _lengths;
    private readonly int? _max;
    private long _rows;
    private long _tooLong;
    private long _noRoom;
    private long _equalOnceCut;

    public TokenCheck(RowFields fields, ProblemList problems, Tokenizer tokenizer, SequenceLimits? limits)
    {
        _fields = fields;
        _problems = problems;
        _tokenizer = tokenizer;
        _max = limits?.MaxTokens;
        _encoder = new SequenceEncoder(tokenizer, limits ?? new SequenceLimits { MaxTokens = int.MaxValue });
        _lengths = [.. fields.Roles.Select(_ => new LengthCounts())];
    }

    /// <summary>Lengths of a role's texts.</summary>
    public LengthSummary? Lengths(int role) => _lengths[role].Summary();

    /// <summary>How the rows fit; <see langword="null"/>: any length does.</summary>
    public DataTokenReport? Report() => _max is { } max ? new DataTokenReport(max, _rows, _tooLong, _noRoom, _equalOnceCut) : null;

    /// <summary>Looks at a row; false when it comes to nothing that can be learned.</summary>
    public bool Add(CheckedRow row, LengthRules rules)
    {
        _rows++;
        bool hasPrompt = _fields.Roles[0] == Role.Prompt && row.Texts[0] is not null;
        int prompt = hasPrompt ? Count(0, _tokenizer.Encode(row.Texts[0]!)) : 0;
        int first = _fields.Roles[0] == Role.Prompt ? 1 : 0;
        bool teaches = true;
        int longest = prompt;
        var sequences = new List<int[]>();
        for (int i = first; i < row.Texts.Length; i++)
        {
            (int[] tokens, int shared) = _encoder.Whole(hasPrompt ? row.Texts[0] : null, row.Texts[i]!, out bool has);
            sequences.Add(tokens);
            longest = Math.Max(longest, Count(i, tokens));
            prompt = Math.Max(prompt, shared);
            teaches &= has || Untaught(row, i);
        }

        if (sequences.Count == 2 && !row.IsIdentical)
        {
            rules.Add(TextMeasures.TokenUnit, row.Split, sequences[0].Length, sequences[1].Length);
        }

        if (_max is { } max)
        {
            Fit(row, prompt, longest, sequences, max);
        }

        return teaches;
    }

    private int Count(int role, int[] tokens)
    {
        _lengths[role].Add(tokens.Length);
        return tokens.Length;
    }

    private bool Untaught(CheckedRow row, int role)
    {
        string field = _fields[_fields.Roles[role]];
        _problems.Add(DataProblemKind.NoTokens, row.Place, field, $"the field '{field}' comes to no token to learn: give it a longer text or drop the row");
        return false;
    }

    private void Fit(CheckedRow row, int prompt, int longest, List<int[]> sequences, int max)
    {
        string field = _fields[_fields.Roles[0]];
        if (prompt >= max)
        {
            _noRoom++;
            _problems.Add(DataProblemKind.NoRoom, row.Place, field, $"the prompt has {prompt} tokens, which leaves no room in {max}: shorten it or drop the row");
        }
        else if (longest > max)
        {
            _tooLong++;
            _problems.Add(
                DataProblemKind.TooLong, row.Place, null, $"the row comes to {longest} tokens, more than {max}: shorten it, or set too_long to drop or cut");
        }

        if (sequences.Count == 2 && longest > max && !row.IsIdentical && Cut(sequences[0], max).SequenceEqual(Cut(sequences[1], max)))
        {
            _equalOnceCut++;
            _problems.Add(
                DataProblemKind.EqualOnceCut, row.Place, null, $"both answers are the same in the first {max} tokens, and a run that cuts leaves the pair out: shorten the row");
        }
    }

    private static ReadOnlySpan<int> Cut(int[] tokens, int max) => tokens.AsSpan(0, Math.Min(tokens.Length, max));
}
