using Proximal.ChatTemplates;
using Proximal.Tokenization;

namespace Proximal.Data.Checking;

/// <summary>Counts the tokens of rows as a run gets them, and finds those that do not fit.</summary>
internal sealed class TokenCheck
{
    private readonly RowFields _fields;
    private readonly ProblemList _problems;
    private readonly Tokenizer _tokenizer;
    private readonly SequenceEncoder _encoder;
    private readonly ConversationEncoder _conversations;
    private readonly LengthCounts[] _lengths;
    private readonly int? _max;
    private long _rows;
    private long _tooLong;
    private long _noRoom;
    private long _equalOnceCut;

    public TokenCheck(RowFields fields, ProblemList problems, DataCheckOptions options, Tokenizer tokenizer)
    {
        _fields = fields;
        _problems = problems;
        _tokenizer = tokenizer;
        _max = options.Limits?.MaxTokens;
        _encoder = new SequenceEncoder(tokenizer, (options.Limits ?? new SequenceLimits { MaxTokens = int.MaxValue }) with { MaxTokens = int.MaxValue }, options.Chat);
        _conversations = new ConversationEncoder(options.Chat);
        _lengths = [.. fields.Roles.Select(_ => new LengthCounts())];
    }

    /// <summary>Lengths of a role's texts.</summary>
    public LengthSummary? Lengths(int role) => _lengths[role].Summary();

    /// <summary>How the rows fit; <see langword="null"/>: any length does.</summary>
    public DataTokenReport? Report() => _max is { } max ? new DataTokenReport(max, _rows, _tooLong, _noRoom, _equalOnceCut) : null;

    /// <summary>Looks at a row; false when a run would refuse it, as it comes to nothing that can be learned.</summary>
    public bool Add(CheckedRow row, LengthRules rules)
    {
        if (row.IsIdentical)
        {
            return true;
        }

        try
        {
            _rows++;
            switch (row)
            {
                case { Pair: { } pair }:
                    AddPair(row, pair, rules);
                    break;
                case { Example: { } example }:
                    AddExample(row, example);
                    break;
                default:
                    Fit(row, Count(0, row.Conversation is { } chat ? Ids(chat) : _tokenizer.Encode(row.Prompt)), 0);
                    break;
            }

            return true;
        }
        catch (DataFileException exception)
        {
            _problems.Add(DataProblemKind.NoTokens, row.Place, null, exception.What);
            return false;
        }
    }

    private void AddPair(CheckedRow row, PreferencePair pair, LengthRules rules)
    {
        // No sequence is too long for this encoder, so none is left out.
        (int[] chosen, int[] rejected) = _encoder.Encode(pair)!.Value;
        int prompt = Count(0, pair.ChosenConversation is null ? _tokenizer.Encode(pair.Prompt) : chosen[..chosen.AsSpan().CommonPrefixLength(rejected)]);
        int longest = Math.Max(Count(1, chosen), Count(2, rejected));
        rules.Add(TextMeasures.TokenUnit, row.Split, chosen.Length, rejected.Length);
        Fit(row, prompt, longest);
        int kept = _max ?? int.MaxValue;
        if (Cut(chosen, kept).SequenceEqual(Cut(rejected, kept)))
        {
            TellEqual(row, longest > kept ? $"both answers are the same in the first {kept} tokens" : "both answers come to the same tokens");
        }
    }

    private void AddExample(CheckedRow row, SftExample example)
    {
        SftExample encoded = _encoder.Encode(example)!;
        int last = _lengths.Length - 1;
        int prompt = encoded.Learned.Length == 0 ? encoded.PromptTokens : Array.IndexOf(encoded.Learned, true);
        if (last > 0 && example.Prompt is { } text)
        {
            Count(0, _tokenizer.Encode(text));
        }

        Fit(row, prompt, Count(last, encoded.Tokens));
    }

    private int[] Ids(ChatRequest conversation) => _conversations.Encode(conversation, null, null).Ids;

    private int Count(int role, int[] tokens)
    {
        _lengths[role].Add(tokens.Length);
        return tokens.Length;
    }

    private void Fit(CheckedRow row, int prompt, int longest)
    {
        if (_max is not { } max)
        {
            return;
        }

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
    }

    private void TellEqual(CheckedRow row, string what)
    {
        _equalOnceCut++;
        _problems.Add(DataProblemKind.EqualOnceCut, row.Place, null, $"{what}, and a run leaves the pair out or cuts it to that: change the answers or drop the row");
    }

    private static ReadOnlySpan<int> Cut(int[] tokens, int max) => tokens.AsSpan(0, Math.Min(tokens.Length, max));
}
