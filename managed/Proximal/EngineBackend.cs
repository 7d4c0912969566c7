namespace Proximal;

/// <summary>What runs the model's arithmetic.</summary>
public enum EngineBackend
{
    /// <summary>The best one that is present.</summary>
    Default = 0,

    /// <summary>The engine's own forward and backward; not part of this version.</summary>
    Core = 1,

    /// <summary>LibTorch, opened on first use.</summary>
    Torch = 2,
}
