namespace Proximal.Tokenization.Models;

/// <summary>A set of texts with a number each, walked character by character.</summary>
internal sealed class CharacterTrie
{
    private readonly LongMap _edges = new(1024);
    private readonly List<int> _values = [-1];

    /// <summary>Where every walk starts.</summary>
    public const int Root = 0;

    /// <summary>Adds a text; false when it is there already.</summary>
    public bool Add(ReadOnlySpan<char> text, int value)
    {
        int node = Root;
        foreach (char c in text)
        {
            int next = Next(node, c);
            if (next < 0)
            {
                next = _values.Count;
                _values.Add(-1);
                _edges.TryAdd(Key(node, c), next);
            }

            node = next;
        }

        bool added = _values[node] < 0;
        _values[node] = added ? value : _values[node];
        return added;
    }

    /// <summary>The node after one more character, or -1.</summary>
    public int Next(int node, char c) => _edges.TryGet(Key(node, c), out long next) ? (int)next : -1;

    /// <summary>The number of the text that ends at a node, or -1.</summary>
    public int Value(int node) => _values[node];

    private static ulong Key(int node, char c) => ((ulong)(uint)node << 16) | c;
}
