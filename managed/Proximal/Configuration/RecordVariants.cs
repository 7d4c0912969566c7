using System.Reflection;
using System.Text.Json.Serialization;

namespace Proximal.Configuration;

/// <summary>The kinds of a record that a key such as <c>type</c> chooses between, as JsonDerivedType declares them.</summary>
/// <param name="Discriminator">The key that chooses.</param>
/// <param name="Types">The kinds by name, in the order they are declared.</param>
internal sealed record RecordVariants(string Discriminator, IReadOnlyList<KeyValuePair<string, Type>> Types)
{
    public IReadOnlyList<string> Names => [.. Types.Select(type => type.Key)];

    /// <summary>The kinds of a type, or <see langword="null"/> when it has none.</summary>
    public static RecordVariants? Of(Type type)
    {
        KeyValuePair<string, Type>[] types = [.. type.GetCustomAttributes<JsonDerivedTypeAttribute>(inherit: false)
            .Select(kind => KeyValuePair.Create(NameOf(type, kind), kind.DerivedType))];
        return types.Length == 0
            ? null
            : new(type.GetCustomAttribute<JsonPolymorphicAttribute>(inherit: false)?.TypeDiscriminatorPropertyName ?? "type", types);
    }

    private static string NameOf(Type type, JsonDerivedTypeAttribute kind) => kind.TypeDiscriminator as string
        ?? throw new InvalidOperationException($"{type}: the kind {kind.DerivedType} needs a name in its JsonDerivedType.");
}
