"""Writes Text/UnicodeTables.cs: what Unicode normalisation needs, from Python's unicodedata (the Unicode Character Database).

    python3 unicode_tables.py            writes the file beside this folder
    python3 unicode_tables.py --check    fails when the committed file is another one

The runtime cannot do it: with InvariantGlobalization string.Normalize returns its input unchanged.
"""
import pathlib
import sys
import unicodedata

TARGET = pathlib.Path(__file__).resolve().parent.parent / "Text" / "UnicodeTables.cs"
WIDTH = 110


def code_points():
    """Every code point but surrogates and Hangul syllables, which decompose by arithmetic."""
    return (c for c in range(0x110000) if not 0xD800 <= c < 0xE000 and not 0xAC00 <= c <= 0xD7A3)


def escaped(text):
    return "".join(f"\\u{u:04X}" for u in (int.from_bytes(text.encode("utf-16-be")[i:i + 2], "big")
                                           for i in range(0, len(text.encode("utf-16-be")), 2)))


def literal(records):
    """Records as a concatenation of string literals, each line of whole records."""
    lines, line = [], ""
    for record in map(escaped, records):
        if line and len(line) + len(record) > WIDTH:
            lines.append(line)
            line = ""
        line += record
    lines.append(line)
    return " +\n        ".join(f'"{line}"' for line in lines)


def classes():
    """Runs of equal combining class."""
    runs = []
    for c in code_points():
        k = unicodedata.combining(chr(c))
        if k and runs and runs[-1][1] == c - 1 and runs[-1][2] == k:
            runs[-1][1] = c
        elif k:
            runs.append([c, c, k])
    return runs


def main():
    canonical, compatible, compositions = [], [], []
    for c in code_points():
        rule = unicodedata.decomposition(chr(c))
        if not rule:
            continue
        if rule.startswith("<"):
            compatible.append(chr(c) + unicodedata.normalize("NFKD", chr(c)) + "\0")
            continue
        canonical.append(chr(c) + unicodedata.normalize("NFD", chr(c)) + "\0")
        parts = [chr(int(p, 16)) for p in rule.split()]
        if len(parts) == 2 and unicodedata.normalize("NFC", chr(c)) == chr(c):
            compositions.append("".join(parts) + chr(c))
    also = [chr(c) + unicodedata.normalize("NFKD", chr(c)) + "\0" for c in code_points()
            if unicodedata.decomposition(chr(c)) and not unicodedata.decomposition(chr(c)).startswith("<")
            and unicodedata.normalize("NFKD", chr(c)) != unicodedata.normalize("NFD", chr(c))]
    runs = ",\n        ".join(f"0x{a:X}, 0x{b:X}, {k}" for a, b, k in classes())
    text = f"""// Written by generation/unicode_tables.py from the Unicode Character Database {unicodedata.unidata_version}; do not edit.
namespace Proximal.Tokenization.Text;

/// <summary>Decompositions, compositions and combining classes; Hangul is arithmetic and not listed.</summary>
internal static class UnicodeTables
{{
    /// <summary>Records: code point, its full canonical decomposition, U+0000.</summary>
    public const string Canonical =
        {literal(canonical)};

    /// <summary>Records: code point, its full compatibility decomposition where that is not the canonical one, U+0000.</summary>
    public const string Compatible =
        {literal(compatible + also)};

    /// <summary>Records of three code points: two that follow each other and what they compose to.</summary>
    public const string Compositions =
        {literal(compositions)};

    /// <summary>Triples: first and last code point of a run and its combining class, which is not 0.</summary>
    public static ReadOnlySpan<int> CombiningClasses =>
    [
        {runs},
    ];
}}
"""
    if "--check" in sys.argv:
        raise SystemExit(TARGET.read_text(encoding="utf-8") != text)
    TARGET.write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
