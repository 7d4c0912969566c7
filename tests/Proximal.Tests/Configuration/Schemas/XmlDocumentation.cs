using System.Reflection;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Proximal.Configuration;

namespace Proximal.Tests.Configuration.Schemas;

/// <summary>The summaries of an assembly's documentation, in the words of a YAML file: names of properties are keys.</summary>
internal sealed partial class XmlDocumentation
{
    private readonly Dictionary<string, XElement> _summaries;

    private XmlDocumentation(Dictionary<string, XElement> summaries) => _summaries = summaries;

    public static XmlDocumentation Of(Assembly assembly) => new(XDocument.Load(Path.ChangeExtension(assembly.Location, ".xml"))
        .Descendants("member")
        .Where(member => member.Element("summary") is not null)
        .ToDictionary(member => member.Attribute("name")!.Value, member => member.Element("summary")!));

    /// <summary>The summary of a type, a property or an enum's value; <see langword="null"/>: it has none.</summary>
    public string? this[MemberInfo member] => _summaries.TryGetValue(NameOf(member), out XElement? summary) ? Render(summary) : null;

    private static string NameOf(MemberInfo member) => member switch
    {
        Type type => $"T:{type.FullName}",
        PropertyInfo => $"P:{member.DeclaringType!.FullName}.{member.Name}",
        _ => $"F:{member.DeclaringType!.FullName}.{member.Name}",
    };

    private static string Render(XElement element) => Spaces().Replace(string.Concat(element.Nodes().Select(Render)), " ").Trim();

    private static string Render(XNode node) => node switch
    {
        XText text => text.Value,
        XElement { Name.LocalName: "see" } see => see.Value.Length > 0 ? see.Value
            : see.Attribute("langword")?.Value ?? NameIn(see.Attribute("cref")!.Value),
        XElement element => Render(element),
        _ => string.Empty,
    };

    /// <summary>A type's name, or the key of a property and the name of a value.</summary>
    private static string NameIn(string reference)
    {
        string name = reference[(reference.LastIndexOf('.') + 1)..];
        return reference[0] is 'P' or 'F' ? RecordShape.KeyOf(name) : name;
    }

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
