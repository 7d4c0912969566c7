using NUnit.Framework;
using Proximal.Kernels;

namespace Proximal.Tests.Kernels;

public sealed class PreferenceLossTests : KernelFixture
{
    // Two pairs of answers of 1 to 3 tokens, one token without weight.
    private static readonly long[] Answers = [0, 2, 5, 6, 8];
    private static readonly float[] Weights = [1, 1, 1, 0, 1, 1, 1, 1];
    private static readonly byte[] Wanted = [1, 0, 1, 1];

    [Test]
    public void Dpo_is_the_logistic_loss_of_the_difference()
    {
        float[] losses = new float[2];
        float[] rewards = new float[4];
        PreferenceMetrics metrics = PreferenceLoss.Compute(Engine, Inputs(LogProbs), new() { Beta = 0.5 }, 2, losses, rewards);
        double[] ratios = LogRatios(LogProbs);
        double[] expected = [NegativeLogSigmoid(0.5 * (ratios[0] - ratios[1])), NegativeLogSigmoid(0.5 * (ratios[2] - ratios[3]))];
        AssertClose(losses, expected, 1e-6);
        AssertClose(rewards, [.. ratios.Select(ratio => 0.5 * ratio)], 1e-6);
        Assert.That(metrics.LossSum, Is.EqualTo(expected.Sum()).Within(1e-9));
        Assert.That((metrics.Losses, metrics.Chosen, metrics.Rejected), Is.EqualTo((2L, 2L, 2L)));
        Assert.That(metrics.MeanMargin, Is.EqualTo(0.5 * (ratios[0] + ratios[2] - ratios[1] - ratios[3]) / 2).Within(1e-9));
        Assert.That(metrics.MeanChosenLogProb, Is.EqualTo((-1.2 - .7 - .9) / 2).Within(1e-6));
    }

    [Test]
    public void Every_form_has_the_gradient_of_its_loss([Values] PreferenceForm form, [Values] bool mean)
    {
        if (form == PreferenceForm.Orpo && !mean)
        {
            Assert.That(() => Total(form, mean, LogProbs), Throws.ArgumentException.With.Message.Contains("ORPO"));
            return;
        }

        float[] gradients = new float[8];
        PreferenceLoss.Compute(Engine, Inputs(LogProbs, form), Options(form, mean), 2, gradients: gradients);
        const float step = 1f / 1024;
        for (int i = 0; i < gradients.Length; i++)
        {
            double slope = (Total(form, mean, Moved(i, step)) - Total(form, mean, Moved(i, -step))) / (2 * step);
            Assert.That(gradients[i], Is.EqualTo(slope).Within(2e-4 * Math.Max(1, Math.Abs(slope))), $"{form}, token {i}");
        }
    }

    [Test]
    public void Every_divergence_has_the_gradient_of_its_loss([Values] PreferenceDivergence divergence)
    {
        PreferenceOptions options = new() { Divergence = divergence, Alpha = 0.75 };
        float[] gradients = new float[8];
        PreferenceLoss.Compute(Engine, Inputs(LogProbs), options, 2, gradients: gradients);
        const float step = 1f / 1024;
        for (int i = 0; i < gradients.Length; i++)
        {
            double slope = (Loss(i, step) - Loss(i, -step)) / (2 * step);
            Assert.That(gradients[i], Is.EqualTo(slope).Within(1e-4), $"token {i}");
        }

        double Loss(int i, float by) => PreferenceLoss.Compute(Engine, Inputs(Moved(i, by)), options, 2).LossSum / 2;
    }

    [Test]
    public void Halves_of_a_batch_add_up_to_the_whole([Values] PreferenceForm form)
    {
        PreferenceOptions options = Options(form, form == PreferenceForm.Orpo);
        float[] whole = new float[8];
        PreferenceMetrics expected = PreferenceLoss.Compute(Engine, Inputs(LogProbs, form), options, 2, gradients: whole);
        float[] first = new float[5];
        float[] second = new float[3];
        PreferenceInputs all = Inputs(LogProbs, form);
        PreferenceMetrics sum = PreferenceLoss.Compute(Engine, Part(all, 0..2), options, 2, gradients: first)
            + PreferenceLoss.Compute(Engine, Part(all, 2..4), options, 2, gradients: second);
        Assert.That(sum.LossSum, Is.EqualTo(expected.LossSum).Within(1e-12));
        Assert.That(sum with { LossSum = 0, ChosenRewardSum = 0, RejectedRewardSum = 0, ChosenLogProbSum = 0, RejectedLogProbSum = 0 },
            Is.EqualTo(expected with { LossSum = 0, ChosenRewardSum = 0, RejectedRewardSum = 0, ChosenLogProbSum = 0, RejectedLogProbSum = 0 }));
        Assert.That((float[])[.. first, .. second], Is.EqualTo(whole));
    }

    [Test]
    public void What_does_not_fit_is_named()
    {
        Assert.That(() => PreferenceLoss.Compute(null!, Inputs(LogProbs), PreferenceOptions.Default, 1), Throws.ArgumentNullException);
        Assert.That(
            () => PreferenceLoss.Compute(Engine, Inputs(LogProbs[..7]), PreferenceOptions.Default, 1), Throws.ArgumentException);
        Assert.That(
            () => PreferenceLoss.Compute(Engine, Inputs(LogProbs), PreferenceOptions.Default, 1, losses: new float[4]),
            Throws.ArgumentException.With.Property("ParamName").EqualTo("losses"));
        Assert.That(
            () => PreferenceLoss.Compute(Engine, Inputs(LogProbs), new() { Form = PreferenceForm.Kto }, 1),
            Throws.ArgumentException.With.Message.Contains("Desirable"));
        Assert.That(
            () => PreferenceLoss.Compute(Engine, Inputs(LogProbs), new() { Alpha = 0 }, 1),
            Throws.InstanceOf<ArgumentOutOfRangeException>().With.Message.Contains("ForwardKl"));
        Assert.That(
            () => PreferenceLoss.Compute(Engine, Inputs(LogProbs), new() { Form = PreferenceForm.Ipo, Margin = 1 }, 1),
            Throws.ArgumentException.With.Message.Contains("margin"));
        Assert.That(
            () => PreferenceLoss.Compute(Engine, Inputs(Moved(4, float.NaN)), PreferenceOptions.Default, 1),
            Throws.InstanceOf<ProximalException>().With.Message.Contains("logprob[4]"));
    }

    [Test]
    public void A_call_allocates_nothing()
    {
        float[] gradients = new float[8];
        Assert.That(
            AllocatedBy(() => PreferenceLoss.Compute(Engine, Inputs(LogProbs), PreferenceOptions.Default, 2, gradients: gradients)),
            Is.Zero);
    }

    private static PreferenceInputs Inputs(float[] logProbs, PreferenceForm form = PreferenceForm.Sigmoid) => new()
    {
        Offsets = Answers,
        LogProbs = logProbs,
        ReferenceLogProbs = form == PreferenceForm.Orpo ? default : ReferenceLogProbs,
        Weights = Weights,
        Desirable = form is PreferenceForm.Kto or PreferenceForm.Bco ? Wanted : default,
    };

    private static PreferenceInputs Part(in PreferenceInputs all, Range answers)
    {
        (int first, int count) = answers.GetOffsetAndLength(4);
        Range tokens = (int)Answers[first]..(int)Answers[first + count];
        return new()
        {
            Offsets = Answers[first..(first + count + 1)].Select(offset => offset - Answers[first]).ToArray(),
            LogProbs = all.LogProbs[tokens],
            ReferenceLogProbs = all.ReferenceLogProbs.IsEmpty ? default : all.ReferenceLogProbs[tokens],
            Weights = all.Weights[tokens],
            Desirable = all.Desirable.IsEmpty ? default : all.Desirable[answers],
        };
    }

    private static PreferenceOptions Options(PreferenceForm form, bool mean) => new()
    {
        Form = form,
        Beta = 0.4,
        Mean = mean,
        LabelSmoothing = form is PreferenceForm.Sigmoid or PreferenceForm.Robust or PreferenceForm.Exo ? 0.1 : 0,
        Margin = form is PreferenceForm.Sigmoid or PreferenceForm.Hinge ? 0.25 : 0,
        ReferencePoint = form is PreferenceForm.Kto or PreferenceForm.Bco ? 0.125 : 0,
        UndesirableWeight = 1.33,
    };

    private static float[] Moved(int token, float by)
    {
        float[] moved = [.. LogProbs];
        moved[token] += by;
        return moved;
    }

    private static double[] LogRatios(float[] logProbs) =>
    [
        .. Answers.Zip(Answers.Skip(1), (begin, end) => Enumerable.Range((int)begin, (int)(end - begin))
            .Sum(i => Weights[i] * ((double)logProbs[i] - ReferenceLogProbs[i]))),
    ];

    private static double NegativeLogSigmoid(double x) => Math.Log(1 + Math.Exp(-x));

    private double Total(PreferenceForm form, bool mean, float[] logProbs) =>
        PreferenceLoss.Compute(Engine, Inputs(logProbs, form), Options(form, mean), 2).LossSum / 2;
}
