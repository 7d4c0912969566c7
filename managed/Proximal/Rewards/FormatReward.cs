using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Proximal.Internal;

namespace Proximal.Rewards;

/// <summary>Whether a response has a form: one score where a regular expression matches, another where it does not.</summary>
/// <remarks>
/// The expression is matched without backtracking, in time linear in the response, so that no response can stall a run;
/// lookaround, back-references and atomic groups do not exist there. Options within it work: <c>(?i)</c> ignores case, with
/// <c>(?s)</c> a dot matches line ends too.
/// </remarks>
public sealed class FormatReward : IReward
{
    /// <summary>The name when none is given.</summary>
    public const string DefaultName = "format";

    private readonly Regex _pattern;
    private readonly float _match;
    private readonly float _miss;

    /// <summary>Makes the reward.</summary>
    /// <param name="pattern">The regular expression.</param>
    /// <param name="full">The whole response has to match; otherwise any part of it.</param>
    /// <param name="matchScore">The score of a response that matches; finite.</param>
    /// <param name="missScore">The score of one that does not; finite.</param>
    /// <param name="name">The name of its curve.</param>
    /// <exception cref="ArgumentException">An argument cannot be used; the text says why.</exception>
    public FormatReward(
        string pattern, bool full = false, double matchScore = 1, double missScore = 0, string name = DefaultName)
    {
        RewardRunner.CheckName(name);
        _pattern = LinearPattern.Compile(pattern, full);
        _match = FiniteScore(matchScore);
        _miss = FiniteScore(missScore);
        Name = name;
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public ValueTask<RewardResult> ScoreAsync(RewardBatch batch, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(batch);
        float[] scores = [.. batch.Rows.Select(row => _pattern.IsMatch(row.ResponseText) ? _match : _miss)];
        return ValueTask.FromResult(new RewardResult { Scores = scores });
    }

    /// <summary>A score that is finite as a float too.</summary>
    internal static float FiniteScore(double score, [CallerArgumentExpression(nameof(score))] string name = "")
    {
        Require.Finite((float)score, name);
        return (float)score;
    }
}
