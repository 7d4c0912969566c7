using System.Runtime.InteropServices;
using System.Text.Json;
using Proximal.ChatTemplates;

namespace Proximal.Data;

/// <summary>Examples and pairs as bytes: as they were read, and as they are learned, which is without the texts that have become tokens.</summary>
internal static class RowCodec
{
    /// <summary>Writes an example as it was read.</summary>
    public static void Write(BinaryWriter writer, SftExample example)
    {
        WriteText(writer, example.Prompt);
        writer.Write(example.Response);
        WriteConversation(writer, example.Conversation);
        writer.Write(example.PromptMessages);
        WritePlace(writer, example.File, example.Line);
    }

    /// <summary>Reads an example as it was read from its file.</summary>
    public static SftExample ReadExample(BinaryReader reader) => new()
    {
        Prompt = ReadText(reader),
        Response = reader.ReadString(),
        Conversation = ReadConversation(reader),
        PromptMessages = reader.ReadInt32(),
        File = ReadText(reader),
        Line = ReadLine(reader),
    };

    /// <summary>Writes an example as it is learned.</summary>
    public static void WriteEncoded(BinaryWriter writer, SftExample example)
    {
        WriteText(writer, example.Prompt);
        WriteTokens(writer, example.Tokens);
        writer.Write(example.PromptTokens);
        writer.Write(example.Learned.Length);
        writer.Write(MemoryMarshal.AsBytes(example.Learned.AsSpan()));
        WritePlace(writer, example.File, example.Line);
    }

    /// <summary>Reads an example that is learned.</summary>
    public static SftExample ReadEncodedExample(BinaryReader reader) => new()
    {
        Prompt = ReadText(reader),
        Tokens = ReadTokens(reader),
        PromptTokens = reader.ReadInt32(),
        Learned = [.. reader.ReadBytes(reader.ReadInt32()).Select(value => value != 0)],
        File = ReadText(reader),
        Line = ReadLine(reader),
    };

    /// <summary>Writes a pair as it was read.</summary>
    public static void Write(BinaryWriter writer, PreferencePair pair)
    {
        writer.Write(pair.Prompt);
        writer.Write(pair.Chosen);
        writer.Write(pair.Rejected);
        WriteConversation(writer, pair.ChosenConversation);
        WriteConversation(writer, pair.RejectedConversation);
        writer.Write(pair.Margin);
        WritePlace(writer, pair.File, pair.Line);
    }

    /// <summary>Reads a pair as it was read from its file.</summary>
    public static PreferencePair ReadPair(BinaryReader reader) => new()
    {
        Prompt = reader.ReadString(),
        Chosen = reader.ReadString(),
        Rejected = reader.ReadString(),
        ChosenConversation = ReadConversation(reader),
        RejectedConversation = ReadConversation(reader),
        Margin = reader.ReadDouble(),
        File = ReadText(reader),
        Line = ReadLine(reader),
    };

    /// <summary>Writes a pair as it is learned.</summary>
    public static void WriteEncoded(BinaryWriter writer, PreferencePair pair)
    {
        writer.Write(pair.Prompt);
        WriteTokens(writer, pair.ChosenTokens);
        WriteTokens(writer, pair.RejectedTokens);
        writer.Write(pair.Margin);
        WritePlace(writer, pair.File, pair.Line);
    }

    /// <summary>Reads a pair that is learned.</summary>
    public static PreferencePair ReadEncodedPair(BinaryReader reader) => new()
    {
        Prompt = reader.ReadString(),
        ChosenTokens = ReadTokens(reader),
        RejectedTokens = ReadTokens(reader),
        Margin = reader.ReadDouble(),
        File = ReadText(reader),
        Line = ReadLine(reader),
    };

    private static void WriteConversation(BinaryWriter writer, ChatRequest? conversation)
    {
        writer.Write(conversation is not null);
        if (conversation is null)
        {
            return;
        }

        writer.Write(conversation.Messages.GetRawText());
        WriteText(writer, Raw(conversation.Tools));
        WriteText(writer, Raw(conversation.Documents));
        writer.Write(conversation.Variables.Count);
        foreach ((string name, JsonElement value) in conversation.Variables)
        {
            writer.Write(name);
            writer.Write(value.GetRawText());
        }
    }

    private static ChatRequest? ReadConversation(BinaryReader reader)
    {
        if (!reader.ReadBoolean())
        {
            return null;
        }

        var request = new ChatRequest { Messages = JsonElement.Parse(reader.ReadString()), Tools = ReadElement(reader), Documents = ReadElement(reader) };
        var variables = new Dictionary<string, JsonElement>();
        for (int left = reader.ReadInt32(); left > 0; left--)
        {
            variables[reader.ReadString()] = JsonElement.Parse(reader.ReadString());
        }

        return request with { Variables = variables };
    }

    private static string? Raw(JsonElement element) => element.ValueKind == JsonValueKind.Undefined ? null : element.GetRawText();

    private static JsonElement ReadElement(BinaryReader reader) => ReadText(reader) is { } text ? JsonElement.Parse(text) : default;

    private static void WritePlace(BinaryWriter writer, string? file, int? line)
    {
        WriteText(writer, file);
        writer.Write(line ?? 0);
    }

    private static int? ReadLine(BinaryReader reader) => reader.ReadInt32() is > 0 and int line ? line : null;

    private static void WriteTokens(BinaryWriter writer, int[] tokens)
    {
        writer.Write(tokens.Length);
        writer.Write(MemoryMarshal.AsBytes(tokens.AsSpan()));
    }

    private static int[] ReadTokens(BinaryReader reader)
    {
        int[] tokens = new int[reader.ReadInt32()];
        reader.BaseStream.ReadExactly(MemoryMarshal.AsBytes(tokens.AsSpan()));
        return tokens;
    }

    private static void WriteText(BinaryWriter writer, string? text)
    {
        writer.Write(text is not null);
        if (text is not null)
        {
            writer.Write(text);
        }
    }

    private static string? ReadText(BinaryReader reader) => reader.ReadBoolean() ? reader.ReadString() : null;
}
