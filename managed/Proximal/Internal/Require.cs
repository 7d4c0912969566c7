using System.Runtime.CompilerServices;

namespace Proximal.Internal;

/// <summary>Argument checks whose messages say what was expected and what came.</summary>
internal static class Require
{
    public static void Positive(double value, [CallerArgumentExpression(nameof(value))] string name = "")
    {
        if (!(value > 0) || double.IsInfinity(value))
        {
            throw new ArgumentOutOfRangeException(name, value, "Expected a finite number above 0.");
        }
    }

    public static void PositiveOrInfinity(double value, [CallerArgumentExpression(nameof(value))] string name = "")
    {
        if (!(value > 0))
        {
            throw new ArgumentOutOfRangeException(name, value, "Expected a number above 0; infinity switches it off.");
        }
    }

    public static void NotNegative(double value, [CallerArgumentExpression(nameof(value))] string name = "")
    {
        if (!(value >= 0) || double.IsInfinity(value))
        {
            throw new ArgumentOutOfRangeException(name, value, "Expected a finite number of at least 0.");
        }
    }

    public static void AboveOneOrInfinity(double value, [CallerArgumentExpression(nameof(value))] string name = "")
    {
        if (!(value > 1))
        {
            throw new ArgumentOutOfRangeException(name, value, "Expected a number above 1; infinity switches it off.");
        }
    }

    /// <summary>A probability: 0 to 1, with or without 0.</summary>
    public static void Probability(
        double value, bool zero, [CallerArgumentExpression(nameof(value))] string name = "")
    {
        if (!(value >= 0 && value <= 1) || (value == 0 && !zero))
        {
            throw new ArgumentOutOfRangeException(
                name, value, zero ? "Expected a number from 0 to 1." : "Expected a number above 0 and at most 1.");
        }
    }

    public static void Finite(double value, [CallerArgumentExpression(nameof(value))] string name = "")
    {
        if (!double.IsFinite(value))
        {
            throw new ArgumentOutOfRangeException(name, value, "Expected a finite number.");
        }
    }

    public static void OpenUnitInterval(double value, [CallerArgumentExpression(nameof(value))] string name = "")
    {
        if (!(value > 0 && value < 1))
        {
            throw new ArgumentOutOfRangeException(name, value, "Expected a number strictly between 0 and 1.");
        }
    }

    public static void Defined<T>(T value, [CallerArgumentExpression(nameof(value))] string name = "")
        where T : struct, Enum
    {
        if (!Enum.IsDefined(value))
        {
            throw new ArgumentOutOfRangeException(name, value, $"Not a {typeof(T).Name}.");
        }
    }

    public static void AtLeast(long value, long least, [CallerArgumentExpression(nameof(value))] string name = "")
    {
        if (value < least)
        {
            throw new ArgumentOutOfRangeException(name, value, $"Expected a whole number of at least {least}.");
        }
    }

    public static void Between(
        int value, int least, int most, [CallerArgumentExpression(nameof(value))] string name = "")
    {
        if (value < least || value > most)
        {
            throw new ArgumentOutOfRangeException(name, value, $"Expected a whole number from {least} to {most}.");
        }
    }

    public static void NotNull(object? value, [CallerArgumentExpression(nameof(value))] string name = "") =>
        ArgumentNullException.ThrowIfNull(value, name);

    public static void NotBlank(string? value, [CallerArgumentExpression(nameof(value))] string name = "")
    {
        if (string.IsNullOrWhiteSpace(value))
        {
            throw new ArgumentException($"{name} is empty: give it a value.", name);
        }
    }

    /// <summary>An array that must be there and fit.</summary>
    public static void Length(
        ReadOnlyMemory<float> values, int expected, [CallerArgumentExpression(nameof(values))] string name = "")
    {
        if (values.Length != expected)
        {
            throw new ArgumentException($"Expected {expected} entries, got {values.Length}.", name);
        }
    }

    /// <summary>An array that is empty (not given) or fits.</summary>
    public static void OptionalLength(
        ReadOnlyMemory<float> values, int expected, [CallerArgumentExpression(nameof(values))] string name = "")
    {
        if (!values.IsEmpty)
        {
            Length(values, expected, name);
        }
    }
}
