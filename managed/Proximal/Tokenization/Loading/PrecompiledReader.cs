using Proximal.Tokenization.Normalizers;

namespace Proximal.Tokenization.Loading;

/// <summary>Reads a "precompiled_charsmap": base64 of a compiled map of characters.</summary>
internal static class PrecompiledReader
{
    public static PrecompiledNormalizer Read(JsonPlace place)
    {
        try
        {
            return new PrecompiledNormalizer(CharacterMap.Read(Convert.FromBase64String(place.AsString())));
        }
        catch (Exception exception) when (exception is FormatException or InvalidDataException)
        {
            throw place.Corrupt($"no compiled map of characters: {exception.Message}", "Export the tokenizer again");
        }
    }
}
