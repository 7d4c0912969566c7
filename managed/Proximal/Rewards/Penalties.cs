using Proximal.Evaluation;
using Proximal.Internal;

namespace Proximal.Rewards;

/// <summary>Penalties of length and repetition as pure functions; all results are at most 0.</summary>
public static class Penalties
{
    /// <summary>-min(max(0, L - (Lmax - buffer)), buffer) / buffer · factor: DAPO's soft overlong penalty, capped.</summary>
    /// <param name="length">L, tokens of the response.</param>
    /// <param name="maximum">Lmax: from here on the whole factor is taken off.</param>
    /// <param name="buffer">Tokens before Lmax in which the penalty grows; 1 to Lmax.</param>
    /// <param name="factor">The largest penalty; at least 0.</param>
    /// <remarks>DAPO, arXiv 2503.14476.</remarks>
    public static double Overlong(int length, int maximum, int buffer, double factor = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfLessThan(maximum, 1);
        Require.Between(buffer, 1, maximum);
        Require.NotNegative(factor);
        int over = Math.Min(Math.Max(0, length - (maximum - buffer)), buffer);
        return -(over / (double)buffer) * factor;
    }

    /// <summary>(1 - unique / all n-grams) times a largest penalty of at most 0; 0 for fewer than n tokens.</summary>
    /// <param name="tokens">The response.</param>
    /// <param name="n">Tokens of an n-gram, at least 1.</param>
    /// <param name="maximum">The penalty of endless repetition, at most 0.</param>
    public static double Repetition(int[] tokens, int n, double maximum = -1)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(maximum, 0);
        return NGramStatistics.Repetition(tokens, n) * maximum;
    }
}
