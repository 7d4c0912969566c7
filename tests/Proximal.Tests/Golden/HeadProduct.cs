using Proximal.Models;

namespace Proximal.Tests.Golden;

/// <summary>Logits, which the library does not hand out: hidden state times the head, in double.</summary>
internal static class HeadProduct
{
    /// <summary>[V] logits of the row that starts the span.</summary>
    public static double[] Of(LanguageModel model, ReadOnlySpan<float> hidden)
    {
        float[] head = model.ReadTensor(model.Info.TiedEmbeddings ? model.Tensors[0].Name : "lm_head.weight");
        int width = model.Info.HiddenSize;
        double[] logits = new double[model.Info.VocabularySize];
        for (int v = 0; v < logits.Length; v++)
        {
            for (int i = 0; i < width; i++)
            {
                logits[v] += (double)hidden[i] * head[(v * width) + i];
            }
        }

        return logits;
    }
}
