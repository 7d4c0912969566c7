using System.Collections.Concurrent;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Proximal.Configuration;

/// <summary>How a record is configured: its keys, in the order they are declared, and the constructor that makes it.</summary>
internal sealed class RecordShape
{
    private static readonly ConcurrentDictionary<Type, RecordShape> Shapes = new();

    private readonly Lazy<object> _blank;

    private RecordShape(Type type)
    {
        Type = type;
        Constructor = ChooseConstructor(type);
        var nullability = new NullabilityInfoContext();
        PropertyInfo[] properties = [.. type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(property => property.GetIndexParameters().Length == 0)
            .OrderBy(property => Depth(property.DeclaringType!))];
        ParameterInfo[] parameters = Constructor?.GetParameters() ?? [];
        var members = parameters
            .Select(parameter => RecordMember.Of(parameter, PropertyOf(properties, parameter), nullability))
            .ToList();
        members.AddRange(properties
            .Where(property => property.SetMethod is { IsPublic: true } && !parameters.Any(parameter => Same(property, parameter)))
            .Where(property => property.GetCustomAttribute<JsonIgnoreAttribute>() is null)
            .Select(property => RecordMember.Of(property, nullability)));
        Members = members;
        _blank = new Lazy<object>(() => Create(Members
            .Where(member => member is { Parameter: not null, IsRequired: true })
            .ToDictionary(member => member, member => member.Type.IsValueType ? Activator.CreateInstance(member.Type) : null)));
    }

    public Type Type { get; }

    /// <summary><see langword="null"/>: a struct's own.</summary>
    public ConstructorInfo? Constructor { get; }

    public IReadOnlyList<RecordMember> Members { get; }

    public IReadOnlyList<string> Keys => [.. Members.Select(member => member.Key)];

    public static RecordShape Of(Type type) => Shapes.GetOrAdd(type, static type => new RecordShape(type));

    /// <summary>The key of a name of C#: MaxNewTokens is max_new_tokens.</summary>
    public static string KeyOf(string name) => JsonNamingPolicy.SnakeCaseLower.ConvertName(name);

    /// <summary>Makes the record: the constructor first, then what is set by name.</summary>
    public object Create(IReadOnlyDictionary<RecordMember, object?> values)
    {
        object?[] arguments = [.. Members
            .Where(member => member.Parameter is not null)
            .Select(member => values.TryGetValue(member, out object? value) ? value : member.Parameter!.DefaultValue)];
        object record = Constructor is null
            ? RuntimeHelpers.GetUninitializedObject(Type)
            : Constructor.Invoke(BindingFlags.DoNotWrapExceptions, binder: null, arguments, culture: null);
        foreach ((RecordMember member, object? value) in values.Where(value => value.Key.Parameter is null))
        {
            member.Property!.SetMethod!.Invoke(record, BindingFlags.DoNotWrapExceptions, binder: null, [value], culture: null);
        }

        return record;
    }

    /// <summary>What a member is when its key is left out; it must have a default.</summary>
    public object? DefaultOf(RecordMember member) =>
        member.Property is { } property ? property.GetValue(_blank.Value) : member.Parameter!.DefaultValue;

    private static ConstructorInfo? ChooseConstructor(Type type)
    {
        ConstructorInfo[] constructors = [.. type.GetConstructors()
            .Where(constructor => constructor.GetParameters() is not [{ } only] || only.ParameterType != type)];
        return constructors.Length == 0 && !type.IsValueType
            ? throw new InvalidOperationException($"{type} cannot be configured: it has no public constructor.")
            : constructors.FirstOrDefault(constructor => constructor.GetParameters().Length == 0)
                ?? constructors.MaxBy(constructor => constructor.GetParameters().Length);
    }

    /// <summary>Base types' properties come first.</summary>
    private static int Depth(Type type) => type.BaseType is null ? 0 : 1 + Depth(type.BaseType);

    private static PropertyInfo? PropertyOf(PropertyInfo[] properties, ParameterInfo parameter) =>
        Array.Find(properties, property => Same(property, parameter));

    private static bool Same(PropertyInfo property, ParameterInfo parameter) =>
        string.Equals(property.Name, parameter.Name, StringComparison.OrdinalIgnoreCase);
}
