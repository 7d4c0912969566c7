namespace Proximal.Models;

/// <summary>Arithmetic of a transformer's passes, as model FLOPs utilisation counts it: what the model asks for, whatever is recomputed.</summary>
/// <remarks>
/// Source: PaLM (arXiv 2204.02311), appendix B: 2 FLOP a token for each number in the layers' matrices and the head, and
/// 4 heads x head size a layer for each position that attention sees. Counted causally; a sliding window is not looked at.
/// </remarks>
internal static class ModelFlops
{
    /// <summary>A backward pass does each product of the forward pass twice.</summary>
    public const double Training = 3;

    /// <summary>FLOP of a forward pass over positions [first, end) of a sequence.</summary>
    /// <param name="model">The model.</param>
    /// <param name="first">How many tokens came before, and are kept.</param>
    /// <param name="end">How many there are then.</param>
    /// <param name="heads">Tokens whose hidden state goes through the head.</param>
    public static double Forward(ModelInfo model, long first, long end, long heads)
    {
        double rows = end - first;
        double seen = rows * (first + ((rows + 1) / 2));
        double head = model.Head == ModelHead.Scalar ? model.HiddenSize : (double)model.VocabularySize * model.HiddenSize;
        return (2 * rows * Body(model)) + (4.0 * model.Layers * model.Heads * model.HeadSize * seen) + (2 * heads * head);
    }

    /// <summary>Numbers of the layers: all but embedding and head; those of norms and of learned positions are too few to matter.</summary>
    private static double Body(ModelInfo model)
    {
        double embedding = (double)model.VocabularySize * model.HiddenSize;
        double head = model.Head == ModelHead.Scalar ? model.HiddenSize : model.TiedEmbeddings ? 0 : embedding;
        return Math.Max(0, model.ParameterCount - embedding - head);
    }
}
