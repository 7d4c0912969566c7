using System.Diagnostics;

namespace Proximal.Interop;

/// <summary>Records how the C header spells a type where C# spells it differently; kept in debug builds only.</summary>
/// <param name="name">The C spelling.</param>
[AttributeUsage(
    AttributeTargets.Enum | AttributeTargets.Property | AttributeTargets.Field | AttributeTargets.Parameter | AttributeTargets.ReturnValue)]
[Conditional("DEBUG")]
internal sealed class NativeTypeNameAttribute(string name) : Attribute
{
    /// <summary>The C spelling.</summary>
    public string Name { get; } = name;
}
