namespace Proximal.Tests.Tokenization;

/// <summary>Writes SentencePiece models.</summary>
internal static class SentencePieceModels
{
    public const int Normal = 1;
    public const int Unknown = 2;
    public const int Control = 3;
    public const int UserDefined = 4;
    public const int BytePiece = 6;

    /// <summary>A model file.</summary>
    /// <param name="pieces">Text, score and kind; the index is the id.</param>
    /// <param name="type">1: Unigram, 2: BPE.</param>
    /// <param name="byteFallback">Whether unknown characters become bytes.</param>
    /// <param name="removeExtraSpaces">Whether runs of spaces shrink.</param>
    /// <param name="map">The compiled map of characters.</param>
    /// <param name="bos">The begin piece; -1: none.</param>
    /// <param name="eos">The end piece; -1: none.</param>
    public static byte[] Write(
        IEnumerable<(string Text, float Score, int Kind)> pieces,
        int type,
        bool byteFallback = false,
        bool removeExtraSpaces = false,
        byte[]? map = null,
        int bos = 1,
        int eos = 2)
    {
        ProtobufWriter model = new();
        foreach ((string text, float score, int kind) in pieces)
        {
            model.Bytes(1, new ProtobufWriter().Text(1, text).Single(2, score).Number(3, (ulong)kind).ToArray());
        }

        model.Bytes(2, new ProtobufWriter()
            .Number(3, (ulong)type).Number(35, byteFallback ? 1UL : 0).Number(41, (ulong)(long)bos).Number(42, (ulong)(long)eos).ToArray());
        ProtobufWriter normalizer = new ProtobufWriter().Text(1, "own").Number(3, 1).Number(4, removeExtraSpaces ? 1UL : 0).Number(5, 1);
        return model.Bytes(3, (map is null ? normalizer : normalizer.Bytes(2, map)).ToArray()).ToArray();
    }
}
