using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Proximal.Rewards;

/// <summary>Whether a response comes to the answer that its prompt's row holds.</summary>
/// <remarks>
/// The response's answer is what <see cref="FinalAnswer"/> finds, or the last match of a regular expression: its first group,
/// or all of it where it has none. The row's answer is a number or a text; of a text with <c>####</c> it is what follows,
/// so that GSM8K's rows work as they are. Both are compared as <see cref="FinalAnswer.AreSame"/> says. A response without
/// an answer misses.
/// </remarks>
public sealed class ExactAnswerReward : IReward
{
    /// <summary>The name when none is given.</summary>
    public const string DefaultName = "exact_answer";

    /// <summary>The field of the prompt's row when no other is named.</summary>
    public const string DefaultField = "answer";

    private readonly Regex? _pattern;
    private readonly float _match;
    private readonly float _miss;

    /// <summary>Makes the reward.</summary>
    /// <param name="field">The field of the prompt's row that holds the answer; of one within another: <c>reward_model.ground_truth</c>.</param>
    /// <param name="pattern">
    /// Finds the answer of a response: .NET syntax without lookaround, back-references and atomic groups;
    /// <see langword="null"/>: <see cref="FinalAnswer"/> does.
    /// </param>
    /// <param name="matchScore">The score of the right answer; finite.</param>
    /// <param name="missScore">The score of another one, and of none; finite.</param>
    /// <param name="name">The name of its curve.</param>
    /// <exception cref="ArgumentException">An argument cannot be used; the text says why.</exception>
    public ExactAnswerReward(
        string field = DefaultField,
        string? pattern = null,
        double matchScore = 1,
        double missScore = 0,
        string name = DefaultName)
    {
        ArgumentException.ThrowIfNullOrEmpty(field);
        RewardRunner.CheckName(name);
        _pattern = pattern is null ? null : LinearPattern.Compile(pattern);
        _match = FormatReward.FiniteScore(matchScore);
        _miss = FormatReward.FiniteScore(missScore);
        Field = field;
        Name = name;
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <summary>The field of the prompt's row that holds the answer.</summary>
    public string Field { get; }

    /// <inheritdoc/>
    /// <exception cref="RewardException">A prompt's row has no answer; the text names the row.</exception>
    public ValueTask<RewardResult> ScoreAsync(RewardBatch batch, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(batch);
        float[] scores = new float[batch.Count];
        for (int row = 0; row < scores.Length; row++)
        {
            string expected = Expected(batch, row);
            string? found = Find(batch.Rows[row].ResponseText);
            scores[row] = found is not null && FinalAnswer.AreSame(found, expected) ? _match : _miss;
        }

        return ValueTask.FromResult(new RewardResult { Scores = scores });
    }

    private string? Find(string response)
    {
        if (_pattern is null)
        {
            return FinalAnswer.Find(response);
        }

        Match? last = _pattern.Matches(response).LastOrDefault();
        return last?.Groups[last.Groups.Count > 1 ? 1 : 0].Value;
    }

    private string Expected(RewardBatch batch, int row)
    {
        if (batch.Rows[row].Metadata is not { ValueKind: JsonValueKind.Object } metadata)
        {
            throw NoAnswer(batch, row, $"the prompt has no fields: give prompts as .jsonl rows with a field '{Field}'");
        }

        if (RowField.Find(metadata, Field) is not { } answer)
        {
            string fields = string.Join(", ", metadata.EnumerateObject().Select(property => $"'{property.Name}'"));
            throw NoAnswer(batch, row, $"the prompt's row has no field '{Field}' (it has {fields}): add it, or name another field");
        }

        return answer.ValueKind switch
        {
            JsonValueKind.String => FinalAnswer.AfterMark(answer.GetString()!) ?? answer.GetString()!,
            JsonValueKind.Number => answer.GetRawText().ToUpper(CultureInfo.InvariantCulture),
            _ => throw NoAnswer(batch, row, $"the field '{Field}' of the prompt's row is neither a text nor a number: write it as one"),
        };
    }

    private RewardException NoAnswer(RewardBatch batch, int row, string what) =>
        new(Name, row, $"The reward '{Name}' failed on {RewardRunner.Describe(batch, row)}: {what}.");
}
