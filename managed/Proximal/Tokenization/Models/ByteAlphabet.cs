namespace Proximal.Tokenization.Models;

/// <summary>GPT-2's alphabet: each byte as one printable character. Source: OpenAI's GPT-2 encoder.</summary>
internal static class ByteAlphabet
{
    private const int Shifted = 256;
    private static readonly char[] Characters = Build();
    private static readonly short[] Bytes = Invert();

    /// <summary>The character of a byte.</summary>
    public static char CharacterOf(byte value) => Characters[value];

    /// <summary>The byte of a character, or -1.</summary>
    public static int ByteOf(char character) => character < Bytes.Length ? Bytes[character] : -1;

    private static char[] Build()
    {
        char[] characters = new char[256];
        int next = Shifted;
        for (int value = 0; value < 256; value++)
        {
            bool printable = value is (>= 33 and <= 126) or (>= 161 and <= 172) or >= 174;
            characters[value] = (char)(printable ? value : next++);
        }

        return characters;
    }

    private static short[] Invert()
    {
        short[] bytes = new short[Characters.Max() + 1];
        Array.Fill(bytes, (short)-1);
        for (int value = 0; value < 256; value++)
        {
            bytes[Characters[value]] = (short)value;
        }

        return bytes;
    }
}
