#!/usr/bin/python3
"""Emits ClangSharp-form C# bindings for the plain C headers of the ABI, with the libclang of python3-clang-14.

Reads the same .rsp file as ClangSharpPInvokeGenerator, for the options this project uses, and writes the same files.
C beyond the subset (bit-fields, nested types, arrays of pointers, variadic functions) is refused by name, never
approximated.  --check compares with the committed files instead of writing, and exits 1 on any difference.
"""
import argparse
import difflib
import os
import re
import sys

from clang.cindex import CursorKind, Index, TranslationUnit, TypeKind

HERE = os.path.dirname(os.path.realpath(__file__))

KEYWORDS = set("""abstract as base bool break byte case catch char checked class const continue decimal default delegate
do double else enum event explicit extern false finally fixed float for foreach goto if implicit in int interface
internal is lock long namespace new null object operator out override params private protected public readonly ref
return sbyte sealed short sizeof stackalloc static string struct switch this throw true try typeof uint ulong
unchecked unsafe ushort using virtual void volatile while""".split())

BUILTIN_TYPES = {
    TypeKind.VOID: "void", TypeKind.BOOL: "bool", TypeKind.CHAR_S: "sbyte", TypeKind.CHAR_U: "byte",
    TypeKind.SCHAR: "sbyte", TypeKind.UCHAR: "byte", TypeKind.SHORT: "short", TypeKind.USHORT: "ushort",
    TypeKind.INT: "int", TypeKind.UINT: "uint", TypeKind.LONG: "nint", TypeKind.ULONG: "nuint",
    TypeKind.LONGLONG: "long", TypeKind.ULONGLONG: "ulong", TypeKind.FLOAT: "float", TypeKind.DOUBLE: "double"}

STANDARD_TYPEDEFS = {
    "int8_t": "sbyte", "uint8_t": "byte", "int16_t": "short", "uint16_t": "ushort", "int32_t": "int",
    "uint32_t": "uint", "intptr_t": "nint", "uintptr_t": "nuint", "size_t": "nuint", "ptrdiff_t": "nint"}

RECORDS = (CursorKind.STRUCT_DECL, CursorKind.UNION_DECL)

INTEGER = r"0[xX][0-9a-fA-F]+[uUlL]*|\d+[uUlL]*"
OPERATOR = r"[-+*/()|&^~]|<<|>>"


class Unsupported(Exception):
    """C outside the subset that this emitter maps."""


def identifier(name):
    return "@" + name if name in KEYWORDS else name


class Options:
    """The .rsp file: an option a line, its values on the lines after it."""

    LISTS = {"--config", "--file", "--traverse", "--define-macro", "--remap", "--with-type", "--with-access-specifier",
             "--include-directory", "--additional"}
    SINGLES = {"--language", "--std", "--namespace", "--methodClassName", "--libraryPath", "--output"}

    def __init__(self, path):
        self.lists = {name: [] for name in self.LISTS}
        self.singles = {}
        self._read(path)
        self.config = set(self.lists["--config"])
        self.remap = {**STANDARD_TYPEDEFS, **self._pairs("--remap")}
        self.enum_types = self._pairs("--with-type")
        self._access = self._pairs("--with-access-specifier")
        self.namespace = self.singles["--namespace"]
        self.method_class = self.singles["--methodClassName"]
        self.library = self.singles["--libraryPath"]
        self.output = self.singles["--output"]

    def _read(self, path):
        option = None
        with open(path, encoding="utf-8") as lines:
            for line in map(str.strip, lines):
                if not line or line.startswith("#"):
                    continue
                if line.startswith("--"):
                    option = line
                    if option not in self.LISTS | self.SINGLES:
                        sys.exit(f"{path}: option {option} is not one that this emitter knows")
                elif option in self.LISTS:
                    self.lists[option].append(line)
                else:
                    self.singles[option] = line

    def _pairs(self, name):
        return dict(value.split("=", 1) for value in self.lists[name])

    def access(self, name):
        return self._access.get(name, self._access.get("*", "Public")).lower()

    def compiler_arguments(self):
        arguments = ["-x", self.singles["--language"], "-std=" + self.singles["--std"], *self.lists["--additional"]]
        arguments += ["-D" + macro for macro in self.lists["--define-macro"]]
        return arguments + ["-I" + folder for folder in self.lists["--include-directory"]]


def unwrap(type_):
    """Looks through `struct x` spellings and typedefs."""
    while type_.kind in (TypeKind.ELABORATED, TypeKind.TYPEDEF):
        if type_.kind == TypeKind.ELABORATED:
            type_ = type_.get_named_type()
        else:
            type_ = type_.get_declaration().underlying_typedef_type
    return type_


def is_anonymous(declaration):
    return not declaration.spelling or "(" in declaration.spelling


class TypeMapper:
    """C types as C# spells them."""

    def __init__(self, remap):
        self._remap = remap

    def managed(self, type_):
        if type_.kind == TypeKind.ELABORATED:
            return self.managed(type_.get_named_type())
        if type_.kind == TypeKind.TYPEDEF:
            return self._typedef(type_)
        if type_.kind in BUILTIN_TYPES:
            return BUILTIN_TYPES[type_.kind]
        if type_.kind in (TypeKind.RECORD, TypeKind.ENUM):
            return identifier(type_.get_declaration().spelling)
        if type_.kind in (TypeKind.INCOMPLETEARRAY, TypeKind.CONSTANTARRAY):
            return self.managed(type_.element_type) + "*"
        if type_.kind == TypeKind.POINTER:
            return self._pointer(type_.get_pointee())
        raise Unsupported(f"type {type_.spelling!r} ({type_.kind})")

    def _typedef(self, type_):
        declaration = type_.get_declaration()
        if declaration.spelling in self._remap:
            return self._remap[declaration.spelling]
        underlying = declaration.underlying_typedef_type
        named = underlying.get_declaration()
        if named.kind in RECORDS + (CursorKind.ENUM_DECL,) and is_anonymous(named):
            return identifier(declaration.spelling)
        return self.managed(underlying)

    def _pointer(self, pointee):
        if pointee.get_canonical().kind != TypeKind.FUNCTIONPROTO:
            return self.managed(pointee) + "*"
        function = unwrap(pointee)
        if function.kind == TypeKind.UNEXPOSED:  # the parentheses of `void (*)(int)`
            function = pointee.get_canonical()
        signature = [self.managed(argument) for argument in function.argument_types()]
        signature.append(self.managed(function.get_result()))
        return f"delegate* unmanaged[Cdecl]<{', '.join(signature)}>"

    @staticmethod
    def native_name(type_, managed):
        """The C spelling, or None where the C# one says the same."""
        spelling = re.sub(r" ?\brestrict\b", "", type_.spelling)
        if spelling.endswith("*") and not spelling.endswith(("*)", "**", " *")):
            spelling = spelling[:-1].rstrip() + " *"
        same = spelling.replace(" *", "*").replace("* *", "**")
        return None if same == managed.replace("@", "") else spelling

    def annotated(self, type_):
        """The C# type and the attribute text (or "") that records the C one."""
        managed = self.managed(type_)
        native = self.native_name(type_, managed)
        return managed, f'NativeTypeName("{native}")' if native else ""


def expression(tokens):
    """A constant integer expression with C# suffixes and ClangSharp's spacing."""
    spelled = []
    for token in tokens:
        literal = re.fullmatch(r"(0[xX][0-9a-fA-F]+|\d+)([uUlL]*)", token)
        if literal:
            suffix = literal.group(2).upper()
            token = literal.group(1) + ("U" if "U" in suffix else "") + ("L" if "LL" in suffix else "")
        spelled.append(token)
    joined = re.sub(r"(^|[-+*/(|&^~] )([-+~]) ", r"\1\2", " ".join(spelled))
    return re.sub(r"\( ", "(", re.sub(r" \)", ")", joined))


def indent(lines):
    return ["    " + line if line else line for line in lines]


def separated(groups):
    """Groups of lines with an empty line between them."""
    lines = []
    for group in groups:
        lines += ([""] if lines else []) + group
    return lines


class Emitter:
    """Walks the headers and collects one text a C# file."""

    def __init__(self, options):
        self._options = options
        self._types = TypeMapper(options.remap)
        self._files = {}
        self._methods = []
        self._constants = []
        self._method_usings = {"System.Runtime.InteropServices"}

    def run(self):
        for header in self._options.lists["--file"]:
            self._header(header)
        access, name = self._options.access(self._options.method_class), self._options.method_class
        members = indent(separated(self._methods + self._constants))
        self._add(name, self._method_usings, [f"{access} static unsafe partial class {name}", "{", *members, "}"])
        if "generate-disable-runtime-marshalling" in self._options.config:
            self._files["DisableRuntimeMarshalling.cs"] = (
                "using System.Runtime.CompilerServices;\n\n[assembly: DisableRuntimeMarshalling]\n")
        return self._files

    def _header(self, header):
        unit = Index.create().parse(header, self._options.compiler_arguments(),
                                    options=TranslationUnit.PARSE_DETAILED_PROCESSING_RECORD)
        errors = [str(diagnostic) for diagnostic in unit.diagnostics if diagnostic.severity >= 3]
        if errors:
            sys.exit("\n".join(errors))
        wanted = {os.path.realpath(path) for path in self._options.lists["--traverse"] or [header]}
        missing = sorted(path for path in wanted if not os.path.exists(path))
        if missing:
            sys.exit("no such header: " + ", ".join(missing))
        cursors = [cursor for cursor in unit.cursor.get_children()
                   if cursor.location.file and os.path.realpath(cursor.location.file.name) in wanted]
        self._declarations(cursors)
        for cursor in cursors:
            if cursor.kind == CursorKind.MACRO_DEFINITION:
                self._macro(cursor)

    def _declarations(self, cursors):
        typedef_names = {}
        for cursor in cursors:
            if cursor.kind == CursorKind.TYPEDEF_DECL:
                typedef_names.setdefault(cursor.underlying_typedef_type.get_declaration().hash, cursor.spelling)
        done = set()
        for cursor in cursors:
            if cursor.kind in RECORDS + (CursorKind.ENUM_DECL,):
                declaration = cursor.get_definition() or cursor
                name = typedef_names.get(cursor.hash, "") if is_anonymous(declaration) else declaration.spelling
                emit = self._enum if cursor.kind == CursorKind.ENUM_DECL else self._record
            elif cursor.kind == CursorKind.FUNCTION_DECL:
                declaration, name, emit = cursor, cursor.spelling, self._function
            else:
                continue
            if name and name not in done:
                done.add(name)
                emit(declaration, name)

    def _add(self, name, usings, body):
        head = "".join(f"using {using};\n" for using in sorted(usings))
        self._files[name + ".cs"] = (
            (head + "\n" if head else "") + f"namespace {self._options.namespace};\n\n" + "\n".join(body) + "\n")

    def _enum(self, declaration, name):
        underlying = declaration.enum_type.get_canonical()
        base = self._options.enum_types.get(name, BUILTIN_TYPES[underlying.kind])
        body = []
        if BUILTIN_TYPES[underlying.kind] != "int":
            body.append(f'[NativeTypeName("{underlying.spelling}")]')
        body += [f"{self._options.access(name)} enum {identifier(name)}" + (f" : {base}" if base != "int" else ""), "{"]
        for constant in declaration.get_children():
            if constant.kind != CursorKind.ENUM_CONSTANT_DECL:
                continue
            tokens = [token.spelling for token in constant.get_tokens()]
            value = f" = {expression(tokens[2:])}" if tokens[1:2] == ["="] else ""
            body.append(f"    {identifier(constant.spelling)}{value},")
        self._add(name, set(), body + ["}"])

    def _record(self, declaration, name):
        fields, buffers, usings = [], [], set()
        unsafe = False
        union = declaration.kind == CursorKind.UNION_DECL
        for field in declaration.get_children():
            if field.kind != CursorKind.FIELD_DECL:
                raise Unsupported(f"nested type in {name}")
            if field.is_bitfield():
                raise Unsupported(f"bit-field {name}.{field.spelling}")
            if field.type.get_canonical().kind == TypeKind.CONSTANTARRAY:
                usings.add("System.Runtime.CompilerServices")
                lines, buffer = self._array_field(name, field)
                buffers.append(buffer)
            else:
                managed, attribute = self._types.annotated(field.type)
                unsafe |= "*" in managed
                lines = ([f"[{attribute}]"] if attribute else []) + [f"public {managed} {identifier(field.spelling)};"]
            fields.append((["[FieldOffset(0)]"] if union else []) + lines)
        access = self._options.access(name)
        head = f"{access} {'unsafe ' if unsafe else ''}partial struct {identifier(name)}"
        body = [head, "{", *indent(separated(fields + buffers)), "}"]
        if union:
            usings.add("System.Runtime.InteropServices")
            body.insert(0, "[StructLayout(LayoutKind.Explicit)]")
        self._add(name, usings, body)

    def _array_field(self, struct, field):
        array = unwrap(field.type)
        if array.element_type.get_canonical().kind in (TypeKind.POINTER, TypeKind.CONSTANTARRAY):
            raise Unsupported(f"array of pointers or arrays {struct}.{field.spelling}")
        buffer = f"_{field.spelling}_e__FixedBuffer"
        lines = [f'[NativeTypeName("{self._types.native_name(field.type, "")}")]',
                 f"public {buffer} {identifier(field.spelling)};"]
        return lines, [f"[InlineArray({array.element_count})]", f"public partial struct {buffer}", "{",
                       f"    public {self._types.managed(array.element_type)} e0;", "}"]

    def _function(self, declaration, name):
        if declaration.type.kind != TypeKind.FUNCTIONPROTO or declaration.type.is_function_variadic():
            raise Unsupported(f"variadic or unprototyped function {name} (write (void))")
        lines = [f'[DllImport("{self._options.library}", CallingConvention = CallingConvention.Cdecl, '
                 "ExactSpelling = true)]"]
        result, attribute = self._types.annotated(declaration.result_type)
        if attribute:
            lines.append(f"[return: {attribute}]")
        parameters = []
        for index, argument in enumerate(declaration.get_arguments()):
            managed, attribute = self._types.annotated(argument.type)
            prefix = f"[{attribute}] " if attribute else ""
            parameters.append(f"{prefix}{managed} {identifier(argument.spelling or f'param{index}')}")
        lines.append(f"public static extern {result} {identifier(name)}({', '.join(parameters)});")
        self._methods.append(lines)

    def _macro(self, definition):
        name, *value = [token.spelling for token in definition.get_tokens()]
        source = self._source(definition.extent)
        if not value or source[len(name):len(name) + 1] == "(":  # include guards, macros with parameters
            return
        text = re.sub(r"\s+", " ", source)
        quoted = text.replace("\\", "\\\\").replace('"', '\\"')
        self._constants.append([f'[NativeTypeName("#define {quoted}")]', self._constant(name, value, text)])

    @staticmethod
    def _source(extent):
        with open(extent.start.file.name, "rb") as header:
            return header.read()[extent.start.offset:extent.end.offset].decode("utf-8")

    def _constant(self, name, value, text):
        if len(value) == 1 and value[0].startswith('"'):
            self._method_usings.add("System")
            return f"public static ReadOnlySpan<byte> {name} => {value[0]}u8;"
        if len(value) == 1 and re.fullmatch(r"(\d+\.\d*|\.\d+|\d+(?=[eE]))([eE][-+]?\d+)?[fF]?", value[0]):
            return f"public const {'float' if value[0][-1] in 'fF' else 'double'} {name} = {value[0]};"
        if all(re.fullmatch(f"{INTEGER}|{OPERATOR}", token) for token in value):
            suffixes = "".join(token for token in value if token[0].isdigit()).upper()
            type_ = {(False, False): "int", (True, False): "uint", (False, True): "long", (True, True): "ulong"}
            return f"public const {type_['U' in suffixes, 'LL' in suffixes]} {name} = {expression(value)};"
        raise Unsupported(f"macro {name}: {text}")


def write(files, folder):
    os.makedirs(folder, exist_ok=True)
    for stale in set(generated(folder)) - set(files):
        os.remove(os.path.join(folder, stale))
    for name, text in files.items():
        with open(os.path.join(folder, name), "w", encoding="utf-8", newline="\n") as output:
            output.write(text)
    print(f"{len(files)} files written")
    return 0


def generated(folder):
    return [name for name in os.listdir(folder) if name.endswith(".cs")] if os.path.isdir(folder) else []


def check(files, folder):
    different = 0
    for name, text in sorted(files.items()):
        path = os.path.join(folder, name)
        committed = ""
        if os.path.exists(path):
            with open(path, encoding="utf-8-sig", newline="") as stream:
                committed = stream.read().replace("\r\n", "\n")
        if committed != text:
            different += 1
            sys.stdout.writelines(difflib.unified_diff(
                committed.splitlines(True), text.splitlines(True), "committed/" + name, "headers/" + name))
    for extra in sorted(set(generated(folder)) - set(files)):
        different += 1
        print("no longer in the headers:", extra)
    print(f"{len(files)} files from the headers, {different} differences")
    return 1 if different else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rsp", nargs="?", default=os.path.join(HERE, "proximal.rsp"))
    parser.add_argument("--output", help="another folder than the .rsp's")
    parser.add_argument("--check", action="store_true", help="compare with the committed files instead of writing")
    arguments = parser.parse_args()
    output = arguments.output and os.path.abspath(arguments.output)
    rsp = os.path.abspath(arguments.rsp)
    os.chdir(os.path.dirname(rsp))  # paths in the .rsp are relative to it
    options = Options(rsp)
    try:
        files = Emitter(options).run()
    except Unsupported as refusal:
        sys.exit(f"bindgen: not in the supported subset of C: {refusal}")
    return (check if arguments.check else write)(files, output or options.output)


if __name__ == "__main__":
    sys.exit(main())
