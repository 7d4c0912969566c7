using NUnit.Framework;
using Proximal.Data.Checking;

namespace Proximal.Tests.Data.Checking;

/// <summary>The regression against cases that can be solved by hand, and against the condition that its optimum meets.</summary>
public sealed class WordRegressionTests
{
    private static readonly WordDifference Plus = new([0], [1]);
    private static readonly WordDifference Minus = new([0], [-1]);

    /// <summary>With next to no penalty, one word that speaks for the chosen answer in 3 of 4 pairs weighs log(3 / 1).</summary>
    [Test]
    public void Without_a_penalty_a_weight_is_the_log_of_the_odds() =>
        Assert.That(WordRegression.Fit([Plus, Plus, Minus, Plus], 1, ridge: 1e-12)[0], Is.EqualTo(Math.Log(3)).Within(1e-6));

    /// <summary>One pair and a penalty of 1: w = 1 / (1 + e^w), whose solution is 0.4010581375.</summary>
    [Test]
    public void With_a_penalty_it_solves_the_equation_of_one_pair() =>
        Assert.That(WordRegression.Fit([Plus], 1, ridge: 1)[0], Is.EqualTo(0.4010581375).Within(1e-6));

    [Test]
    public void Words_that_say_nothing_and_words_that_do_not_occur_weigh_nothing()
    {
        double[] weights = WordRegression.Fit([new([0, 1], [1, 1]), new([0, 1], [1, -1])], 3, ridge: 1);
        Assert.Multiple(() =>
        {
            Assert.That(weights[0], Is.GreaterThan(0.1));
            Assert.That(weights[1], Is.EqualTo(0).Within(1e-9));
            Assert.That(weights[2], Is.Zero);
        });
    }

    [Test]
    public void Nothing_to_learn_from_gives_no_weights() => Assert.That(WordRegression.Fit([], 2, ridge: 1), Is.EqualTo(new[] { 0.0, 0.0 }));

    /// <summary>At the optimum the penalty balances the pairs: w = sum d / (1 + exp(w d)).</summary>
    [Test]
    public void The_gradient_vanishes_for_many_words([Values(0.01, 1, 100)] double ridge)
    {
        const int Words = 40;
        var random = new Random(7);
        WordDifference[] rows = [.. Enumerable.Range(0, 200).Select(_ => WordDifference.Of(Text(random), Text(random)))];
        double[] weights = WordRegression.Fit(rows, Words, ridge);
        double[] pull = new double[Words];
        foreach (WordDifference row in rows)
        {
            row.AddTo(pull, 1 / (1 + Math.Exp(row.Dot(weights))));
        }

        Assert.That(weights.Select(weight => ridge * weight), Is.EqualTo(pull).Within(1e-4));

        static int[] Text(Random random) => [.. Enumerable.Range(0, random.Next(1, 30)).Select(_ => random.Next(Words))];
    }

    [Test]
    public void A_difference_leaves_out_what_both_answers_say()
    {
        var difference = WordDifference.Of([5, 1, 1, 2], [2, 3, 3]);
        Assert.Multiple(() =>
        {
            Assert.That(difference.Words, Is.EqualTo(new[] { 1, 3, 5 }));
            Assert.That(difference.Counts, Is.EqualTo(new[] { 2.0, -2.0, 1.0 }));
        });
    }
}
