using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Json.Serialization;

namespace Proximal.Configuration;

/// <summary>One key of a record.</summary>
/// <param name="Key">The key in YAML.</param>
/// <param name="Name">The property's name in C#.</param>
/// <param name="Type">What it holds.</param>
/// <param name="IsNullable">Nothing, or off, is a value.</param>
/// <param name="IsRequired">It has no default.</param>
/// <param name="IsPath">It is a path.</param>
/// <param name="Property">The property, where there is one.</param>
/// <param name="Parameter">The constructor's parameter, where there is one.</param>
internal sealed record RecordMember(
    string Key,
    string Name,
    Type Type,
    bool IsNullable,
    bool IsRequired,
    bool IsPath,
    PropertyInfo? Property,
    ParameterInfo? Parameter)
{
    public static RecordMember Of(PropertyInfo property, NullabilityInfoContext nullability) => new(
        KeyOf(property, property.Name),
        property.Name,
        property.PropertyType,
        nullability.Create(property).WriteState == NullabilityState.Nullable,
        property.IsDefined(typeof(RequiredMemberAttribute)),
        property.IsDefined(typeof(ConfigurationPathAttribute)),
        property,
        Parameter: null);

    public static RecordMember Of(ParameterInfo parameter, PropertyInfo? property, NullabilityInfoContext nullability) => new(
        KeyOf(property, parameter.Name!),
        property?.Name ?? parameter.Name!,
        parameter.ParameterType,
        nullability.Create(parameter).WriteState == NullabilityState.Nullable,
        !parameter.HasDefaultValue,
        parameter.IsDefined(typeof(ConfigurationPathAttribute)) || property?.IsDefined(typeof(ConfigurationPathAttribute)) == true,
        property,
        parameter);

    private static string KeyOf(PropertyInfo? property, string name) =>
        property?.GetCustomAttribute<JsonPropertyNameAttribute>()?.Name ?? RecordShape.KeyOf(name);
}
