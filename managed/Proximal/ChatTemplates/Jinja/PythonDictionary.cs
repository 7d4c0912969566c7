using System.Collections;
using System.Diagnostics.CodeAnalysis;

namespace Proximal.ChatTemplates.Jinja;

/// <summary>A dict: keeps the order of insertion; 1, 1.0 and True are the same key, of which the first stays.</summary>
internal sealed class PythonDictionary : IEnumerable<KeyValuePair<object?, object?>>
{
    private readonly Dictionary<Key, int> _places = [];
    private readonly List<KeyValuePair<object?, object?>> _entries = [];

    public int Count => _entries.Count;

    public object? this[object? key]
    {
        set
        {
            if (_places.TryGetValue(new Key(key), out int place))
            {
                _entries[place] = new(_entries[place].Key, value);
            }
            else
            {
                _places.Add(new Key(key), _entries.Count);
                _entries.Add(new(key, value));
            }
        }
    }

    public bool TryGet(object? key, [MaybeNullWhen(true)] out object? value)
    {
        bool found = _places.TryGetValue(new Key(key), out int place);
        value = found ? _entries[place].Value : null;
        return found;
    }

    public bool Contains(object? key) => _places.ContainsKey(new Key(key));

    public IEnumerator<KeyValuePair<object?, object?>> GetEnumerator() => _entries.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private readonly struct Key(object? value) : IEquatable<Key>
    {
        private readonly object? _value = value;
        private readonly int _hash = Operators.Hash(value);

        public bool Equals(Key other) => _hash == other._hash && Operators.AreEqual(_value, other._value);

        public override bool Equals(object? obj) => obj is Key other && Equals(other);

        public override int GetHashCode() => _hash;
    }
}
