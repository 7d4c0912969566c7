namespace Proximal;

/// <summary>Why a native call failed; the values are those of the C ABI's px_status.</summary>
public enum ProximalStatus
{
    /// <summary>No failure.</summary>
    Ok = 0,

    /// <summary>An argument is outside what the function accepts.</summary>
    InvalidArgument = 1,

    /// <summary>Two arguments do not fit each other in size.</summary>
    ShapeMismatch = 2,

    /// <summary>This version does not do what was asked for.</summary>
    Unsupported = 3,

    /// <summary>Host memory ran out.</summary>
    OutOfMemory = 4,

    /// <summary>Device memory ran out.</summary>
    DeviceOutOfMemory = 5,

    /// <summary>The device or its library failed.</summary>
    DeviceError = 6,

    /// <summary>The caller cancelled.</summary>
    Cancelled = 7,

    /// <summary>The object cannot do this now.</summary>
    InvalidState = 8,

    /// <summary>A number is NaN or infinite where it must not be.</summary>
    NotFinite = 9,

    /// <summary>A file could not be read or written.</summary>
    Io = 10,

    /// <summary>A file's content contradicts its format.</summary>
    CorruptData = 11,

    /// <summary>A defect of the library.</summary>
    Internal = 12,

    /// <summary>Native and managed side were built from different headers.</summary>
    AbiMismatch = 13,
}
