using System.Text;

namespace Proximal.Tokenization.Loading;

/// <summary>The content of a SentencePiece model. Source: sentencepiece_model.proto.</summary>
internal sealed record SentencePieceFile
{
    /// <summary>A piece.</summary>
    /// <param name="Text">Its text.</param>
    /// <param name="Score">Its log-probability, or of byte-pair models minus its rank.</param>
    /// <param name="Kind">What it is.</param>
    internal readonly record struct Piece(string Text, float Score, SentencePieceKind Kind);

    /// <summary>The pieces; the index is the id.</summary>
    public List<Piece> Pieces { get; } = [];

    /// <summary>1: Unigram, 2: BPE; others exist.</summary>
    public int ModelType { get; private set; } = 1;

    /// <summary>Whether unknown characters become byte pieces.</summary>
    public bool ByteFallback { get; private set; }

    /// <summary>Whether the dummy space stands at the end.</summary>
    public bool SpaceAsSuffix { get; private set; }

    /// <summary>The id of the piece that begins a sequence; below 0: none.</summary>
    public int BosId { get; private set; } = 1;

    /// <summary>The id of the piece that ends a sequence; below 0: none.</summary>
    public int EosId { get; private set; } = 2;

    /// <summary>The id of the piece that fills rows up; below 0: none.</summary>
    public int PadId { get; private set; } = -1;

    /// <summary>The compiled map of characters; may be empty.</summary>
    public byte[] CharacterMap { get; private set; } = [];

    /// <summary>Whether a space is put before the text.</summary>
    public bool AddDummyPrefix { get; private set; } = true;

    /// <summary>Whether runs of spaces shrink to one and those at the ends vanish.</summary>
    public bool RemoveExtraSpaces { get; private set; } = true;

    /// <summary>Whether a space is written as U+2581.</summary>
    public bool EscapeSpaces { get; private set; } = true;

    /// <summary>Reads a file.</summary>
    public static SentencePieceFile Read(string path)
    {
        byte[] bytes = FileBytes.Read(path);
        try
        {
            SentencePieceFile file = new();
            file.ReadModel(bytes);
            return file.Pieces.Count > 0 ? file : throw new InvalidDataException("it has no pieces");
        }
        catch (Exception exception) when (exception is InvalidDataException or DecoderFallbackException)
        {
            throw new TokenizerException(
                ProximalStatus.CorruptData, path, "", $"no SentencePiece model: {exception.Message}", "Fetch the file again");
        }
    }

    private void ReadModel(ReadOnlySpan<byte> message)
    {
        ProtobufReader reader = new(message);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    Pieces.Add(ReadPiece(reader.Bytes));
                    break;
                case 2:
                    ReadTrainer(reader.Bytes);
                    break;
                case 3:
                    ReadNormalizer(reader.Bytes);
                    break;
            }
        }
    }

    private static Piece ReadPiece(ReadOnlySpan<byte> message)
    {
        ProtobufReader reader = new(message);
        Piece piece = new("", 0, SentencePieceKind.Normal);
        while (reader.Next())
        {
            piece = reader.Field switch
            {
                1 => piece with { Text = StrictUtf8.GetString(reader.Bytes) },
                2 => piece with { Score = reader.Single },
                3 => piece with { Kind = (SentencePieceKind)reader.Number },
                _ => piece,
            };
        }

        return piece;
    }

    private void ReadTrainer(ReadOnlySpan<byte> message)
    {
        ProtobufReader reader = new(message);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 3:
                    ModelType = (int)reader.Number;
                    break;
                case 24:
                    SpaceAsSuffix = reader.Number != 0;
                    break;
                case 35:
                    ByteFallback = reader.Number != 0;
                    break;
                case 41:
                    BosId = (int)reader.Number;
                    break;
                case 42:
                    EosId = (int)reader.Number;
                    break;
                case 43:
                    PadId = (int)reader.Number;
                    break;
            }
        }
    }

    private void ReadNormalizer(ReadOnlySpan<byte> message)
    {
        ProtobufReader reader = new(message);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 2:
                    CharacterMap = reader.Bytes.ToArray();
                    break;
                case 3:
                    AddDummyPrefix = reader.Number != 0;
                    break;
                case 4:
                    RemoveExtraSpaces = reader.Number != 0;
                    break;
                case 5:
                    EscapeSpaces = reader.Number != 0;
                    break;
            }
        }
    }

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
}
