namespace Proximal.Interop;

internal partial struct px_model
{
}
