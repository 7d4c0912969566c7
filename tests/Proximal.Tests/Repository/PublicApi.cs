using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace Proximal.Tests.Repository;

/// <summary>What a program that references an assembly can use, a line a member, in the order of the names.</summary>
internal static class PublicApi
{
    private const BindingFlags Declared =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    /// <summary>The lines of every public type of an assembly.</summary>
    public static string[] Of(Assembly assembly) =>
        [.. assembly.GetExportedTypes().SelectMany(Lines).Order(StringComparer.Ordinal)];

    private static IEnumerable<string> Lines(Type type)
    {
        string name = Name(type);
        yield return $"{name}: {Kind(type)}{Bases(type)}";
        if (typeof(Delegate).IsAssignableFrom(type))
        {
            yield return $"{name}{Parameters(type.GetMethod("Invoke")!)}";
            yield break;
        }

        foreach (MemberInfo member in type.GetMembers(Declared))
        {
            if (Line(member) is { } line)
            {
                yield return $"{name}.{line}";
            }
        }
    }

    /// <summary>The text of a member; <see langword="null"/>: it is not to be seen, or stands for another one.</summary>
    private static string? Line(MemberInfo member) => member switch
    {
        ConstructorInfo constructor when IsVisible(constructor) && !constructor.IsStatic => $"new{Parameters(constructor)}",
        MethodInfo method when IsVisible(method) && !IsAccessor(method) && !IsCompilers(method) =>
            $"{Modifiers(method)}{method.Name}{Generics(method)}{Parameters(method)}: {Text(method.ReturnParameter)}",
        PropertyInfo property when property.GetAccessors(true).Any(IsVisible) && !IsCompilers(property) =>
            $"{Modifiers(property.GetAccessors(true).First(IsVisible))}{property.Name}{Indices(property)}: {Text(property)} {{{Accessors(property)}}}",
        FieldInfo field when (field.IsPublic || field.IsFamily || field.IsFamilyOrAssembly) && !field.IsSpecialName =>
            $"{(field.IsLiteral ? "const " : field.IsStatic ? "static " : "")}{field.Name}: {Text(field)}{Constant(field)}",
        EventInfo declared when declared.AddMethod is { } add && IsVisible(add) => $"event {declared.Name}: {Name(declared.EventHandlerType!)}",
        _ => null,
    };

    private static bool IsVisible(MethodBase method) => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly;

    private static bool IsAccessor(MethodInfo method) => method.IsSpecialName && !method.Name.StartsWith("op_", StringComparison.Ordinal);

    /// <summary>What the compiler adds to every record says nothing that the kind does not say.</summary>
    private static bool IsCompilers(MemberInfo member) => member.IsDefined(typeof(CompilerGeneratedAttribute), inherit: false);

    private static string Kind(Type type) =>
        type.IsEnum ? "enum"
        : type.IsInterface ? "interface"
        : typeof(Delegate).IsAssignableFrom(type) ? "delegate"
        : (type.IsAbstract && type.IsSealed ? "static " : type.IsAbstract ? "abstract " : type.IsSealed && !type.IsValueType ? "sealed " : "")
            + (IsRecord(type) ? "record " : "") + (type.IsValueType ? "struct" : "class");

    private static bool IsRecord(Type type) =>
        type.GetMethod("<Clone>$", Declared) is not null
        || (type.IsValueType && type.GetMethod("PrintMembers", Declared)?.IsDefined(typeof(CompilerGeneratedAttribute)) == true);

    private static string Bases(Type type)
    {
        IEnumerable<Type> bases = type.IsValueType || type.BaseType is null || type.BaseType == typeof(object) || type.IsSubclassOf(typeof(Delegate))
            ? []
            : [type.BaseType];
        IEnumerable<string> interfaces = type.IsEnum || type.IsSubclassOf(typeof(Delegate))
            ? []
            : type.GetInterfaces().Where(face => face.IsVisible).Select(Name).Order(StringComparer.Ordinal);
        string[] names = [.. bases.Select(Name), .. interfaces];
        return names.Length == 0 ? "" : $" : {string.Join(", ", names)}";
    }

    private static string Modifiers(MethodInfo method) =>
        (method.IsFamily || method.IsFamilyOrAssembly ? "protected " : "")
        + (method.IsStatic ? "static " : "")
        + (method.DeclaringType!.IsInterface ? "" : method.IsAbstract ? "abstract " : method.IsVirtual && !method.IsFinal ? "virtual " : "");

    private static string Generics(MethodInfo method) =>
        method.IsGenericMethod ? $"<{string.Join(", ", method.GetGenericArguments().Select(argument => argument.Name))}>" : "";

    private static string Parameters(MethodBase method) => $"({string.Join(", ", method.GetParameters().Select(Parameter))})";

    private static string Indices(PropertyInfo property) =>
        property.GetIndexParameters() is { Length: > 0 } indices ? $"[{string.Join(", ", indices.Select(Parameter))}]" : "";

    private static string Parameter(ParameterInfo parameter) =>
        (parameter.IsDefined(typeof(ParamArrayAttribute)) ? "params " : parameter.IsOut ? "out " : parameter.IsIn ? "in " : parameter.ParameterType.IsByRef ? "ref " : "")
        + $"{Text(parameter)} {parameter.Name}"
        + (parameter.HasDefaultValue ? $" = {Value(parameter.RawDefaultValue)}" : "");

    private static string Accessors(PropertyInfo property) =>
        string.Join(' ', new[]
        {
            property.GetMethod is { } get && IsVisible(get) ? "get;" : "",
            property.SetMethod is { } set && IsVisible(set) ? IsInit(set) ? "init;" : "set;" : "",
            property.IsDefined(typeof(RequiredMemberAttribute)) ? "required" : "",
        }.Where(text => text.Length > 0));

    private static bool IsInit(MethodInfo set) => set.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit));

    private static string Constant(FieldInfo field) => field.IsLiteral ? $" = {Value(field.GetRawConstantValue())}" : "";

    private static string Value(object? value) => value switch
    {
        null => "null",
        string text => $"\"{text}\"",
        bool flag => flag ? "true" : "false",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };

    private static string Text(ParameterInfo parameter) => Nullable(Name(parameter.ParameterType), new NullabilityInfoContext().Create(parameter), parameter.ParameterType);

    private static string Text(PropertyInfo property) => Nullable(Name(property.PropertyType), new NullabilityInfoContext().Create(property), property.PropertyType);

    private static string Text(FieldInfo field) => Nullable(Name(field.FieldType), new NullabilityInfoContext().Create(field), field.FieldType);

    private static string Nullable(string name, NullabilityInfo info, Type type) =>
        !type.IsValueType && (info.ReadState == NullabilityState.Nullable || info.WriteState == NullabilityState.Nullable) ? name + "?" : name;

    private static string Name(Type type)
    {
        if (type.IsByRef || type.IsPointer)
        {
            return Name(type.GetElementType()!) + (type.IsPointer ? "*" : "");
        }

        if (type.IsArray)
        {
            return $"{Name(type.GetElementType()!)}[{new string(',', type.GetArrayRank() - 1)}]";
        }

        if (type.IsGenericParameter)
        {
            return type.Name;
        }

        string name = type.IsNested ? $"{Name(type.DeclaringType!)}.{type.Name}" : $"{type.Namespace}.{type.Name}";
        return type.IsGenericType
            ? $"{name.Split('`')[0]}<{string.Join(", ", type.GetGenericArguments().Select(Name))}>"
            : name;
    }
}
