namespace Proximal.Data.Checking;

/// <summary>Logistic regression on differences of word counts: which words speak for an answer.</summary>
/// <remarks>
/// Minimises L(w) = sum log(1 + exp(-w d)) + ridge |w|^2 / 2 by Newton's method, whose steps are found by conjugate gradients and
/// halved until L falls enough (Nocedal and Wright 2006, algorithm 7.1). The sums run in the order of the rows on one thread, so that
/// the result is the same on every machine that rounds alike.
/// </remarks>
internal static class WordRegression
{
    private const int MostSteps = 100;
    private const int MostInnerSteps = 250;
    private const double Tolerance = 1e-8;
    private const double SufficientDecrease = 1e-4;

    /// <summary>The weights of the words.</summary>
    /// <param name="rows">Differences, chosen less rejected.</param>
    /// <param name="words">How many words there are.</param>
    /// <param name="ridge">The weight of the penalty, above 0.</param>
    public static double[] Fit(IReadOnlyList<WordDifference> rows, int words, double ridge)
    {
        double[] weights = new double[words];
        double[] gradient = Gradient(rows, weights, ridge, out double[] curvature);
        double start = Norm(gradient);
        for (int step = 0; step < MostSteps && Norm(gradient) > Tolerance * start; step++)
        {
            double[] direction = Direction(rows, gradient, curvature, ridge);
            if (!TryMove(rows, weights, direction, gradient, ridge))
            {
                break;
            }

            gradient = Gradient(rows, weights, ridge, out curvature);
        }

        return weights;
    }

    /// <summary>dL/dw, and the p (1 - p) of each row, p the probability that the chosen answer is chosen.</summary>
    private static double[] Gradient(IReadOnlyList<WordDifference> rows, double[] weights, double ridge, out double[] curvature)
    {
        double[] gradient = [.. weights.Select(weight => ridge * weight)];
        curvature = new double[rows.Count];
        for (int i = 0; i < rows.Count; i++)
        {
            double wrong = 1 / (1 + Math.Exp(rows[i].Dot(weights)));
            curvature[i] = wrong * (1 - wrong);
            rows[i].AddTo(gradient, -wrong);
        }

        return gradient;
    }

    /// <summary>The s of H s = -g, where H = sum p (1 - p) d d' + ridge I.</summary>
    private static double[] Direction(IReadOnlyList<WordDifference> rows, double[] gradient, double[] curvature, double ridge)
    {
        double[] solution = new double[gradient.Length];
        double[] residual = [.. gradient.Select(value => -value)];
        double[] search = [.. residual];
        double squares = Dot(residual, residual);
        double goal = squares * Math.Min(0.01, Math.Sqrt(squares) / 10);
        for (int step = 0; step < MostInnerSteps && squares > goal; step++)
        {
            double[] image = [.. search.Select(value => ridge * value)];
            for (int i = 0; i < rows.Count; i++)
            {
                rows[i].AddTo(image, curvature[i] * rows[i].Dot(search));
            }

            double length = squares / Dot(search, image);
            double before = squares;
            for (int i = 0; i < solution.Length; i++)
            {
                solution[i] += length * search[i];
                residual[i] -= length * image[i];
            }

            squares = Dot(residual, residual);
            for (int i = 0; i < search.Length; i++)
            {
                search[i] = residual[i] + (squares / before * search[i]);
            }
        }

        return solution;
    }

    private static bool TryMove(IReadOnlyList<WordDifference> rows, double[] weights, double[] direction, double[] gradient, double ridge)
    {
        double loss = Loss(rows, weights, ridge);
        double slope = Dot(gradient, direction);
        for (double length = 1; length > 1e-10; length /= 2)
        {
            double[] moved = [.. weights.Select((weight, i) => weight + (length * direction[i]))];
            if (Loss(rows, moved, ridge) <= loss + (SufficientDecrease * length * slope))
            {
                moved.CopyTo(weights, 0);
                return true;
            }
        }

        return false;
    }

    private static double Loss(IReadOnlyList<WordDifference> rows, double[] weights, double ridge)
    {
        double loss = ridge / 2 * Dot(weights, weights);
        foreach (WordDifference row in rows)
        {
            // log(1 + exp(-z)) without overflow.
            double z = row.Dot(weights);
            loss += Math.Max(0, -z) + Math.Log(1 + Math.Exp(-Math.Abs(z)));
        }

        return loss;
    }

    private static double Norm(double[] vector) => Math.Sqrt(Dot(vector, vector));

    private static double Dot(double[] a, double[] b)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i++)
        {
            sum += a[i] * b[i];
        }

        return sum;
    }
}
