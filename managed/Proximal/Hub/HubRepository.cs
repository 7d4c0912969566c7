using System.Diagnostics.CodeAnalysis;

namespace Proximal.Hub;

/// <summary>A model of a hub at a revision: <c>ORG/NAME</c>, <c>NAME</c>, <c>ORG/NAME@REVISION</c>.</summary>
/// <param name="Id">ORG/NAME.</param>
/// <param name="Revision">A branch, a tag or a commit.</param>
internal sealed record HubRepository(string Id, string Revision)
{
    private const string DefaultRevision = "main";
    private const int LongestName = 96;
    private const int LongestRevision = 250;
    private const int CommitLength = 40;

    /// <summary>The folder of the cache that holds it.</summary>
    public string FolderName => "models--" + Id.Replace("/", "--", StringComparison.Ordinal);

    /// <summary>Whether a text is a commit: 40 hexadecimal digits.</summary>
    public static bool IsCommit(string text) => text.Length == CommitLength && IsHexadecimal(text);

    /// <summary>Whether all letters are lower-case hexadecimal digits.</summary>
    public static bool IsHexadecimal(string text) => text.All(char.IsAsciiHexDigitLower);

    /// <summary>Reads what a person writes.</summary>
    /// <exception cref="ArgumentException">It is no name of a model.</exception>
    public static HubRepository Parse(string text) => TryParse(text, out HubRepository? repository)
        ? repository
        : throw new ArgumentException(
            $"'{Shown(text)}' is no model of a hub: expected ORG/NAME or ORG/NAME@REVISION, of letters, digits, '-', '_' and '.'; two dots or hyphens in a row, or one at an end, are not allowed.",
            nameof(text));

    /// <summary>The same; false where it is none.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out HubRepository? repository)
    {
        int at = text.IndexOf('@', StringComparison.Ordinal);
        string id = at < 0 ? text : text[..at];
        string revision = at < 0 ? DefaultRevision : text[(at + 1)..];
        string[] parts = id.Split('/');
        repository = parts.Length is 1 or 2 && Array.TrueForAll(parts, IsName) && id.Length <= LongestName && IsRevision(revision)
            ? new HubRepository(id, revision)
            : null;
        return repository is not null;
    }

    private static bool IsName(string name) =>
        name.Length > 0 && Array.TrueForAll(name.ToCharArray(), IsLetter) && name[0] is not ('-' or '.') && name[^1] is not ('-' or '.')
        && !name.Contains("..", StringComparison.Ordinal) && !name.Contains("--", StringComparison.Ordinal);

    /// <summary>It becomes a path below refs.</summary>
    private static bool IsRevision(string revision) =>
        revision.Length is > 0 and <= LongestRevision && revision.Split('/').All(part => HubFileName.IsSafePart(part) && Array.TrueForAll(part.ToCharArray(), letter => IsLetter(letter) || letter == '+'));

    private static bool IsLetter(char letter) => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' or '.';

    private static string Shown(string text) => new([.. text.Take(LongestName).Select(letter => char.IsControl(letter) ? '?' : letter)]);
}
