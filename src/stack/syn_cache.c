/* syn_cache.c - the table of half-open connections (RFC 4987 3.4). Called by listen_input.c and
 * half_open.c. */
#include "base/check.h"
#include "base/ip_addr.h"
#include "stack/listener.h"

void syn_cache_init(struct syn_cache *t, struct pool *pool, slab_ref *head, uint32_t mask,
                    uint8_t slab_number, const struct slab *listeners)
{
    *t = (struct syn_cache){ .listeners = listeners, .mask = mask };
    t->head = head;
    slab_init(&t->slab, pool, sizeof(struct syn_record), slab_number);
}

struct listener *syn_cache_listener(const struct syn_cache *t, const struct syn_record *r)
{
    return slab_at(t->listeners, r->gate >> SYN_GATE_BITS);
}

static struct syn_gate *gate_of(const struct syn_cache *t, const struct syn_record *r)
{
    return &syn_cache_listener(t, r)->gate[r->gate & (SYN_GATES - 1)];
}

static bool at_gate(const struct syn_gate *g, const struct tcp_tuple *tuple)
{
    return g->local_port == tuple->local_port && ip_eq(&g->local_ip, &tuple->local_ip);
}

struct syn_record *syn_cache_lookup(const struct syn_cache *t, const struct tcp_tuple *tuple,
                                    uint64_t hash)
{
    slab_ref ref = t->head[hash & t->mask];
    while (ref != 0) {
        struct syn_record *r = syn_record_at(t, ref);
        if (r->tcp.remote_port == tuple->remote_port && ip_eq(&r->remote_ip, &tuple->remote_ip)
            && at_gate(gate_of(t, r), tuple))
            return r;
        ref = r->hash_next;
    }
    return NULL;
}

void syn_cache_tuple(const struct syn_cache *t, const struct syn_record *r, struct tcp_tuple *out)
{
    const struct syn_gate *g = gate_of(t, r);
    *out = (struct tcp_tuple){ g->local_ip, r->remote_ip, g->local_port, r->tcp.remote_port };
}

uint32_t syn_cache_gate(struct listener *l, const struct tcp_tuple *tuple)
{
    unsigned i = 0, idle = SYN_GATES;
    while (i < SYN_GATES && !at_gate(&l->gate[i], tuple)) {
        if (l->gate[i].count == 0 && idle == SYN_GATES)
            idle = i;
        i++;
    }
    if (i == SYN_GATES) {
        if (idle == SYN_GATES)
            return 0;
        i = idle;
        l->gate[i].local_ip = tuple->local_ip;
        l->gate[i].local_port = tuple->local_port;
    }
    return l->self << SYN_GATE_BITS | i;
}

struct syn_record *syn_cache_add(struct syn_cache *t, uint32_t gate, const struct tcp_tuple *tuple,
                                 uint64_t hash)
{
    slab_ref ref = slab_take(&t->slab), *head = &t->head[hash & t->mask];
    if (ref == 0)
        return NULL;
    struct syn_record *r = syn_record_at(t, ref);
    *r = (struct syn_record){ .remote_ip = tuple->remote_ip, .gate = gate, .hash_next = *head,
                              .tcp = { .remote_port = tuple->remote_port } };
    *head = ref;
    gate_of(t, r)->count++;
    return r;
}

void syn_cache_remove(struct syn_cache *t, struct syn_record *r, uint64_t hash)
{
    slab_ref ref = syn_record_ref(t, r), *link = &t->head[hash & t->mask];
    while (*link != 0 && *link != ref)
        link = &syn_record_at(t, *link)->hash_next;
    if (*link == 0)
        bug("a half-open record that is removed is in the table");
    *link = r->hash_next;
    gate_of(t, r)->count--;
    slab_give(&t->slab, ref);
}

void syn_queue_append(struct syn_cache *t, struct syn_queue *q, struct syn_record *r)
{
    slab_ref ref = syn_record_ref(t, r);
    r->next = 0;
    r->prev = q->last;
    *(q->last != 0 ? &syn_record_at(t, q->last)->next : &q->first) = ref;
    q->last = ref;
}

void syn_queue_remove(struct syn_cache *t, struct syn_queue *q, struct syn_record *r)
{
    *(r->prev != 0 ? &syn_record_at(t, r->prev)->next : &q->first) = r->next;
    *(r->next != 0 ? &syn_record_at(t, r->next)->prev : &q->last) = r->prev;
}
