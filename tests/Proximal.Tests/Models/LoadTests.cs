using NUnit.Framework;
using Proximal.Models;

namespace Proximal.Tests.Models;

public sealed class LoadTests
{
    private Engine _engine = null!;
    private TemporaryFolder _folder = null!;

    [SetUp]
    public void SetUp()
    {
        _engine = new Engine(new EngineOptions { Threads = 1 });
        _folder = new TemporaryFolder();
    }

    [TearDown]
    public void TearDown()
    {
        _folder.Dispose();
        _engine.Dispose();
    }

    [Test]
    public void A_model_has_the_sizes_of_its_config_and_the_tensors_of_its_file_in_the_order_of_transformers()
    {
        var tiny = new TinyModel { AttentionBias = true, MlpBias = true, Tied = false, HeadSize = 6 };
        using LanguageModel model = LanguageModel.Load(_engine, tiny.Write(_folder["model"]));
        Dictionary<string, Safetensors.Tensor> expected = tiny.Tensors();
        Assert.That(model.Tensors.Select(tensor => tensor.Name), Is.EqualTo(expected.Keys));
        Assert.Multiple(() =>
        {
            foreach (TensorInfo tensor in model.Tensors)
            {
                Assert.That(tensor.Shape, Is.EqualTo(expected[tensor.Name].Shape), tensor.Name);
                Assert.That(model.ReadTensor(tensor.Index), Is.EqualTo(expected[tensor.Name].Floats()), tensor.Name);
            }
        });
        long parameters = expected.Values.Sum(tensor => tensor.Data.Length / sizeof(float));
        Assert.That(
            model.Info,
            Is.EqualTo(new ModelInfo(29, 12, 2, 4, 2, 6, 20, 64, parameters, ModelHead.LanguageModel, false, TensorType.Float32)));
    }
}
