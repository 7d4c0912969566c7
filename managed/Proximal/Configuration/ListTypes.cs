using System.Collections;

namespace Proximal.Configuration;

/// <summary>The collections that a configuration may hold.</summary>
internal static class ListTypes
{
    private static readonly Type[] Lists =
        [typeof(List<>), typeof(IReadOnlyList<>), typeof(IList<>), typeof(IReadOnlyCollection<>), typeof(ICollection<>), typeof(IEnumerable<>)];

    private static readonly Type[] Dictionaries = [typeof(Dictionary<,>), typeof(IReadOnlyDictionary<,>), typeof(IDictionary<,>)];

    /// <summary>What a list holds, or <see langword="null"/> when the type is no list.</summary>
    public static Type? ItemOf(Type type) =>
        type.IsSZArray ? type.GetElementType() : Is(type, Lists) ? type.GetGenericArguments()[0] : null;

    /// <summary>What a dictionary with text keys holds, or <see langword="null"/> when the type is none.</summary>
    public static Type? ValueOf(Type type) =>
        Is(type, Dictionaries) && type.GetGenericArguments() is [{ } key, { } value] && key == typeof(string) ? value : null;

    public static object MakeList(Type type, Type item, IReadOnlyList<object?> values)
    {
        var array = Array.CreateInstance(item, values.Count);
        for (int i = 0; i < values.Count; i++)
        {
            array.SetValue(values[i], i);
        }

        return type.IsGenericType && type.GetGenericTypeDefinition() == typeof(List<>)
            ? Activator.CreateInstance(type, array)!
            : array;
    }

    public static object MakeDictionary(Type value, IEnumerable<KeyValuePair<string, object?>> entries)
    {
        var dictionary = (IDictionary)Activator.CreateInstance(typeof(Dictionary<,>).MakeGenericType(typeof(string), value))!;
        foreach ((string key, object? item) in entries)
        {
            dictionary.Add(key, item);
        }

        return dictionary;
    }

    private static bool Is(Type type, Type[] definitions) =>
        type.IsGenericType && definitions.Contains(type.GetGenericTypeDefinition());
}
