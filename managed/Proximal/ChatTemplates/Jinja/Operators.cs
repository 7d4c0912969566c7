using System.Numerics;
using System.Runtime.CompilerServices;

namespace Proximal.ChatTemplates.Jinja;

/// <summary>Python's operators, comparisons, truth and iteration.</summary>
internal static class Operators
{
    public static bool IsTrue(object? value) => value switch
    {
        null => false,
        bool truth => truth,
        BigInteger number => !number.IsZero,
        double number => number != 0,
        string text => text.Length > 0,
        Markup markup => markup.Text.Length > 0,
        List<object?> list => list.Count > 0,
        PythonTuple tuple => tuple.Items.Count > 0,
        PythonDictionary dictionary => dictionary.Count > 0,
        DictionaryView view => view.Source.Count > 0,
        PythonRange range => range.Count > 0,
        PythonBytes bytes => bytes.Bytes.Length > 0,
        Undefined { Kind: ChatTemplateErrorKind.Undefined } => false,
        Undefined undefined => throw undefined.Error(),
        _ => true,
    };

    /// <summary>The items of an iterable; null when the value is none.</summary>
    public static IEnumerable<object?>? TryIterate(object? value)
    {
        Work.Spend(value is List<object?> or PythonTuple or PythonDictionary or DictionaryView or PythonRange or PythonBytes ? Length(value) : 0);
        return ItemsOf(value);
    }

    private static IEnumerable<object?>? ItemsOf(object? value) => value switch
    {
        List<object?> list => list,
        PythonTuple tuple => tuple.Items,
        Group group => group.AsTuple().Items,
        PythonDictionary dictionary => dictionary.Select(entry => entry.Key),
        DictionaryView view => view.Items,
        PythonRange range => range.Items,
        string text => CodePoints.Split(text),
        Markup markup => CodePoints.Split(markup.Text),
        PythonBytes bytes => bytes.Bytes.Select(b => (object?)(BigInteger)b),
        PythonIterator iterator => iterator.Rest(),
        LoopContext loop => loop.Rest(),
        Undefined { Kind: ChatTemplateErrorKind.Undefined } => [],
        _ => null,
    };

    public static IEnumerable<object?> Iterate(object? value)
    {
        if (value is Undefined { Kind: not ChatTemplateErrorKind.Undefined } unsafeValue)
        {
            throw unsafeValue.Error();
        }

        return TryIterate(value) ?? throw TemplateError.Runtime($"'{PythonText.TypeName(value)}' object is not iterable");
    }

    public static int Length(object? value) => value switch
    {
        string text => CodePoints.Count(text),
        Markup markup => CodePoints.Count(markup.Text),
        List<object?> list => list.Count,
        PythonTuple tuple => tuple.Items.Count,
        Group => 2,
        PythonDictionary dictionary => dictionary.Count,
        DictionaryView view => view.Source.Count,
        PythonRange range => range.Count,
        PythonBytes bytes => bytes.Bytes.Length,
        Undefined { Kind: ChatTemplateErrorKind.Undefined } => 0,
        Undefined undefined => throw undefined.Error(),
        _ => throw TemplateError.Runtime($"object of type '{PythonText.TypeName(value)}' has no len()"),
    };

    public static bool AreEqual(object? left, object? right)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        SpendOnComparison(left, right);
        if (AsNumber(left) is { } a && AsNumber(right) is { } b)
        {
            return CompareNumbers(a, b) == 0;
        }

        return (left, right) switch
        {
            (null, null) => true,
            (string or Markup, string or Markup) => PythonText.Str(left) == PythonText.Str(right),
            (Undefined, Undefined) => true,
            (List<object?> x, List<object?> y) => SameItems(x, y),
            (PythonTuple x, PythonTuple y) => SameItems(x.Items, y.Items),
            (Group x, _) => AreEqual(x.AsTuple(), right is Group y ? y.AsTuple() : right),
            (_, Group y) => AreEqual(left, y.AsTuple()),
            (PythonRange x, PythonRange y) => SameItems(x.Items.ToList(), y.Items.ToList()),
            (PythonBytes x, PythonBytes y) => x.Bytes.AsSpan().SequenceEqual(y.Bytes),
            (PythonDictionary x, PythonDictionary y) => x.Count == y.Count
                && x.All(entry => y.TryGet(entry.Key, out object? other) && AreEqual(entry.Value, other)),
            _ => ReferenceEquals(left, right),
        };
    }

    public static int Hash(object? value)
    {
        Work.Spend(Work.Item);
        switch (value)
        {
            case null:
                return 0;
            case bool or BigInteger or double:
                return AsNumber(value) is BigInteger whole ? whole.GetHashCode() : ((double)value!).GetHashCode();
            case string text:
                Work.Spend(text.Length);
                return text.GetHashCode(StringComparison.Ordinal);
            case Markup markup:
                Work.Spend(markup.Text.Length);
                return markup.Text.GetHashCode(StringComparison.Ordinal);
            case PythonTuple tuple:
                RuntimeHelpers.EnsureSufficientExecutionStack();
                return tuple.Items.Aggregate(17, (hash, item) => HashCode.Combine(hash, Hash(item)));
            case List<object?> or PythonDictionary or DictionaryView:
                throw TemplateError.Runtime($"unhashable type: '{PythonText.TypeName(value)}'");
            default:
                return RuntimeHelpers.GetHashCode(value);
        }
    }

    /// <summary>Order of two values; an error when Python has none for them. NaN compares as unordered: null.</summary>
    public static int? Compare(object? left, object? right, string symbol)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        SpendOnComparison(left, right);
        if (AsNumber(left) is { } a && AsNumber(right) is { } b)
        {
            return CompareNumbers(a, b);
        }

        switch (left, right)
        {
            case (string or Markup, string or Markup):
                return CompareText(PythonText.Str(left), PythonText.Str(right));
            case (List<object?> x, List<object?> y):
                return CompareItems(x, y, symbol);
            case (PythonTuple or Group, PythonTuple or Group):
                return CompareItems([.. Iterate(left)], [.. Iterate(right)], symbol);
            case (Undefined undefined, _):
                throw undefined.Error();
            case (_, Undefined undefined):
                throw undefined.Error();
            default:
                throw TemplateError.Runtime(
                    $"'{symbol}' not supported between instances of '{PythonText.TypeName(left)}' and '{PythonText.TypeName(right)}'");
        }
    }

    public static bool Contains(object? container, object? item) => container switch
    {
        string or Markup => item is string or Markup
            ? StringMethods.Contains(PythonText.Str(container), PythonText.Str(item))
            : throw TemplateError.Runtime($"'in <string>' requires string as left operand, not {PythonText.TypeName(item)}"),
        PythonDictionary dictionary => dictionary.Contains(item),
        _ => (TryIterate(container)
              ?? throw TemplateError.Runtime($"argument of type '{PythonText.TypeName(container)}' is not iterable"))
            .Any(other => AreEqual(other, item)),
    };

    public static object? Negate(object? value) => AsNumber(value) switch
    {
        BigInteger number => -number,
        double number => -number,
        _ => throw BadUnary("-", value),
    };

    public static object? Plus(object? value) => AsNumber(value) ?? throw BadUnary("+", value);

    public static object? Binary(string symbol, object? left, object? right)
    {
        if (left is Undefined undefinedLeft)
        {
            throw undefinedLeft.Error();
        }

        if (right is Undefined undefinedRight)
        {
            throw undefinedRight.Error();
        }

        return symbol switch
        {
            "+" => Add(left, right),
            "*" when Repeated(left, right) is { } repeated => repeated,
            "%" when left is string or Markup => PercentFormat.Format(PythonText.Str(left), right),
            _ => Arithmetic(symbol, left, right),
        };
    }

    /// <summary>A number as BigInteger or double (True is 1); null for anything else.</summary>
    public static object? AsNumber(object? value) => value switch
    {
        bool truth => truth ? BigInteger.One : BigInteger.Zero,
        BigInteger or double => value,
        _ => null,
    };

    public static double ToDouble(object number) => number is double real ? real : (double)(BigInteger)number;

    /// <summary>An index or count: an integer that fits.</summary>
    public static int ToIndex(object? value)
    {
        if (AsNumber(value) is not BigInteger number)
        {
            throw value is Undefined undefined
                ? undefined.Error()
                : TemplateError.Runtime($"'{PythonText.TypeName(value)}' object cannot be interpreted as an integer");
        }

        return (int)BigInteger.Clamp(number, int.MinValue, int.MaxValue);
    }

    public static int CompareText(string left, string right)
    {
        // By code point: UTF-16 would put surrogates before U+E000.
        int common = left.AsSpan().CommonPrefixLength(right);
        if (common == left.Length || common == right.Length)
        {
            return left.Length.CompareTo(right.Length);
        }

        char a = left[common];
        char b = right[common];
        return char.IsSurrogate(a) != char.IsSurrogate(b) ? (char.IsSurrogate(a) ? 1 : -1) : a.CompareTo(b);
    }

    private static bool SameItems(IReadOnlyList<object?> left, IReadOnlyList<object?> right) =>
        left.Count == right.Count && left.Zip(right).All(pair => AreEqual(pair.First, pair.Second));

    private static int? CompareItems(List<object?> left, List<object?> right, string symbol)
    {
        for (int i = 0; i < Math.Min(left.Count, right.Count); i++)
        {
            if (!AreEqual(left[i], right[i]))
            {
                return Compare(left[i], right[i], symbol);
            }
        }

        return left.Count.CompareTo(right.Count);
    }

    private static int? CompareNumbers(object left, object right)
    {
        if (left is BigInteger a && right is BigInteger b)
        {
            return a.CompareTo(b);
        }

        double x = ToDouble(left);
        double y = ToDouble(right);
        if (double.IsNaN(x) || double.IsNaN(y))
        {
            return null;
        }

        // Exactly, where one side is an integer that a double cannot hold.
        return left is BigInteger whole && double.IsInteger(y) ? whole.CompareTo(new BigInteger(y))
            : right is BigInteger other && double.IsInteger(x) ? new BigInteger(x).CompareTo(other)
            : x.CompareTo(y);
    }

    /// <summary>Lists and tuples pay by their items.</summary>
    private static void SpendOnComparison(object? left, object? right) => Work.Spend(
        Work.Item + ((left, right) is (string or Markup, string or Markup) ? Math.Min(PythonText.Str(left).Length, PythonText.Str(right).Length) : 0));

    private static object Add(object? left, object? right)
    {
        if (AsNumber(left) is not null && AsNumber(right) is not null)
        {
            return Arithmetic("+", left, right);
        }

        switch (left, right)
        {
            case (string or Markup, string or Markup):
                string a = PythonText.Str(left);
                string b = PythonText.Str(right);
                CheckSum(a.Length, b.Length);
                return a + b;
            case (List<object?> x, List<object?> y):
                CheckSum(x.Count, y.Count);
                return new List<object?>([.. x, .. y]);
            case (PythonTuple x, PythonTuple y):
                CheckSum(x.Items.Count, y.Items.Count);
                return new PythonTuple([.. x.Items, .. y.Items]);
            case (string or Markup, _):
                throw TemplateError.Runtime($"can only concatenate str (not \"{PythonText.TypeName(right)}\") to str");
            case (List<object?>, _):
                throw TemplateError.Runtime($"can only concatenate list (not \"{PythonText.TypeName(right)}\") to list");
            default:
                throw BadOperands("+", left, right);
        }
    }

    private static void CheckSum(long left, long right)
    {
        Limits.CheckLength(left + right);
        Work.Spend(left + right);
    }

    private static object? Repeated(object? left, object? right)
    {
        (object? sequence, object? times) = left is string or Markup or List<object?> or PythonTuple ? (left, right) : (right, left);
        if (sequence is not (string or Markup or List<object?> or PythonTuple) || AsNumber(times) is not BigInteger)
        {
            return null;
        }

        int length = sequence is string text ? text.Length : Length(sequence);
        int count = length == 0 ? 0 : Math.Max(0, ToIndex(times)); // nothing a billion times is nothing, but takes seconds
        Limits.CheckLength((long)count * length);
        return sequence switch
        {
            List<object?> list => Enumerable.Repeat(list, count).SelectMany(items => items).ToList(),
            PythonTuple tuple => new PythonTuple([.. Enumerable.Repeat(tuple.Items, count).SelectMany(items => items)]),
            _ => string.Concat(Enumerable.Repeat(PythonText.Str(sequence), count)),
        };
    }

    private static object Arithmetic(string symbol, object? left, object? right)
    {
        object a = AsNumber(left) ?? throw BadOperands(symbol, left, right);
        object b = AsNumber(right) ?? throw BadOperands(symbol, left, right);
        Work.SpendOn(a);
        Work.SpendOn(b);
        if (symbol is "/" or "//" or "%" && !IsTrue(b))
        {
            throw TemplateError.Runtime(symbol == "/" || a is BigInteger && b is BigInteger && symbol == "/"
                ? "division by zero"
                : "integer division or modulo by zero");
        }

        object result = a is BigInteger x && b is BigInteger y && symbol != "/" ? Integers(symbol, x, y) : Reals(symbol, ToDouble(a), ToDouble(b));
        Work.SpendOn(result);
        return result;
    }

    private static object Integers(string symbol, BigInteger x, BigInteger y)
    {
        if (x.GetBitLength() + y.GetBitLength() > Limits.Bits)
        {
            throw TemplateError.Limit("an integer with too many digits");
        }

        switch (symbol)
        {
            case "+": return x + y;
            case "-": return x - y;
            case "*": return x * y;
            case "//": return FloorDivide(x, y);
            case "%": return x - (FloorDivide(x, y) * y);
            default: return Power(x, y);
        }
    }

    private static BigInteger FloorDivide(BigInteger x, BigInteger y)
    {
        BigInteger quotient = BigInteger.DivRem(x, y, out BigInteger remainder);
        return !remainder.IsZero && remainder.Sign != y.Sign ? quotient - 1 : quotient;
    }

    private static object Power(BigInteger x, BigInteger y)
    {
        if (y.Sign < 0)
        {
            return x.IsZero
                ? throw TemplateError.Runtime("zero to a negative power")
                : Math.Pow((double)x, (double)y);
        }

        if (BigInteger.Abs(x) <= 1)
        {
            return y.IsEven ? (y.IsZero ? BigInteger.One : BigInteger.Abs(x)) : x;
        }

        return y * x.GetBitLength() <= Limits.Bits
            ? BigInteger.Pow(x, (int)y)
            : throw TemplateError.Limit("an integer with too many digits");
    }

    private static double Reals(string symbol, double x, double y) => symbol switch
    {
        "+" => x + y,
        "-" => x - y,
        "*" => x * y,
        "/" => x / y,
        "//" => Math.Floor(x / y),
        "%" => x - (Math.Floor(x / y) * y),
        _ => Math.Pow(x, y),
    };

    private static TemplateError BadOperands(string symbol, object? left, object? right) => TemplateError.Runtime(
        $"unsupported operand type(s) for {symbol}: '{PythonText.TypeName(left)}' and '{PythonText.TypeName(right)}'");

    private static TemplateError BadUnary(string symbol, object? value) => value is Undefined undefined
        ? undefined.Error()
        : TemplateError.Runtime($"bad operand type for unary {symbol}: '{PythonText.TypeName(value)}'");
}
