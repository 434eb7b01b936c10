/* snapshot.c - a stack copied out and put back (aksu/snapshot.h), and a digest of all that decides
 * what it will do. Called by socket/. */
#include "base/check.h"
#include "base/region.h"
#include "stack/calls.h"

enum aksu_status stack_restore(struct aksu *net, const void *buffer, size_t size)
{
    struct aksu_sink *sink = net->events.sink;
    if (!region_load(net, &net->pool, buffer, size))
        return AKSU_INVALID;
    net->events.sink = sink;
    return AKSU_OK;
}

/* --- the digest --- */

/* Fields of a structure that decide nothing. */
struct field {
    size_t at, size;
};
#define FIELD(type, name) { offsetof(type, name), sizeof ((const type *)0)->name }

/* In the order in which they stand. What the last frame out borrows is over; a datagram that is
 * being cut is not. */
static const struct field of_stack[] = {
    FIELD(struct aksu, pool.most_in_use), FIELD(struct aksu, events),
    FIELD(struct aksu, segment), FIELD(struct aksu, header),
    FIELD(struct aksu, udp_header), FIELD(struct aksu, piece), FIELD(struct aksu, mapped),
};
static const struct field of_conn[] = {
    FIELD(struct conn, tcp.segments_in), FIELD(struct conn, tcp.segments_out),
    FIELD(struct conn, tcp.retransmits),
};

static void add_without(struct digest *d, const void *object, size_t size,
                        const struct field *fields, size_t count)
{
    const uint8_t *octets = object;
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        digest_add(d, octets + at, fields[i].at - at);
        at = fields[i].at + fields[i].size;
    }
    digest_add(d, octets + at, size - at);
}

static uint32_t object_size(const struct aksu *net, uint8_t slab)
{
    const struct slab *const slabs[] = {
        &net->conns, &net->ranges, &net->tcp.senders.slab, &net->tcp.senders.sent,
        &net->listeners.slab, &net->time_wait.slab, &net->udp.slab, &net->tcp.ao.keys,
        &net->tcp.ao.states, &net->syn_cache.slab,
    };
    for (size_t i = 0; i < sizeof slabs / sizeof slabs[0]; i++)
        if (slabs[i]->number == slab)
            return slabs[i]->size;
    bug("object_size: a slab of this stack");
}

/* The objects of a page that are in use. */
static void add_slab_page(struct digest *d, const struct aksu *net, page_ref page)
{
    const struct page_info *info = &net->pool.info[page];
    const uint8_t *objects = pool_page(&net->pool, page);
    uint32_t size = object_size(net, info->slab);
    uint64_t freed[POOL_PAGE / 16 / 64] = { 0 };
    uint16_t next = info->first_free;
    while (next != 0) {
        uint32_t slot = next - 1u;
        freed[slot / 64] |= (uint64_t)1 << slot % 64;
        memcpy(&next, objects + (size_t)slot * size, sizeof next);
        digest_add(d, &slot, sizeof slot);      /* the order in which they will be taken */
    }
    for (uint32_t i = 0; i < info->fresh; i++) {
        const uint8_t *object = objects + (size_t)i * size;
        if (freed[i / 64] >> i % 64 & 1)
            continue;
        if (info->slab == net->conns.number)
            add_without(d, object, size, of_conn, sizeof of_conn / sizeof of_conn[0]);
        else
            digest_add(d, object, size);
    }
}

void stack_digest(const struct aksu *net, uint64_t out[2])
{
    struct digest d = { 0, 0 };
    const struct pool *pool = &net->pool;
    const uint8_t *tables = (const uint8_t *)(net + 1);
    add_without(&d, net, sizeof *net, of_stack, sizeof of_stack / sizeof of_stack[0]);
    digest_add(&d, tables, (size_t)((const uint8_t *)(pool->info + 1) - tables));
    for (page_ref page = 1; page <= pool->fresh; page++) {
        const struct page_info *info = &pool->info[page];
        digest_add(&d, info, sizeof *info);
        if (info->kind == PAGE_SLAB)
            add_slab_page(&d, net, page);
        else if (info->kind == PAGE_BUFFER)
            digest_add(&d, pool_page(pool, page), POOL_PAGE);
    }
    out[0] = d.a;
    out[1] = d.b;
}
