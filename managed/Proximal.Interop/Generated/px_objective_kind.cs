namespace Proximal.Interop;

[NativeTypeName("unsigned int")]
internal enum px_objective_kind
{
    PX_OBJECTIVE_CROSS_ENTROPY = 1,
    PX_OBJECTIVE_POLICY = 2,
    PX_OBJECTIVE_VALUE = 3,
    PX_OBJECTIVE_BRADLEY_TERRY = 4,
    PX_OBJECTIVE_UPSTREAM = 5,
}
