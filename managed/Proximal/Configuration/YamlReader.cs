using System.Text;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Proximal.Configuration;

/// <summary>Reads a YAML text into nodes, within limits that no honest configuration reaches.</summary>
internal sealed class YamlReader
{
    public const int MaxBytes = 1 << 20;
    public const int MaxDepth = 32;
    public const int MaxNodes = 20_000;

    private readonly ConfigurationSource _source;
    private readonly string _text;
    private readonly Parser _parser;
    private readonly Dictionary<AnchorName, (ConfigurationNode Node, int Size)> _anchors = [];
    private int _nodes;

    private YamlReader(string text, ConfigurationSource source)
    {
        _source = source;
        _text = text;
        _parser = new Parser(new StringReader(text));
    }

    /// <summary>Reads a file. Every failure is a <see cref="ConfigurationException"/>.</summary>
    public static ConfigurationNode ReadFile(string path)
    {
        string full = Path.GetFullPath(path);
        var source = new ConfigurationSource(path, Path.GetDirectoryName(full) ?? full, IsOverride: false);
        return Read(ReadText(full, new ConfigurationPosition(source, 0, 0)), source);
    }

    /// <summary>Reads a text. Every failure is a <see cref="ConfigurationException"/>.</summary>
    public static ConfigurationNode Read(string text, ConfigurationSource source)
    {
        var reader = new YamlReader(text, source);
        try
        {
            return reader.ReadDocument();
        }
        catch (YamlException failure)
        {
            throw reader.SyntaxError(failure);
        }
        catch (Exception failure) when (failure is InvalidOperationException or ArgumentException)
        {
            // YamlDotNet's scanner gives up on some texts (a bracket within a flow's scalar, a tag that is no URI) without
            // saying where.
            throw new ConfigurationException(
                new ConfigurationPosition(source, 0, 0), string.Empty, $"is no YAML that can be read ({failure.Message}); check brackets, quotes and tags", failure);
        }
    }

    private static string ReadText(string path, ConfigurationPosition file)
    {
        if (Directory.Exists(path))
        {
            throw new ConfigurationException(file, string.Empty, "is a folder; name the YAML file in it");
        }

        byte[] bytes;
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            bytes = new byte[MaxBytes + 1];
            int count = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            bytes = bytes[..count];
        }
        catch (Exception failure) when (failure is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ConfigurationException(file, string.Empty, "does not exist; check the path", failure);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException(file, string.Empty, $"cannot be read ({failure.Message}); check its permissions", failure);
        }

        if (bytes.Length > MaxBytes)
        {
            throw new ConfigurationException(
                file, string.Empty, $"is larger than {MaxBytes} bytes, which no configuration is; check the path");
        }

        if (bytes.Contains((byte)0) || !System.Text.Unicode.Utf8.IsValid(bytes))
        {
            throw new ConfigurationException(file, string.Empty, "is not a text in UTF-8; check the path or save it as UTF-8");
        }

        return Encoding.UTF8.GetString(bytes).TrimStart('\uFEFF');
    }

    private ConfigurationNode ReadDocument()
    {
        _parser.Consume<StreamStart>();
        if (!_parser.TryConsume<DocumentStart>(out _))
        {
            return new MappingNode(new ConfigurationPosition(_source, 1, 1), []);
        }

        ConfigurationNode root = ReadNode(depth: 1);
        _parser.Consume<DocumentEnd>();
        if (_parser.TryConsume<DocumentStart>(out var second))
        {
            throw Error(second.Start, "a second document; a configuration is one: remove '---' and what follows");
        }

        return root;
    }

    private ConfigurationNode ReadNode(int depth)
    {
        int before = _nodes;
        ParsingEvent start = _parser.Current!;
        if (depth > MaxDepth)
        {
            throw Error(start.Start, $"nested more than {MaxDepth} deep; no key needs that");
        }

        if (_parser.TryConsume<AnchorAlias>(out var alias))
        {
            return Resolve(alias);
        }

        Count(start.Start, 1);
        if (start is NodeEvent { Tag.IsEmpty: false } tagged)
        {
            throw Error(start.Start, $"the tag {tagged.Tag.Value} is not used here; remove it");
        }

        ConfigurationNode node = start switch
        {
            Scalar => ReadScalar(),
            SequenceStart => ReadSequence(depth),
            _ => ReadMapping(depth),
        };
        if (start is NodeEvent { Anchor.IsEmpty: false } anchored)
        {
            _anchors[anchored.Anchor] = (node, _nodes - before);
        }

        return node;
    }

    private ScalarNode ReadScalar()
    {
        Scalar scalar = _parser.Consume<Scalar>();
        return new ScalarNode(PositionOf(scalar.Start), scalar.Value, scalar.Style is not ScalarStyle.Plain);
    }

    private SequenceNode ReadSequence(int depth)
    {
        SequenceStart start = _parser.Consume<SequenceStart>();
        var items = new List<ConfigurationNode>();
        while (!_parser.TryConsume<SequenceEnd>(out _))
        {
            items.Add(ReadNode(depth + 1));
        }

        return new SequenceNode(PositionOf(start.Start), items);
    }

    private MappingNode ReadMapping(int depth)
    {
        MappingStart start = _parser.Consume<MappingStart>();
        var entries = new List<MappingEntry>();
        var lines = new Dictionary<string, long>();
        while (!_parser.TryConsume<MappingEnd>(out _))
        {
            if (!_parser.TryConsume<Scalar>(out var key))
            {
                throw Error(_parser.Current!.Start, "a key that is not a word; keys are plain words");
            }

            if (!lines.TryAdd(key.Value, key.Start.Line))
            {
                throw new ConfigurationException(
                    PositionOf(key.Start), key.Value, $"given twice (first in line {lines[key.Value]}); keep one of them");
            }

            entries.Add(new MappingEntry(key.Value, PositionOf(key.Start), ReadNode(depth + 1)));
        }

        return new MappingNode(PositionOf(start.Start), entries);
    }

    private ConfigurationNode Resolve(AnchorAlias alias)
    {
        if (!_anchors.TryGetValue(alias.Value, out (ConfigurationNode Node, int Size) target))
        {
            throw Error(alias.Start, $"the alias *{alias.Value} has no anchor before it; write &{alias.Value} at the value first");
        }

        Count(alias.Start, target.Size);
        return target.Node;
    }

    /// <summary>Counts aliases at the size of what they stand for, so that no small text grows without bound.</summary>
    private void Count(Mark mark, int size)
    {
        _nodes += size;
        if (_nodes > MaxNodes)
        {
            throw Error(mark, $"more than {MaxNodes} values once aliases are expanded; no configuration needs that");
        }
    }

    private ConfigurationException SyntaxError(YamlException failure)
    {
        string reason = char.ToLowerInvariant(failure.Message[0]) + failure.Message[1..].TrimEnd('.');
        long tab = LineIndentedByTab();
        return tab > 0
            ? new ConfigurationException(
                new ConfigurationPosition(_source, tab, 1), string.Empty, "a tab in the indentation; indent with spaces", failure)
            : new ConfigurationException(
                PositionOf(failure.Start), string.Empty, $"not valid YAML ({reason}); correct this line or the one before it", failure);
    }

    private long LineIndentedByTab() => 1 + Array.FindIndex(
        _text.Split('\n'), line => line.AsSpan(0, line.Length - line.AsSpan().TrimStart().Length).Contains('\t'));

    private ConfigurationException Error(Mark mark, string text) => new(PositionOf(mark), string.Empty, text);

    private ConfigurationPosition PositionOf(Mark mark) => new(_source, mark.Line, mark.Column);
}
