using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Proximal.Models.Formats;

/// <summary>Key-values of a GGUF file (version 3, little-endian) that is to be written.</summary>
internal sealed class GgufKeyValues
{
    private const uint UInt32Type = 4;
    private const uint Int32Type = 5;
    private const uint Float32Type = 6;
    private const uint BoolType = 7;
    private const uint TextType = 8;
    private const uint ArrayType = 9;
    private const uint UInt64Type = 10;
    private const uint Int64Type = 11;
    private const uint Float64Type = 12;

    private readonly ArrayBufferWriter<byte> _bytes = new();
    private readonly HashSet<string> _keys = new(StringComparer.Ordinal);

    /// <summary>How many there are.</summary>
    public int Count => _keys.Count;

    /// <summary>All of them, as the file has them.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes.WrittenSpan;

    /// <summary>Whether a key is there already.</summary>
    public bool Has(string key) => _keys.Contains(key);

    /// <summary>Appends a value as <see cref="GgufHeader"/> gives it, or a text, flag, int, or a list of texts, singles or ints.</summary>
    /// <remarks>Whole numbers become the types that llama.cpp asks for: ids and counts have no sign, the numbers of lists have one.</remarks>
    public void Add(string key, object value)
    {
        if (!_keys.Add(key))
        {
            throw new ArgumentException($"The key {key} is there twice.", nameof(key));
        }

        Text(key);
        switch (value)
        {
            case string text:
                UInt32(TextType);
                Text(text);
                break;
            case bool flag:
                UInt32(BoolType);
                _bytes.Write([flag ? (byte)1 : (byte)0]);
                break;
            case int or long or ulong:
                WholeNumber(value);
                break;
            case double number:
                Number(number);
                break;
            case string[] texts:
                Array(TextType, texts, Text);
                break;
            case float[] numbers:
                Array(Float32Type, numbers, Single);
                break;
            case double[] numbers:
                Array(Float32Type, numbers, number => Single((float)number));
                break;
            case int[] numbers:
                Array(Int32Type, numbers, number => UInt32((uint)number));
                break;
            case long[] numbers:
                WholeNumbers(numbers);
                break;
            case bool[] flags:
                Array(BoolType, flags, flag => _bytes.Write([flag ? (byte)1 : (byte)0]));
                break;
            default:
                throw new ArgumentException($"The key {key} has a value that GGUF cannot hold: {value.GetType()}.", nameof(value));
        }
    }

    private void WholeNumber(object value)
    {
        switch (value)
        {
            case int or long when Convert.ToInt64(value, null) is var number and >= 0 and <= uint.MaxValue:
                UInt32(UInt32Type);
                UInt32((uint)number);
                break;
            case ulong large:
                UInt32(UInt64Type);
                Int64((long)large);
                break;
            default:
                UInt32(Int64Type);
                Int64(Convert.ToInt64(value, null));
                break;
        }
    }

    private void Number(double number)
    {
        if ((float)number == number)
        {
            UInt32(Float32Type);
            Single((float)number);
            return;
        }

        UInt32(Float64Type);
        Int64(BitConverter.DoubleToInt64Bits(number));
    }

    private void WholeNumbers(long[] numbers)
    {
        if (System.Array.TrueForAll(numbers, number => number is >= int.MinValue and <= int.MaxValue))
        {
            Array(Int32Type, numbers, number => UInt32((uint)(int)number));
            return;
        }

        Array(Int64Type, numbers, Int64);
    }

    private void Array<T>(uint type, T[] items, Action<T> write)
    {
        UInt32(ArrayType);
        UInt32(type);
        Int64(items.Length);
        System.Array.ForEach(items, write);
    }

    private void Text(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        Int64(bytes.Length);
        _bytes.Write(bytes);
    }

    private void Single(float number) => UInt32(BitConverter.SingleToUInt32Bits(number));

    private void UInt32(uint number)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(_bytes.GetSpan(sizeof(uint)), number);
        _bytes.Advance(sizeof(uint));
    }

    private void Int64(long number)
    {
        BinaryPrimitives.WriteInt64LittleEndian(_bytes.GetSpan(sizeof(long)), number);
        _bytes.Advance(sizeof(long));
    }
}
