namespace Proximal.Evaluation.Judging;

/// <summary>What votes on one question come to.</summary>
/// <param name="Question">The question.</param>
/// <param name="Model">Votes for the model.</param>
/// <param name="Ties">Votes for neither.</param>
/// <param name="Baseline">Votes for the baseline.</param>
public sealed record Preference(JudgeQuestion Question, int Model, int Ties, int Baseline)
{
    /// <summary>All votes.</summary>
    public int Votes => Model + Ties + Baseline;

    /// <summary>
    /// The share of votes for the model, a tie as half a vote, with Wilson's 95 % interval; NaN without votes. The interval
    /// takes votes as independent, which several votes on one prompt are not quite.
    /// </summary>
    public Estimate Share
    {
        get
        {
            if (Votes == 0)
            {
                return new Estimate(double.NaN, double.NaN, double.NaN);
            }

            double successes = Model + (Ties / 2.0);
            var interval = WilsonInterval.Of(successes, Votes);
            return new Estimate(successes / Votes, interval.Low, interval.High);
        }
    }

    /// <summary>Counts the votes on a question; of several on one pair the last counts.</summary>
    /// <param name="question">The question.</param>
    /// <param name="votes">Votes on any question.</param>
    public static Preference Of(JudgeQuestion question, IEnumerable<Vote> votes)
    {
        ArgumentNullException.ThrowIfNull(votes);
        Choice[] choices =
        [
            .. votes.Where(vote => vote.Question == question).GroupBy(vote => (vote.Prompt, vote.Sample)).Select(pair => pair.Last().Choice),
        ];
        return new Preference(
            question, choices.Count(choice => choice == Choice.Model), choices.Count(choice => choice == Choice.Tie), choices.Count(choice => choice == Choice.Baseline));
    }
}
