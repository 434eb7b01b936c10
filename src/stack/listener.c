/* listener.c - the table of listeners: RFC 9293 3.10.1, 3.10.7.2. Called by the stack and by
 * socket/. */
#include "base/ip_addr.h"
#include "stack/listener.h"

void listener_init(struct listener_table *t, struct pool *pool, uint8_t slab_number)
{
    *t = (struct listener_table){ .generation = 0 };
    slab_init(&t->slab, pool, sizeof(struct listener), slab_number);
}

static slab_ref *bucket_of(struct listener_table *t, uint16_t port)
{
    return &t->bucket[port % LISTENER_BUCKETS];
}

static bool same_endpoint(const struct aksu_endpoint *a, const struct aksu_endpoint *b)
{
    return ip_eq(&a->ip, &b->ip) && a->port == b->port;
}

static bool taken(struct listener_table *t, const struct aksu_listen *how)
{
    slab_ref ref = *bucket_of(t, how->local.port);
    while (ref != 0) {
        const struct listener *l = listener_at(t, ref);
        if (same_endpoint(&l->local, &how->local) && same_endpoint(&l->remote, &how->remote))
            return true;
        ref = l->next;
    }
    return false;
}

enum aksu_status listener_add(struct listener_table *t, const struct aksu_listen *how,
                              struct listener **out)
{
    if (taken(t, how))
        return AKSU_ALREADY_EXISTS;
    slab_ref ref = slab_take(&t->slab);
    if (ref == 0)
        return AKSU_NO_RESOURCES;
    if (++t->generation == 0)
        t->generation = 1;

    slab_ref *bucket = bucket_of(t, how->local.port);
    struct listener *l = listener_at(t, ref);
    *l = (struct listener){
        .self = ref,
        .next = *bucket,
        .generation = t->generation,
        .local_any = ip_is_unspecified(&how->local.ip),
        .remote_any = ip_is_unspecified(&how->remote.ip),
        .hold_syn = how->hold_syn,
        .fast_open_no_cookie = how->fast_open_no_cookie,
        .fast_open = how->hold_syn ? 0 : how->fast_open,
        .local = how->local,
        .remote = how->remote,
        .cookie = how->cookie,
        .backlog = how->backlog != 0 ? how->backlog : LISTENER_BACKLOG,
    };
    l->syn_backlog = how->syn_backlog != 0 ? how->syn_backlog : l->backlog;
    *bucket = ref;
    *out = l;
    return AKSU_OK;
}

static void unlink_ready(struct listener_table *t, struct listener *l)
{
    if (!l->ready)
        return;
    *(l->ready_prev ? &listener_at(t, l->ready_prev)->ready_next : &t->ready_first) = l->ready_next;
    *(l->ready_next ? &listener_at(t, l->ready_next)->ready_prev : &t->ready_last) = l->ready_prev;
    l->ready = false;
}

void listener_remove(struct listener_table *t, struct listener *l)
{
    slab_ref *link = bucket_of(t, l->local.port);
    while (*link != l->self)
        link = &listener_at(t, *link)->next;
    *link = l->next;
    unlink_ready(t, l);
    l->generation = 0;
    if (l->pending == 0)
        slab_give(&t->slab, l->self);
}

void listener_left(struct listener_table *t, struct listener *l)
{
    l->pending--;
    if (l->generation == 0 && l->pending == 0)
        slab_give(&t->slab, l->self);
}

struct listener *listener_find(const struct listener_table *t, aksu_listener handle)
{
    struct listener *l = slab_find(&t->slab, handle.index);
    return l != NULL && l->generation == handle.generation && l->generation != 0 ? l : NULL;
}

/* 0: not for this one; else the better the greater. */
static unsigned fitness(const struct listener *l, const struct tcp_tuple *tuple)
{
    if (!l->local_any && !ip_eq(&l->local.ip, &tuple->local_ip))
        return 0;
    if (!l->remote_any && !ip_eq(&l->remote.ip, &tuple->remote_ip))
        return 0;
    if (l->remote.port != 0 && l->remote.port != tuple->remote_port)
        return 0;
    return 1u + (l->remote.port != 0 ? 4u : 0) + (l->remote_any ? 0 : 4u) + (l->local_any ? 0 : 1u);
}

static struct listener *best(const struct listener_table *t, uint16_t port,
                             const struct tcp_tuple *tuple)
{
    struct listener *found = NULL;
    unsigned most = 0;
    slab_ref ref = t->bucket[port % LISTENER_BUCKETS];
    while (ref != 0) {
        struct listener *l = listener_at(t, ref);
        unsigned fits = l->local.port == port ? fitness(l, tuple) : 0;
        if (fits > most) {
            most = fits;
            found = l;
        }
        ref = l->next;
    }
    return found;
}

struct listener *listener_lookup(const struct listener_table *t, const struct tcp_tuple *tuple)
{
    struct listener *l = best(t, tuple->local_port, tuple);
    return l != NULL ? l : best(t, 0, tuple);
}

bool listener_has_port(const struct listener_table *t, uint16_t port)
{
    for (slab_ref ref = t->bucket[port % LISTENER_BUCKETS]; ref != 0;) {
        const struct listener *l = listener_at(t, ref);
        if (l->local.port == port)
            return true;
        ref = l->next;
    }
    return false;
}

void listener_ready(struct listener_table *t, struct listener *l)
{
    if (l->ready)
        return;
    l->ready = true;
    l->ready_next = 0;
    l->ready_prev = t->ready_last;
    *(t->ready_last ? &listener_at(t, t->ready_last)->ready_next : &t->ready_first) = l->self;
    t->ready_last = l->self;
}

struct listener *listener_next_ready(struct listener_table *t)
{
    if (t->ready_first == 0)
        return NULL;
    struct listener *l = listener_at(t, t->ready_first);
    unlink_ready(t, l);
    return l;
}
