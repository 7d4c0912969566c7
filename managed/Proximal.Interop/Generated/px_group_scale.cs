namespace Proximal.Interop;

[NativeTypeName("unsigned int")]
internal enum px_group_scale
{
    PX_GROUP_DEVIATION = 1,
    PX_GROUP_UNSCALED = 2,
    PX_GROUP_GIVEN_DEVIATION = 3,
}
