using System.Reflection;
using System.Reflection.Emit;
using Proximal.Interop;

namespace Proximal.Tests.Interop;

/// <summary>The layout of the bindings as the runtime has it, in the words of tests/native/abi_layout.c.</summary>
internal static class NativeLayout
{
    public static IReadOnlyList<Type> Types { get; } =
        [.. typeof(NativeMethods).Assembly.GetTypes().Where(type => type.Name.StartsWith("px_", StringComparison.Ordinal))];

    public static IEnumerable<Type> Structs =>
        Types.Where(type => type.IsValueType && !type.IsEnum && Fields(type).Length > 0);

    public static IEnumerable<MethodInfo> Imports =>
        typeof(NativeMethods).GetMethods(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static)
            .Where(method => method.Attributes.HasFlag(MethodAttributes.PinvokeImpl));

    public static IEnumerable<string> Describe()
    {
        yield return $"constant PX_ABI_VERSION {NativeMethods.PX_ABI_VERSION}";
        foreach (Type type in Types.Where(type => type.IsEnum))
        {
            yield return $"enum {type.Name} {SizeOf(type)}";
            foreach (string name in Enum.GetNames(type))
            {
                yield return $"value {type.Name}.{name} {Convert.ToInt64(Enum.Parse(type, name), null)}";
            }
        }

        foreach (Type type in Structs)
        {
            yield return $"struct {type.Name} {SizeOf(type)}";
            foreach (FieldInfo field in Fields(type))
            {
                yield return $"field {type.Name}.{field.Name} {OffsetOf(type, field)} {SizeOf(field.FieldType)}";
            }
        }
    }

    /// <summary>The size that the runtime gives a type in unmanaged memory.</summary>
    public static int SizeOf(Type type)
    {
        var method = new DynamicMethod("size", typeof(int), null, typeof(NativeLayout).Module, skipVisibility: true);
        ILGenerator code = method.GetILGenerator();
        code.Emit(OpCodes.Sizeof, type.IsPointer || type.IsFunctionPointer ? typeof(nint) : type);
        code.Emit(OpCodes.Ret);
        return method.CreateDelegate<Func<int>>()();
    }

    private static int OffsetOf(Type type, FieldInfo field)
    {
        var method = new DynamicMethod("offset", typeof(int), null, typeof(NativeLayout).Module, skipVisibility: true);
        ILGenerator code = method.GetILGenerator();
        LocalBuilder local = code.DeclareLocal(type);
        code.Emit(OpCodes.Ldloca, local);
        code.Emit(OpCodes.Ldflda, field);
        code.Emit(OpCodes.Conv_U);
        code.Emit(OpCodes.Ldloca, local);
        code.Emit(OpCodes.Conv_U);
        code.Emit(OpCodes.Sub);
        code.Emit(OpCodes.Conv_I4);
        code.Emit(OpCodes.Ret);
        return method.CreateDelegate<Func<int>>()();
    }

    private static FieldInfo[] Fields(Type type) =>
        type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic);
}
