using System.Globalization;

namespace Proximal.Reports;

/// <summary>A range of numbers with ticks at round ones.</summary>
/// <param name="Low">Where it starts.</param>
/// <param name="High">Where it ends, above <paramref name="Low"/>.</param>
/// <param name="Step">From one tick to the next.</param>
internal sealed record PlotAxis(double Low, double High, double Step)
{
    private const double Intervals = 4;

    /// <summary>The ticks, from low to high.</summary>
    public IEnumerable<double> Ticks
    {
        get
        {
            long first = (long)Math.Ceiling((Low / Step) - 1e-6);
            for (long i = first; i * Step <= High + (Step * 1e-6); i++)
            {
                yield return i * Step;
            }
        }
    }

    /// <summary>An axis over values; 0 to 1 when there are none.</summary>
    /// <param name="values">Finite numbers.</param>
    /// <param name="margin">Share of the range to leave free at both ends.</param>
    /// <param name="whole">Ticks at whole numbers only.</param>
    public static PlotAxis Over(IEnumerable<double> values, double margin, bool whole)
    {
        double low = double.PositiveInfinity;
        double high = double.NegativeInfinity;
        foreach (double value in values)
        {
            low = Math.Min(low, value);
            high = Math.Max(high, value);
        }

        (low, high) = low <= high ? (low, high) : (0, 1);
        if (high - low <= 1e-9 * Math.Max(Math.Abs(low), Math.Abs(high)))
        {
            double around = high == 0 ? 1 : Math.Abs(high) / 2;
            (low, high) = (low - around, high + around);
        }

        // Halves: the range of huge numbers of both signs would overflow.
        double half = (high / 2) - (low / 2);
        double free = margin * half * 2;
        double step = Round(half / (Intervals / 2));
        return new PlotAxis(
            Math.Max(low - free, -double.MaxValue), Math.Min(high + free, double.MaxValue), whole ? Math.Max(1, step) : step);
    }

    /// <summary>Where a value lies, 0 at the low end, 1 at the high end.</summary>
    public double Share(double value) => ((value / 2) - (Low / 2)) / ((High / 2) - (Low / 2));

    /// <summary>A tick as text, with the decimals that tell it from its neighbours.</summary>
    public string Label(double tick)
    {
        double largest = Math.Max(Math.Abs(Low), Math.Abs(High));
        if (largest is >= 1e6 or < 1e-3)
        {
            return tick == 0 ? "0" : tick.ToString("0.##e+0", CultureInfo.InvariantCulture);
        }

        int decimals = Math.Max(0, (int)-Math.Floor(Math.Log10(Step) + 1e-9));
        return tick.ToString("F" + decimals.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
    }

    private static double Round(double rough)
    {
        double power = Math.Pow(10, Math.Floor(Math.Log10(rough)));
        double share = rough / power;
        return power * (share < 1.5 ? 1 : share < 3.5 ? 2 : share < 7.5 ? 5 : 10);
    }
}
