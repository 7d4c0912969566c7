using NUnit.Framework;
using Proximal.Models;

namespace Proximal.Tests.Models;

/// <summary>An engine and a folder for each test.</summary>
public abstract class ModelFixture
{
    private protected Engine Engine { get; private set; } = null!;

    private protected TemporaryFolder Folder { get; private set; } = null!;

    [SetUp]
    public void MakeEngineAndFolder()
    {
        Engine = new Engine(new EngineOptions { Threads = 1 });
        Folder = new TemporaryFolder();
    }

    [TearDown]
    public void DisposeEngineAndFolder()
    {
        Folder.Dispose();
        Engine.Dispose();
    }

    private protected LanguageModel Load(TinyModel tiny) => LanguageModel.Load(Engine, tiny.Write(Folder["model"]));

    /// <summary>Fails unless loading fails in this way with all these in the message.</summary>
    private protected void AssertRefused(string path, ProximalStatus status, params string[] texts)
    {
        var exception = Assert.Throws<ProximalException>(() => LanguageModel.Load(Engine, path).Dispose())!;
        Assert.Multiple(() =>
        {
            Assert.That(exception.Status, Is.EqualTo(status), exception.Message);
            Assert.That(exception.Function, Is.EqualTo("px_weights_load"));
            foreach (string text in texts)
            {
                Assert.That(exception.Message, Does.Contain(text));
            }
        });
    }

    /// <summary>Fails unless both models have the same tensors, bit for bit.</summary>
    private protected static void AssertSameTensors(LanguageModel actual, LanguageModel expected)
    {
        Assert.That(
            actual.Tensors.Select(tensor => tensor.Name), Is.EqualTo(expected.Tensors.Select(tensor => tensor.Name)));
        Assert.Multiple(() =>
        {
            foreach (TensorInfo tensor in expected.Tensors)
            {
                Assert.That(Bits(actual.ReadTensor(tensor.Index)), Is.EqualTo(Bits(expected.ReadTensor(tensor.Index))), tensor.Name);
            }
        });
    }

    private protected static int[] Bits(float[] values) => Array.ConvertAll(values, BitConverter.SingleToInt32Bits);
}
