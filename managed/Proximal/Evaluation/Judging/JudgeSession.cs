using Proximal.Internal;

namespace Proximal.Evaluation.Judging;

/// <summary>Hands out the pairs of an evaluation, blind and in random order, and keeps the votes on them.</summary>
/// <remarks>Which response stands first is drawn for each pair. A session that is opened again goes on with what is open.</remarks>
public sealed class JudgeSession
{
    private const ulong OrderStream = 0;
    private const ulong SideStream = 1;

    private readonly VoteFile _file;
    private readonly TimeProvider _time;
    private readonly IReadOnlyList<BlindPair> _pairs;

    /// <summary>Opens a session.</summary>
    /// <param name="pairs">The pairs of an evaluation.</param>
    /// <param name="file">Where votes are kept; it stays the caller's.</param>
    /// <param name="questions">What is asked of each pair; at least one.</param>
    /// <param name="seed">Decides the order of pairs and sides.</param>
    /// <param name="time">Stamps the votes.</param>
    public JudgeSession(
        IReadOnlyList<EvaluationPair> pairs, VoteFile file, IReadOnlyList<JudgeQuestion> questions, ulong seed, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(pairs);
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(questions);
        _file = file;
        _time = time ?? TimeProvider.System;
        Questions = questions;
        EvaluationPair[] different = [.. pairs.Where(pair => pair.Baseline.Text != pair.Model.Text)];
        Identical = pairs.Count - different.Length;
        var sides = new RandomStream(seed, SideStream);
        BlindPair[] blind = [.. different.Select(pair => new BlindPair(pair, modelFirst: (sides.NextUInt64() & 1) != 0))];
        _pairs = [.. new RandomStream(seed, OrderStream).Permutation(blind.Length).Select(index => blind[index])];
    }

    /// <summary>What is asked of each pair.</summary>
    public IReadOnlyList<JudgeQuestion> Questions { get; }

    /// <summary>Pairs that are shown.</summary>
    public int Pairs => _pairs.Count;

    /// <summary>Pairs of two equal texts, which are not shown and not counted.</summary>
    public int Identical { get; }

    /// <summary>Pairs on which every question is answered.</summary>
    public int Done => _pairs.Count(pair => !OpenQuestions(pair).Any());

    /// <summary>What the votes come to, question by question.</summary>
    public IEnumerable<Preference> Preferences => Questions.Select(question => Preference.Of(question, _file.Votes));

    /// <summary>The pairs that have open questions, in the order in which they are shown.</summary>
    public IEnumerable<BlindPair> Open => _pairs.Where(pair => OpenQuestions(pair).Any());

    /// <summary>The questions on a pair that have no vote yet.</summary>
    /// <param name="pair">A pair of this session.</param>
    public IEnumerable<JudgeQuestion> OpenQuestions(BlindPair pair)
    {
        ArgumentNullException.ThrowIfNull(pair);
        return Questions.Where(question => !_file.Votes.Any(vote => vote.Question == question && (vote.Prompt, vote.Sample) == pair.Id));
    }

    /// <summary>Keeps an answer.</summary>
    /// <param name="pair">A pair of this session.</param>
    /// <param name="question">What was asked.</param>
    /// <param name="preferred">1: the first response; 2: the second; 0: neither.</param>
    public void Vote(BlindPair pair, JudgeQuestion question, int preferred)
    {
        ArgumentNullException.ThrowIfNull(pair);
        ArgumentOutOfRangeException.ThrowIfNegative(preferred);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(preferred, 2);
        _file.Add(pair.Decide(question, preferred, _time.GetUtcNow()));
    }
}
