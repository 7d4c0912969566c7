namespace Proximal.Reports;

/// <summary>One metric over the steps of a run.</summary>
/// <param name="Name">The metric's name.</param>
/// <param name="Points">Step and value, in the order of the steps; finite values only.</param>
public sealed record Curve(string Name, IReadOnlyList<(double X, double Y)> Points)
{
    /// <summary>The first value; NaN when there is none.</summary>
    public double First => Points.Count > 0 ? Points[0].Y : double.NaN;

    /// <summary>The last value; NaN when there is none.</summary>
    public double Last => Points.Count > 0 ? Points[^1].Y : double.NaN;

    /// <summary>The smallest value; NaN when there is none.</summary>
    public double Min => Points.Count > 0 ? Points.Min(point => point.Y) : double.NaN;

    /// <summary>The largest value; NaN when there is none.</summary>
    public double Max => Points.Count > 0 ? Points.Max(point => point.Y) : double.NaN;

    /// <summary>A curve of fewer points that looks the same: of each stretch the lowest and the highest point are kept.</summary>
    /// <param name="most">The most points, at least 2.</param>
    public Curve Thin(int most)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(most, 2);
        if (Points.Count <= most)
        {
            return this;
        }

        int stretches = most / 2;
        var kept = new List<(double X, double Y)>(most);
        for (int i = 0; i < stretches; i++)
        {
            int begin = (int)((long)Points.Count * i / stretches);
            int end = (int)((long)Points.Count * (i + 1) / stretches);
            int low = begin;
            int high = begin;
            for (int p = begin + 1; p < end; p++)
            {
                low = Points[p].Y < Points[low].Y ? p : low;
                high = Points[p].Y > Points[high].Y ? p : high;
            }

            kept.Add(Points[Math.Min(low, high)]);
            if (low != high)
            {
                kept.Add(Points[Math.Max(low, high)]);
            }
        }

        return this with { Points = kept };
    }

    /// <summary>The exponential moving average: e_1 = y_1, e_t = e_(t-1) + 2 / (span + 1) (y_t - e_(t-1)).</summary>
    /// <param name="span">Points that an average is about; at least 1.</param>
    public Curve Smooth(int span)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(span, 1);
        double share = 2.0 / (span + 1);
        double average = First;
        var smooth = new (double X, double Y)[Points.Count];
        for (int i = 0; i < smooth.Length; i++)
        {
            average += share * (Points[i].Y - average);
            smooth[i] = (Points[i].X, average);
        }

        return this with { Points = smooth };
    }
}
