namespace Proximal.Data.Checking;

/// <summary>A row that a run can use.</summary>
/// <param name="Place">Where it is.</param>
/// <param name="Split">The name of its split; <see langword="null"/>: it names none.</param>
/// <param name="Texts">The texts in the order of the roles; <see langword="null"/>: an example that is learned as a whole has no prompt.</param>
internal sealed record CheckedRow(Place Place, string? Split, string?[] Texts)
{
    /// <summary>The prompt, or the text.</summary>
    public string Prompt => Texts[0] ?? Texts[1]!;

    /// <summary>Of preferences: both answers are the same.</summary>
    public bool IsIdentical => Texts.Length == 3 && Texts[1] == Texts[2];
}
