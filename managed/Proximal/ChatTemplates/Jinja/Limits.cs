namespace Proximal.ChatTemplates.Jinja;

/// <summary>What a template may use: a template comes from a file that somebody else wrote.</summary>
internal static class Limits
{
    /// <summary>Characters of one text, or items of one list.</summary>
    public const long Length = 1 << 24;

    /// <summary>Steps of one rendering: nodes evaluated and items gone through.</summary>
    public const long Steps = 20_000_000;

    /// <summary>Characters and items that one rendering makes in all.</summary>
    public const long Total = 1 << 28;

    /// <summary>Characters that one rendering goes through, and as many for whatever takes as long.</summary>
    public const long Work = 1 << 29;

    /// <summary>Calls inside each other.</summary>
    public const int Depth = 200;

    /// <summary>Bits of an integer.</summary>
    public const long Bits = 1 << 16;

    /// <summary>Characters of a template.</summary>
    public const int Source = 1 << 22;

    public static void CheckLength(long length)
    {
        if (length > Length)
        {
            throw TemplateError.Limit($"a value of {length} characters or items; the most is {Length}");
        }
    }
}
