namespace Proximal.Interop;

[NativeTypeName("unsigned int")]
internal enum px_group_baseline
{
    PX_GROUP_MEAN = 1,
    PX_GROUP_LEAVE_ONE_OUT = 2,
}
