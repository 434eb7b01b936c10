/* snapshot_calls.c - the installed calls of aksu/snapshot.h. */
#include "aksu/snapshot.h"
#include "base/region.h"
#include "stack/calls.h"

size_t aksu_snapshot_size(const struct aksu *net)
{
    return region_size(net, &net->pool);
}

enum aksu_status aksu_snapshot(const struct aksu *net, void *buffer, size_t size)
{
    if (size < region_size(net, &net->pool))
        return AKSU_NO_RESOURCES;
    region_save(net, &net->pool, buffer);
    return AKSU_OK;
}

enum aksu_status aksu_restore(struct aksu *net, const void *buffer, size_t size)
{
    return stack_restore(net, buffer, size);
}

void aksu_snapshot_digest(const struct aksu *net, uint64_t out[2])
{
    stack_digest(net, out);
}
