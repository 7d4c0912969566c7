using NUnit.Framework;
using Proximal.Data;
using Proximal.Evaluation;
using Proximal.Models;
using Proximal.Rewards;
using Proximal.Rollouts;
using Proximal.Tests.Cli;
using Proximal.Tests.Models;
using Proximal.Tokenization;

namespace Proximal.Tests.Evaluation;

public sealed class EvaluatorTests
{
    private static readonly EvaluationOptions Options = new() { Samples = 3, MaxNewTokens = 6, Resamples = 200, ToxicitySamples = 0, Seed = 4 };
    private static readonly Prompt[] Prompts = [new() { Text = "ab" }, new() { Text = "c de" }, new() { Text = "fgh" }];

    private TinyFolder _tiny = null!;
    private Engine _engine = null!;
    private Tokenizer _tokenizer = null!;
    private LanguageModel _baseline = null!;
    private LanguageModel _model = null!;

    [SetUp]
    public void Load_two_models()
    {
        _tiny = new TinyFolder(new TinyModel { Context = 128 });
        _engine = new Engine(new EngineOptions { Threads = 1 });
        _tokenizer = Tokenizer.Load(_tiny.Model);
        _baseline = LanguageModel.Load(_engine, _tiny.Model);
        _model = LanguageModel.Load(_engine, new TinyModel { Seed = 2, Context = 128 }.Write(_tiny["other"]));
    }

    [TearDown]
    public void Give_them_up()
    {
        _model.Dispose();
        _baseline.Dispose();
        _engine.Dispose();
        _tiny.Dispose();
    }

    [Test]
    public async Task A_model_against_itself_ties_every_pair_and_is_no_nat_away()
    {
        EvaluationResult result = await Evaluator(_baseline, _baseline).EvaluateAsync(Prompts);
        Assert.Multiple(() =>
        {
            Assert.That(result.Reward!.Ties, Is.EqualTo(9));
            Assert.That(result.Reward.WinRate, Is.EqualTo(new Estimate(0.5, 0.5, 0.5)));
            Assert.That(result.Reward.LengthControlledWinRate.Value, Is.EqualTo(0.5).Within(1e-12));
            Assert.That(result.Reward.Score.Difference, Is.EqualTo(new Estimate(0, 0, 0)));
            Assert.That(result.Kl, Is.EqualTo(new Estimate(0, 0, 0)), "the same numbers on both sides, bit for bit");
            Assert.That(result.Pairs.All(pair => pair.Baseline.Tokens.SequenceEqual(pair.Model.Tokens)), "the same random numbers");
            Assert.That(result.BaselineText, Is.EqualTo(result.ModelText));
        });
    }

    [Test]
    public async Task Every_figure_is_that_of_the_pairs()
    {
        EvaluationResult result = await Evaluator(_baseline, _model).EvaluateAsync(Prompts);
        IReadOnlyList<EvaluationPair> pairs = result.Pairs;
        Assert.Multiple(() =>
        {
            Assert.That(pairs.Select(pair => (pair.Prompt, pair.Sample)), Is.EqualTo(
                from prompt in Enumerable.Range(0, 3) from sample in Enumerable.Range(0, 3) select (prompt, sample)));
            Assert.That(pairs.Select(pair => pair.PromptText).Distinct(), Is.EqualTo(Prompts.Select(prompt => prompt.Text)));
            Assert.That(pairs, Has.All.Matches<EvaluationPair>(pair => pair.Model.Score == pair.Model.Tokens.Count), "the reward is the length");
            Assert.That(result.Reward!.Score.Model.Value, Is.EqualTo(pairs.Average(pair => pair.Model.Tokens.Count)).Within(1e-12));
            Assert.That(result.Reward.Score.Difference.Value, Is.EqualTo(pairs.Average(pair => pair.Model.Tokens.Count - pair.Baseline.Tokens.Count)).Within(1e-12));
            Assert.That(result.Reward.Wins, Is.EqualTo(pairs.Count(pair => pair.Model.Tokens.Count > pair.Baseline.Tokens.Count)));
            Assert.That(result.Reward.Wins + result.Reward.Ties + result.Reward.Losses, Is.EqualTo(9));
            Assert.That(result.Length.Model, Is.EqualTo(result.Reward.Score.Model));
            Assert.That(result.Judge!.Score.Model.Value, Is.EqualTo(-result.Reward.Score.Model.Value).Within(1e-12), "the judge thinks the opposite");
            Assert.That(result.Judge.WinRate.Value, Is.EqualTo(1 - result.Reward.WinRate.Value).Within(1e-12));
            Assert.That(result.Kl.Value, Is.EqualTo(pairs.Average(pair => pair.Model.LogRatios.Sum())).Within(1e-9));
            Assert.That(result.EndRate.Model.Value, Is.EqualTo(pairs.Count(pair => pair.Model.FinishReason == FinishReason.Stop) / 9.0).Within(1e-12));
            Assert.That(result.ModelText.Distinct2, Is.EqualTo(NGramStatistics.Distinct(pairs.Select(pair => pair.Model.Tokens.ToArray()), 2)));
        });
    }

    /// <summary>The log-ratios are those of two whole-sequence passes, made here one sequence at a time.</summary>
    [Test]
    public async Task Kl_is_the_sum_of_log_prob_differences_on_the_models_responses()
    {
        EvaluationResult result = await Evaluator(_baseline, _model).EvaluateAsync(Prompts);
        foreach (EvaluationPair pair in result.Pairs)
        {
            int[] prompt = _tokenizer.Encode(pair.PromptText);
            var batch = PackedBatch.Pack([[.. prompt, .. pair.Model.Tokens]]);
            float[] model = _model.Score(batch, ScoreOutputs.LogProbs).LogProbs;
            float[] baseline = _baseline.Score(batch, ScoreOutputs.LogProbs).LogProbs;
            double[] expected = [.. model.Zip(baseline, (m, b) => (double)m - b).Skip(prompt.Length)];
            Assert.That(pair.Model.LogRatios, Is.EqualTo(expected).Within(1e-5));
        }
    }

    [Test]
    public async Task The_same_seed_gives_the_same_evaluation()
    {
        EvaluationResult first = await Evaluator(_baseline, _model).EvaluateAsync(Prompts);
        EvaluationResult second = await Evaluator(_baseline, _model).EvaluateAsync(Prompts);
        EvaluationResult other = await Evaluator(_baseline, _model, Options with { Seed = 5 }).EvaluateAsync(Prompts);
        Assert.Multiple(() =>
        {
            Assert.That(second.Reward!.WinRate, Is.EqualTo(first.Reward!.WinRate));
            Assert.That(second.Kl, Is.EqualTo(first.Kl));
            Assert.That(other.Pairs.Select(pair => pair.Model.Text), Is.Not.EqualTo(first.Pairs.Select(pair => pair.Model.Text)));
        });
    }

    [Test]
    public async Task Toxicity_is_the_share_of_responses_to_the_sensitive_prompts()
    {
        EvaluationResult result = await Evaluator(_baseline, _model, Options with { ToxicitySamples = 1, MaxNewTokens = 2 }).EvaluateAsync(Prompts[..1]);
        ToxicityComparison toxicity = result.Toxicity!;
        Assert.Multiple(() =>
        {
            Assert.That(toxicity.Prompts, Is.EqualTo(SensitivePrompts.All.Count));
            Assert.That(toxicity.Pairs, Has.Count.EqualTo(SensitivePrompts.All.Count));
            Assert.That(
                toxicity.Rate.Model.Value,
                Is.EqualTo(toxicity.Pairs.Count(pair => ToxicityLexicon.IsToxic(pair.Model.Text)) / (double)toxicity.Pairs.Count).Within(1e-12));
        });
    }

    [Test]
    public async Task Without_a_reward_there_is_no_win_rate()
    {
        EvaluationResult result = await new Evaluator(_baseline, _model, _tokenizer, Options).EvaluateAsync(Prompts);
        Assert.That((result.Reward, result.Judge), Is.EqualTo(((RewardComparison?)null, (RewardComparison?)null)));
        Assert.That(result.Kl.Value, Is.Not.Zero);
    }

    [Test]
    public void Models_of_other_vocabularies_are_refused()
    {
        using LanguageModel other = LanguageModel.Load(_engine, new TinyModel { Vocabulary = 31 }.Write(_tiny["larger"]));
        Assert.That(() => new Evaluator(_baseline, other, _tokenizer), Throws.ArgumentException.With.Message.Contains("29").And.Message.Contains("31"));
    }

    /// <summary>A model is no nat away from itself; to the baseline the distance is that of the KL.</summary>
    [Test]
    public async Task Distances_to_further_models_are_those_of_each_models_own_responses()
    {
        var evaluator = new Evaluator(_baseline, _model, _tokenizer, Options)
        {
            References = new Dictionary<string, LanguageModel> { ["baseline"] = _baseline, ["model"] = _model },
        };
        EvaluationResult result = await evaluator.EvaluateAsync(Prompts);
        Assert.Multiple(() =>
        {
            Assert.That(result.References["baseline"].Model, Is.EqualTo(result.Kl));
            Assert.That(result.References["baseline"].Baseline, Is.EqualTo(new Estimate(0, 0, 0)));
            Assert.That(result.References["model"].Model, Is.EqualTo(new Estimate(0, 0, 0)));
            Assert.That(result.References["model"].Baseline.Value, Is.Positive.And.Not.EqualTo(result.Kl.Value));
        });
    }

    [Test]
    public void A_further_model_of_another_vocabulary_is_refused_by_name()
    {
        using LanguageModel other = LanguageModel.Load(_engine, new TinyModel { Vocabulary = 31 }.Write(_tiny["larger"]));
        var evaluator = new Evaluator(_baseline, _model, _tokenizer, Options) { References = new Dictionary<string, LanguageModel> { ["odd"] = other } };
        Assert.That(() => evaluator.EvaluateAsync(Prompts), Throws.ArgumentException.With.Message.Contains("odd has a vocabulary of 31 tokens"));
    }

    [Test]
    public void Sensitive_prompts_that_do_not_fit_are_told_apart_from_the_users()
    {
        Assert.That(
            () => Evaluator(_baseline, _model, Options with { ToxicitySamples = 1, MaxNewTokens = 100 }).EvaluateAsync(Prompts),
            Throws.ArgumentException.With.Message.Contains("evaluation.toxicity_samples"));
    }

    [Test]
    public void An_evaluation_can_be_cancelled()
    {
        Assert.That(
            () => Evaluator(_baseline, _model).EvaluateAsync(Prompts, progress: null, new CancellationToken(canceled: true)),
            Throws.InstanceOf<OperationCanceledException>());
    }

    private Evaluator Evaluator(LanguageModel baseline, LanguageModel model, EvaluationOptions? options = null) => new(baseline, model, _tokenizer, options ?? Options)
    {
        Reward = new LengthReward(),
        Judge = new MixtureReward([new WeightedReward(new LengthReward(), -1)], "opposite"),
    };
}
