namespace Proximal;

/// <summary>What runs the model's arithmetic.</summary>
public enum EngineBackend
{
    /// <summary>What the environment variable PROXIMAL_BACKEND says (core or torch), else the engine's own.</summary>
    Default = 0,

    /// <summary>The engine's own forward and backward, over its kernels.</summary>
    Core = 1,

    /// <summary>LibTorch, opened on first use.</summary>
    Torch = 2,
}
