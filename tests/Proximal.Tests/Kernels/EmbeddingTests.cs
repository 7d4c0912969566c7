using NUnit.Framework;
using Proximal.Kernels;

namespace Proximal.Tests.Kernels;

public sealed class EmbeddingTests : KernelFixture
{
    private const int Hidden = 21;
    private static readonly int[] Tokens = [3, 0, 3, 6, 3, 0];
    private static readonly int[] Positions = [0, 1, 2, 0, 1, 2];
    private static readonly float[] Table = RandomFloats(7 * Hidden, 1, -2, 2);
    private static readonly float[] PositionTable = RandomFloats(3 * Hidden, 2, -2, 2);

    [Test]
    public void Rows_are_those_of_the_tables()
    {
        float[] output = new float[Tokens.Length * Hidden];
        Embedding.Forward(Engine, Hidden, new EmbeddingArrays { Tokens = Tokens, Table = Table, Output = output });
        Assert.That(output, Is.EqualTo(Tokens.SelectMany(token => Row(Table, token))));
        Embedding.Forward(
            Engine,
            Hidden,
            new EmbeddingArrays
            {
                Tokens = Tokens,
                Table = Table,
                Positions = Positions,
                PositionTable = PositionTable,
                Output = output,
            });
        Assert.That(
            output,
            Is.EqualTo(Tokens.SelectMany((token, n) => Row(Table, token).Zip(Row(PositionTable, Positions[n]), (a, b) => a + b))));
    }

    [Test]
    public void A_table_in_bf16_is_widened()
    {
        ushort[] bits = [.. Table.Select(Bf16)];
        float[] output = new float[Tokens.Length * Hidden];
        Embedding.Forward(Engine, Hidden, new EmbeddingArrays { Tokens = Tokens, TableBf16 = bits, Output = output });
        float[] wide = [.. bits.Select(value => BitConverter.UInt32BitsToSingle((uint)value << 16))];
        Assert.That(output, Is.EqualTo(Tokens.SelectMany(token => Row(wide, token))));
    }

    [Test]
    public void Gradients_of_a_token_are_added_in_their_order()
    {
        float[] gradient = RandomFloats(Tokens.Length * Hidden, 3, -1e6, 1e6);
        float[] table = [.. Table];
        Embedding.Backward(Engine, Hidden, Tokens, gradient, table);
        float[] expected = [.. Table];
        for (int i = 0; i < gradient.Length; i++)
        {
            expected[(Tokens[i / Hidden] * Hidden) + (i % Hidden)] += gradient[i];
        }

        Assert.That(table, Is.EqualTo(expected));
    }

    [Test]
    public void What_does_not_fit_is_refused()
    {
        float[] output = new float[Tokens.Length * Hidden];
        Assert.That(() => Forward(Tokens, default), Refuses("Table"));
        Assert.That(() => Forward(Tokens, Table.AsSpan(1).ToArray()), Refuses("Table"));
        Assert.That(() => Forward([0], Table), Refuses("Output"));
        Assert.That(() => Forward([0, 1, 2, 3, 4, 7], Table), Throws.ArgumentException.With.Message.Contains("token[5]"));
        Assert.That(
            () => Embedding.Forward(
                Engine, Hidden, new EmbeddingArrays { Tokens = Tokens, Table = Table, Positions = Positions, Output = output }),
            Refuses("Positions"));
        Assert.That(() => Embedding.Backward(Engine, 0, Tokens, output, Table), Refuses("hidden"));
        Assert.That(() => Embedding.Backward(Engine, Hidden, Tokens, [1], Table), Refuses("outputGradient"));

        void Forward(int[] tokens, float[]? table) => Embedding.Forward(
            Engine, Hidden, new EmbeddingArrays { Tokens = tokens, Table = table, Output = output });
    }

    [Test]
    public void Calls_allocate_nothing()
    {
        float[] gradient = new float[Tokens.Length * Hidden];
        float[] table = new float[7 * Hidden];
        Assert.That(AllocatedBy(() => Embedding.Backward(Engine, Hidden, Tokens, gradient, table)), Is.Zero);
    }

    private static IEnumerable<float> Row(float[] table, int row) => table.Skip(row * Hidden).Take(Hidden);
}
