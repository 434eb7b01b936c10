/* conn.c - the table of connections and their records: made, found, linked, deleted. Called by
 * the files of stack/ and by socket/. */
#include "base/check.h"
#include "base/ip_addr.h"
#include "stack/calls.h"

/* Both families are hashed by what differs: 12 octets for IPv4, 36 for IPv6. The last 4 bits of the
 * ephemeral port (the greater one) are left to choose among 16 heads that share a line of the
 * cache: one flow after the other takes the next port, and finds its head where the last one was.
 * Which line it is, and in which order they lie there, is as secret as before. */
uint64_t conn_hash(const struct sipkey *key, const struct tcp_tuple *tuple)
{
    uint16_t local = tuple->local_port, remote = tuple->remote_port;
    uint16_t near = (local > remote ? local : remote) & 15;
    if (local > remote)
        local = (uint16_t)(local - near);
    else
        remote = (uint16_t)(remote - near);
    if (!ip_is_v4(&tuple->remote_ip)) {
        struct tcp_tuple group = { tuple->local_ip, tuple->remote_ip, local, remote };
        return siphash13(key, &group, sizeof group) ^ near;
    }
    uint64_t addresses = (uint64_t)load_be32(ip_v4(&tuple->local_ip)) << 32
                       | load_be32(ip_v4(&tuple->remote_ip));
    return siphash13_12(key, addresses, (uint32_t)local << 16 | remote) ^ near;
}

struct conn *conn_lookup(const struct aksu *net, const struct tcp_tuple *tuple, uint64_t hash)
{
    slab_ref ref = net->table.head[hash & net->table.mask];
    while (ref != 0) {
        struct conn *c = conn_at(net, ref);
        if (memcmp(&c->tcp.tuple, tuple, sizeof *tuple) == 0)
            return c;
        ref = c->hash_next;
    }
    return NULL;
}

struct conn *conn_find(const struct aksu *net, aksu_conn handle)
{
    struct conn *c = slab_found(&net->conns, handle.index);
    if (c == NULL || handle.generation == 0 || c->generation != handle.generation || c->gone)
        return NULL;
    return c;
}

aksu_conn conn_handle(const struct conn *c)
{
    return (aksu_conn){ c->tcp.conn, c->generation };
}

const struct conn *conn_next(const struct aksu *net, slab_ref after)
{
    const struct slab *s = &net->conns;
    slab_ref ref = after + 1;
    while (ref >> s->shift <= net->pool.fresh) {
        const struct conn *c = slab_found(s, ref);
        if (c == NULL)
            ref = ((ref >> s->shift) + 1) << s->shift;      /* nothing more on this page */
        else if (c->generation != 0 && !c->gone)
            return c;
        else
            ref++;
    }
    return NULL;
}

struct conn *conn_take(struct aksu *net, slab_ref *out)
{
    slab_ref ref = slab_take(&net->conns);
    if (ref == 0)
        return NULL;
    if (++net->generation == 0)
        net->generation = 1;

    struct conn *c = conn_at(net, ref);
    memset(&c->timer, 0, sizeof *c - offsetof(struct conn, timer));
    c->hash_next = 0;
    c->generation = net->generation;
    *out = ref;
    return c;
}

struct conn *conn_new(struct aksu *net, const char **why)
{
    slab_ref ref;
    if (stack_connections(net) >= net->max_connections) {
        *why = "too many connections";
        return NULL;
    }
    struct conn *c = conn_take(net, &ref);
    if (c == NULL) {
        *why = "no memory for a connection";
        return NULL;
    }
    tcp_init(&c->tcp, &net->tcp, ref, 0);
    c->tcp.ttl = net->ttl;
    return c;
}

void conn_insert(struct aksu *net, struct conn *c, const struct tcp_tuple *tuple, uint64_t hash)
{
    slab_ref *head = &net->table.head[hash & net->table.mask];
    c->tcp.tuple = *tuple;
    c->tuple_hash = (uint32_t)hash;
    c->hash_next = *head;
    *head = c->tcp.conn;
    c->hashed = true;
}

void conn_unhash(struct aksu *net, struct conn *c)
{
    if (!c->hashed)
        return;
    slab_ref *link = &net->table.head[c->tuple_hash & net->table.mask];
    while (*link != 0 && *link != c->tcp.conn)
        link = &conn_at(net, *link)->hash_next;
    if (*link == 0)
        bug("a hashed connection is in the table");
    *link = c->hash_next;
    c->hashed = false;
    if (net->table.last == c->tcp.conn)
        net->table.last = 0;
}

void conn_delete(struct aksu *net, struct conn *c, aksu_time now)
{
    if (c->turn != TURN_NONE || c->list != LIST_NONE || c->listener != 0)
        bug("a connection that is deleted is in no queue");
    EMIT(&net->events, c->tcp.conn, now, deleted, .status = c->tcp.reason);
    conn_unhash(net, c);
    wheel_disarm(&net->wheel, &c->timer);
    tcp_fini(&c->tcp);
    c->generation = 0;
    slab_give(&net->conns, c->tcp.conn);
}

void conn_list_append(struct aksu *net, struct conn_queue *q, struct conn *c, enum conn_list list)
{
    c->list = (uint8_t)list;
    c->link = (struct conn_link){ 0, q->last };
    if (q->last != 0)
        conn_at(net, q->last)->link.next = c->tcp.conn;
    else
        q->first = c->tcp.conn;
    q->last = c->tcp.conn;
}

void conn_list_remove(struct aksu *net, struct conn_queue *q, struct conn *c)
{
    if (c->link.prev != 0)
        conn_at(net, c->link.prev)->link.next = c->link.next;
    else
        q->first = c->link.next;
    if (c->link.next != 0)
        conn_at(net, c->link.next)->link.prev = c->link.prev;
    else
        q->last = c->link.prev;
    c->list = LIST_NONE;
}
