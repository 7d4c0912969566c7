using NUnit.Framework;
using Proximal.Models;

namespace Proximal.Tests.Models;

public sealed class ModelFlopsTests
{
    private const int Vocabulary = 100, Hidden = 32, Layers = 3, Heads = 4, KvHeads = 2, HeadSize = 8, Features = 48;

    // qkv, output, gate, up and down.
    private const long Layer = (Hidden * (Heads + (2 * KvHeads)) * HeadSize) + (Heads * HeadSize * Hidden) + (3 * Hidden * Features);

    [TestCase(ModelHead.LanguageModel, true, Vocabulary * Hidden)]
    [TestCase(ModelHead.LanguageModel, false, 2 * Vocabulary * Hidden)]
    [TestCase(ModelHead.Scalar, true, (Vocabulary * Hidden) + Hidden)]
    public void A_pass_is_its_products_and_what_attention_sees(ModelHead head, bool tied, long outside)
    {
        ModelInfo model = Model(head, tied, outside);
        double width = head == ModelHead.Scalar ? 1 : Vocabulary;
        // Five tokens see 1 + 2 + 3 + 4 + 5 positions, with a query and a value product each.
        double expected = (2.0 * 5 * Layers * Layer) + (2.0 * 2 * Layers * Heads * HeadSize * 15) + (2.0 * 4 * Hidden * width);

        Assert.That(ModelFlops.Forward(model, 0, 5, 4), Is.EqualTo(expected));
    }

    [Test]
    public void Parts_of_a_sequence_add_up([Values(0, 1, 7, 20)] int cut)
    {
        ModelInfo model = Model(ModelHead.LanguageModel, true, Vocabulary * Hidden);
        double parts = ModelFlops.Forward(model, 0, cut, 2) + ModelFlops.Forward(model, cut, 20, 3);

        Assert.That(parts, Is.EqualTo(ModelFlops.Forward(model, 0, 20, 5)));
    }

    private static ModelInfo Model(ModelHead head, bool tied, long outside) => new(
        Vocabulary, Hidden, Layers, Heads, KvHeads, HeadSize, Features, 64, (Layers * Layer) + outside, head, tied, TensorType.Float32);
}
