using Proximal.Internal;
using Proximal.Interop;

namespace Proximal.Models;

/// <summary>Weights under all models on them; the last one to go closes the handle.</summary>
internal sealed unsafe class SharedWeights(WeightsHandle handle)
{
    private int _users = 1;

    public WeightsHandle Handle => handle;

    public long Version
    {
        get
        {
            lock (handle)
            {
                using HandleLease<px_weights> weights = handle.Acquire();
                long version;
                NativeStatus.Check(NativeMethods.px_weights_version(weights.Pointer, &version));
                return version;
            }
        }
    }

    /// <summary>Counts another user, which calls <see cref="Release"/> once. The caller is a user itself.</summary>
    public SharedWeights Share()
    {
        Interlocked.Increment(ref _users);
        return this;
    }

    public void Release()
    {
        if (Interlocked.Decrement(ref _users) == 0)
        {
            handle.Dispose();
        }
    }
}
