namespace Proximal.Data;

/// <summary>A document of a text file or a row, or a part of one that is too long to be held at once.</summary>
/// <param name="Text">The text; empty only where the document ends behind a part that came before.</param>
/// <param name="Begins">The document begins with it.</param>
/// <param name="Ends">The document ends with it.</param>
/// <param name="File">The file it is from.</param>
/// <param name="Line">The line it begins in, from 1.</param>
internal readonly record struct TextPart(string Text, bool Begins, bool Ends, string File, int Line);
