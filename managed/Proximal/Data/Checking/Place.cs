namespace Proximal.Data.Checking;

/// <summary>Where a row is.</summary>
/// <param name="File">The file.</param>
/// <param name="Line">The line, from 1; <see langword="null"/>: the file as a whole.</param>
internal readonly record struct Place(string File, int? Line)
{
    /// <summary>As it is said in the problem of another row.</summary>
    public string SeenFrom(Place other) => File == other.File ? $"line {Line}" : $"{File}:{Line}";
}
