using System.Numerics;

namespace Proximal.ChatTemplates.Jinja;

/// <summary>
/// What a rendering has looked at, in characters. An operation on a large value is one step of the
/// template, yet not of the machine. Of the thread: a rendering stays on one, and operators have no interpreter at hand.
/// </summary>
internal static class Work
{
    /// <summary>Characters that take as long as one hash, one comparison or one character made a text of its own.</summary>
    public const int Item = 16;

    [ThreadStatic]
    private static long _done;

    public static void Begin() => _done = 0;

    public static void Spend(long size)
    {
        _done += size;
        if (_done > Limits.Work)
        {
            throw TemplateError.Limit($"more than {Limits.Work} characters looked at, or as much work of another kind");
        }
    }

    /// <summary>An operation goes through a text or the digits of an integer; collections are paid for item by item.</summary>
    public static void SpendOn(object? value) => Spend(value switch
    {
        string text => text.Length,
        Markup markup => markup.Text.Length,
        // Multiplying and writing take the square of the digits.
        BigInteger number when number.GetBitLength() is var bits and > 64 => bits * bits >> 15,
        _ => 0,
    });

    /// <summary>A search may compare most of the pattern at each place, some characters at once.</summary>
    public static void SpendOnSearch(string text, string pattern) => Spend(text.Length * (1 + (pattern.Length / 64L)));
}
