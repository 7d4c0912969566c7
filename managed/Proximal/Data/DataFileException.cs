using System.Text;

namespace Proximal.Data;

/// <summary>A data file cannot be used: the message says which file, which line, what is wrong and the fix.</summary>
public sealed class DataFileException : Exception
{
    /// <summary>UTF-8 that refuses bytes which are none.</summary>
    internal static readonly UTF8Encoding Utf8 = new(false, throwOnInvalidBytes: true);

    /// <summary>Makes an exception for a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="line">The line, from 1; <see langword="null"/>: the file as a whole.</param>
    /// <param name="what">What is wrong there and the fix.</param>
    /// <param name="inner">What was thrown.</param>
    public DataFileException(string path, int? line, string what, Exception? inner = null)
        : base(line is null ? $"{path}: {what}" : $"{path}:{line}: {what}", inner)
    {
        Path = path;
        Line = line;
        What = what;
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>The line, from 1; <see langword="null"/>: the file as a whole.</summary>
    public int? Line { get; }

    /// <summary>The message without the place.</summary>
    internal string What { get; }

    /// <summary>The field that is wrong; <see langword="null"/>: the row or the file as a whole.</summary>
    internal string? Field { get; init; }

    /// <summary>What is wrong is that rows fit several forms.</summary>
    internal bool IsAmbiguous { get; init; }

    /// <summary>The field is not there.</summary>
    internal bool IsMissing { get; init; }

    /// <summary>The field is an empty text.</summary>
    internal bool IsEmpty { get; init; }

    /// <summary>The lines of a UTF-8 file, without their ends.</summary>
    /// <exception cref="DataFileException">The file is missing, cannot be read or is not UTF-8.</exception>
    internal static string[] ReadLines(string path, string what)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return Guard(path, what, () => File.ReadAllLines(path, Utf8));
    }

    /// <summary>The lines of a UTF-8 file, without their ends, each read when it is asked for.</summary>
    /// <exception cref="DataFileException">The file is missing, cannot be read or is not UTF-8.</exception>
    internal static IEnumerable<string> StreamLines(string path, string what)
    {
        using StreamReader reader = Open(path, what);
        while (Guard(path, what, reader.ReadLine) is { } line)
        {
            yield return line;
        }
    }

    /// <summary>Opens a UTF-8 file.</summary>
    /// <exception cref="DataFileException">The file is missing or cannot be read.</exception>
    internal static StreamReader Open(string path, string what)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return Guard(path, what, () => new StreamReader(path, Utf8));
    }

    /// <summary>Reads, and says of what cannot be read which file it is and why.</summary>
    /// <exception cref="DataFileException">The file is missing, cannot be read or is not UTF-8.</exception>
    internal static T Guard<T>(string path, string what, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (DecoderFallbackException exception)
        {
            throw new DataFileException(path, null, $"{what} is not UTF-8 text: {exception.Message}", exception);
        }
        catch (Exception exception) when (exception is InvalidDataException or EndOfStreamException or ZstdSharp.ZstdException)
        {
            throw new DataFileException(path, null, $"{what} is damaged, or not compressed as its name says: {exception.Message}; get it again, or rename it", exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            string reason = exception is FileNotFoundException or DirectoryNotFoundException
                ? "does not exist"
                : $"cannot be read: {exception.Message}";
            throw new DataFileException(path, null, $"{what} {reason}; expected a text file there", exception);
        }
    }
}
