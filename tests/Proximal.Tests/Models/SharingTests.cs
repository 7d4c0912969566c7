using NUnit.Framework;
using Proximal.Models;

namespace Proximal.Tests.Models;

public sealed class SharingTests : ModelFixture
{
    private const string Norm = "model.norm.weight";

    private long WeightBytes => (long)Engine.Memory.WeightBytes;

    [Test]
    public void Derived_models_share_weights_and_version()
    {
        using LanguageModel model = Load(new TinyModel());
        using LanguageModel derived = model.Derive(ModelHead.Scalar, HeadInitialization.Zero);
        float[] values = [.. Enumerable.Range(1, 12).Select(i => (float)i)];
        derived.WriteTensor(Norm, values);
        Assert.That(model.ReadTensor(Norm), Is.EqualTo(values));
        Assert.That((model.Version, derived.Version), Is.EqualTo((1L, 1L)));
    }

    [Test]
    public void Cloned_weights_go_their_own_way_from_version_zero()
    {
        using LanguageModel model = Load(new TinyModel());
        float[] original = model.ReadTensor(Norm);
        model.WriteTensor(Norm, new float[12]);
        using LanguageModel clone = model.CloneWeights();
        Assert.That((clone.Version, clone.Info.Head), Is.EqualTo((0L, ModelHead.LanguageModel)));
        AssertSameTensors(clone, model);
        clone.WriteTensor(Norm, original);
        Assert.That(model.ReadTensor(Norm), Is.EqualTo(new float[12]));
        Assert.That((model.Version, clone.Version), Is.EqualTo((1L, 1L)));
    }

    [Test]
    public void A_derived_model_outlives_its_base_and_the_engine_handle()
    {
        LanguageModel model = Load(new TinyModel());
        using LanguageModel derived = model.Derive(ModelHead.LanguageModel);
        float[] expected = model.ReadTensor(Norm);
        model.Dispose();
        Engine.Dispose();
        Assert.That(derived.ReadTensor(Norm), Is.EqualTo(expected));
        Assert.That(() => model.ReadTensor(Norm), Throws.InstanceOf<ObjectDisposedException>());
    }

    [Test]
    public void Memory_counts_weights_once_and_every_head()
    {
        long before = WeightBytes;
        using LanguageModel model = Load(new TinyModel());
        long weights = WeightBytes - before;
        Assert.That(weights, Is.EqualTo(model.Info.ParameterCount * sizeof(float)));
        using (model.Derive(ModelHead.Scalar, HeadInitialization.Zero))
        {
            Assert.That(WeightBytes - before, Is.EqualTo(weights + (12 * sizeof(float))));
        }

        using (model.CloneWeights())
        {
            Assert.That(WeightBytes - before, Is.EqualTo(2 * weights));
        }

        Assert.That(WeightBytes - before, Is.EqualTo(weights));
    }

    [Test]
    public void Heads_start_from_zero_from_a_seed_or_from_the_file()
    {
        using LanguageModel model = Load(new TinyModel());
        float[] Head(HeadInitialization initialization, ulong seed = 0)
        {
            using LanguageModel derived = model.Derive(ModelHead.Scalar, initialization, seed);
            return derived.ReadTensor("score.weight");
        }

        Assert.That(Head(HeadInitialization.Zero), Is.All.Zero);
        float[] normal = Head(HeadInitialization.Normal, 1);
        Assert.That(Head(HeadInitialization.Normal, 1), Is.EqualTo(normal));
        Assert.That(Head(HeadInitialization.Normal, 2), Is.Not.EqualTo(normal));
        Assert.That(normal, Is.All.InRange(-1.5, 1.5).And.None.Zero);
        Assert.That(() => Head(HeadInitialization.FromFile), Throws.ArgumentException.With.Message.Contains("score.weight"));

        var classifier = new TinyModel { Classifier = true };
        using LanguageModel reward = LanguageModel.Load(Engine, classifier.Write(Folder["reward"]));
        Assert.That(reward.ReadTensor("score.weight"), Is.EqualTo(classifier.Tensors()["score.weight"].Floats()));
    }

    [Test]
    public void Writes_that_are_not_finite_or_do_not_fit_are_refused()
    {
        using LanguageModel model = Load(new TinyModel());
        float[] values = new float[12];
        values[3] = float.NegativeInfinity;
        var exception = Assert.Throws<ProximalException>(() => model.WriteTensor(Norm, values))!;
        Assert.That(exception.Status, Is.EqualTo(ProximalStatus.NotFinite));
        Assert.That(exception.Message, Does.Contain("'model.norm.weight': element 3 is -inf"));
        Assert.That(() => model.WriteTensor(Norm, new float[11]), Throws.ArgumentException.With.Message.Contains("12 elements"));
        Assert.That(() => model.WriteTensor("model.none", values), Throws.ArgumentException.With.Message.Contains("'model.none'"));
        Assert.That(model.Version, Is.Zero);
    }
}
