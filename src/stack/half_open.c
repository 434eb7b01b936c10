/* half_open.c - half-open connections of listeners as records (RFC 4987 3.4): for what happens to
 * one it is expanded into a TCB on the C stack, the same steps and timers run, and it is compacted
 * again; one that becomes ESTABLISHED takes a connection. Called by tcp_input.c, listen_input.c,
 * icmp_input.c, tcp_output.c, timers.c and settle.c. */
#include "stack/gro.h"

static struct listener *listener_of(const struct aksu *net, const struct syn_record *r)
{
    return syn_cache_listener(&net->syn_cache, r);
}

uint32_t stack_half_open_number(const struct aksu *net, const struct syn_record *r)
{
    return AKSU_HALF_OPEN | syn_record_ref(&net->syn_cache, r);
}

/* The TCB of the last SYN is still there, and comes before what its record says. */
static bool is_last_syn(const struct aksu *net, const struct syn_record *r)
{
    return net->last_syn_of == syn_record_ref(&net->syn_cache, r);
}

void stack_half_open_keep(struct aksu *net)
{
    if (net->last_syn_of != 0)
        tcp_syn_compact(&net->last_syn.tcp,
                        &syn_record_at(&net->syn_cache, net->last_syn_of)->tcp);
    net->last_syn_of = 0;
}

static void expand(struct aksu *net, const struct syn_record *r, const struct tcp_tuple *tuple,
                   struct tcp *t, aksu_time now)
{
    if (is_last_syn(net, r)) {
        *t = net->last_syn.tcp;
        return;
    }
    tcp_syn_expand(t, &net->tcp, stack_half_open_number(net, r), tuple, &r->tcp, now);
    t->ttl = net->ttl;
}

/* --- the queues --- */

static void arm(struct aksu *net, struct listener *l, aksu_time due)
{
    if (!wheel_armed(&l->timer) || due < l->timer.deadline)
        wheel_arm(&net->wheel, &l->timer, due);
}

static void await(struct aksu *net, struct syn_record *r, aksu_time now)
{
    struct listener *l = listener_of(net, r);
    unsigned stage = tcp_syn_stage(&r->tcp);
    r->tcp.queue = SYN_WAITS;
    syn_queue_append(&net->syn_cache, &l->stage[stage], r);
    l->stages |= 1u << stage;
    arm(net, l, tcp_syn_due(&net->tcp, &r->tcp, now));
}

static void owe(struct aksu *net, struct syn_record *r)
{
    r->tcp.queue = SYN_OWED;
    syn_queue_append(&net->syn_cache, &net->syn_cache.owed, r);
    net->owes |= OWES_SYN;
}

static void leave_queue(struct aksu *net, struct syn_record *r)
{
    struct listener *l = listener_of(net, r);
    unsigned stage = tcp_syn_stage(&r->tcp);
    switch ((enum tcp_syn_queue)r->tcp.queue) {
    case SYN_WAITS:
        syn_queue_remove(&net->syn_cache, &l->stage[stage], r);
        if (l->stage[stage].first == 0)
            l->stages &= ~(1u << stage);
        return;
    case SYN_OWED:
        syn_queue_remove(&net->syn_cache, &net->syn_cache.owed, r);
        return;
    case SYN_PARKED:
        syn_queue_remove(&net->syn_cache, &net->syn_cache.parked, r);
        return;
    }
}

/* What the last SYN has left behind is not that of this record any more. */
static void changes(struct aksu *net, const struct syn_record *r)
{
    if (is_last_syn(net, r))
        net->last_syn_of = 0;
}

static void remove_record(struct aksu *net, struct syn_record *r, uint64_t hash)
{
    listener_of(net, r)->records--;
    net->half_open--;
    changes(net, r);
    leave_queue(net, r);
    syn_cache_remove(&net->syn_cache, r, hash);
}

/* --- its beginning and its end --- */

void stack_half_open_begin(struct aksu *net, struct listener *l, struct syn_record *r,
                           const struct tcp *t)
{
    tcp_syn_await(t, &r->tcp);
    l->records++;
    l->pending++;
    net->half_open++;
    owe(net, r);
}

static void drain(struct aksu *net, struct tcp *t, aksu_time now)
{
    while (tcp_next_segment(t, &net->segment, now))
        (void)stack_tcp_reply(net, &t->tuple, &net->segment, NULL, now);
}

/* Back in LISTEN, or CLOSED by ABORT. */
static void end(struct aksu *net, struct syn_record *r, struct tcp *t, uint64_t hash,
                aksu_time now)
{
    struct listener *l = listener_of(net, r);
    if (t->state == TCP_LISTEN)
        stack_end_in_listen(t, now);
    EMIT(&net->events, t->conn, now, deleted, .status = t->reason);
    remove_record(net, r, hash);
    listener_left(&net->listeners, l);
}

/* `tell`: the peer, by RST. */
static void abort_record(struct aksu *net, struct syn_record *r, bool tell, aksu_time now)
{
    struct tcp_tuple tuple;
    struct tcp t;
    syn_cache_tuple(&net->syn_cache, r, &tuple);
    expand(net, r, &tuple, &t, now);
    tcp_abandon(&t, now);
    if (tell)
        drain(net, &t, now);
    end(net, r, &t, conn_hash(&net->table.key, &tuple), now);
}

/* --- SEGMENT ARRIVES --- */

/* A connection for one whose last ACK has come; NULL: that is lost, the peer sends it again. */
static struct conn *room_for(struct aksu *net, struct syn_record *r, struct arriving *a,
                             slab_ref *ref, aksu_time now)
{
    const char *why;
    const struct listener *l = listener_of(net, r);
    if (l->waiting >= l->backlog) {             /* it repeats its SYN,ACK, or has ended */
        if (stack_accept_overflow(net, stack_half_open_number(net, r), a, now))
            abort_record(net, r, false, now);
        return NULL;
    }
    bool room = net->conns.partial != 0
             || stack_enough_memory(net, "last ACK of a handshake not taken", &why, now);
    struct conn *c = room ? conn_take(net, ref) : NULL;
    if (c == NULL) {
        stack_segment_in_event(net, stack_half_open_number(net, r), a, TCP_SYN_RECEIVED, now);
        EMIT(&net->events, stack_half_open_number(net, r), now, dropped,
             .rule = "RFC 9293 3.10.7.4", .why = "no memory for a connection");
    }
    return c;
}

/* Often it is that of the last SYN. */
static bool find_way(struct aksu *net, struct conn *c)
{
    const struct conn *last = &net->last_syn;
    if (last->route_version != net->route_version
        || memcmp(&last->tcp.tuple, &c->tcp.tuple, 2 * sizeof(struct aksu_ip)) != 0)
        return stack_route_conn(net, c);
    c->route_version = last->route_version;
    c->device = last->device;
    c->gateway = last->gateway;
    c->ethernet = last->ethernet;
    c->partial = last->partial;
    c->tcp.gso = last->tcp.gso;
    return true;
}

/* `c` holds the TCB that was the record's. */
static void complete(struct aksu *net, struct syn_record *r, struct conn *c, slab_ref ref,
                     struct arriving *a, aksu_time now)
{
    struct listener *l = listener_of(net, r);
    uint32_t number = c->tcp.conn;
    c->tcp.conn = ref;
    EMIT(&net->events, ref, now, completed, .half_open = number);
    c->reopens = r->tcp.reopens;
    remove_record(net, r, a->hash);
    conn_insert(net, c, &a->tuple, a->hash);
    if (find_way(net, c) && c->tcp.mtu != stack_conn_mtu(net, c, now))
        tcp_set_mtu(&c->tcp, stack_conn_mtu(net, c, now));
    c->listener = l->self;
    c->cookie = l->cookie;
    conn_list_append(net, &l->accept, c, LIST_ACCEPT);
    l->waiting++;
    listener_ready(&net->listeners, l);
    if (net->doubted != 0)
        stack_confirms(net, c, now);
    stack_settle(net, c, now);
}

/* Still half-open: what the steps want to say leaves now, but for a SYN,ACK that is owed anyhow. */
static void stays(struct aksu *net, struct syn_record *r, struct tcp *t, aksu_time now)
{
    if (r->tcp.queue != SYN_WAITS)
        t->syn_owed = false;
    drain(net, t, now);
    tcp_syn_compact(t, &r->tcp);
    changes(net, r);
}

void stack_half_open_arrives(struct aksu *net, struct syn_record *r, struct arriving *a,
                             aksu_time now)
{
    struct tcp spare, *t = &spare;
    struct conn *c = NULL;
    slab_ref ref = 0;
    if (ends_handshake(&a->seg, r->tcp.iss)) {
        c = room_for(net, r, a, &ref, now);
        if (c == NULL)
            return;
        t = &c->tcp;
    }
    expand(net, r, &a->tuple, t, now);
    stack_segment_in_event(net, t->conn, a, TCP_SYN_RECEIVED, now);
    tcp_segment_arrives(t, &a->seg, now);
    if (c != NULL && t->state != TCP_SYN_RECEIVED && t->state != TCP_LISTEN) {
        complete(net, r, c, ref, a, now);
        return;
    }
    if (t->state == TCP_SYN_RECEIVED)
        stays(net, r, t, now);
    else
        end(net, r, t, a->hash, now);
    if (c != NULL) {
        c->generation = 0;
        slab_give(&net->conns, ref);
    }
}

bool stack_half_open_error(struct aksu *net, struct syn_record *r, const struct tcp_tuple *tuple,
                           const struct icmp_error *e, aksu_time now)
{
    struct tcp t;
    expand(net, r, tuple, &t, now);
    return tcp_icmp_error(&t, e->status, e->kind == ICMP_ERROR_HARD, e->seq, now);
}

/* --- TIMEOUTS, and what is owed --- */

/* The first of all stages, by time. */
static struct syn_record *first_due(struct aksu *net, struct listener *l, aksu_time *due,
                                    aksu_time now)
{
    struct syn_record *first = NULL;
    *due = NEVER;
    for (uint32_t left = l->stages; left != 0; left &= left - 1) {
        struct syn_record *r =
            syn_record_at(&net->syn_cache, l->stage[__builtin_ctz(left)].first);
        aksu_time at = tcp_syn_due(&net->tcp, &r->tcp, now);
        if (at < *due) {
            *due = at;
            first = r;
        }
    }
    return first;
}

static void timeout(struct aksu *net, struct syn_record *r, aksu_time now)
{
    struct tcp_tuple tuple;
    struct tcp t;
    syn_cache_tuple(&net->syn_cache, r, &tuple);
    expand(net, r, &tuple, &t, now);
    tcp_timeouts(&t, now);
    if (t.state != TCP_SYN_RECEIVED) {
        end(net, r, &t, conn_hash(&net->table.key, &tuple), now);
        return;
    }
    leave_queue(net, r);
    tcp_syn_compact(&t, &r->tcp);
    changes(net, r);
    owe(net, r);
}

void stack_half_open_timeouts(struct aksu *net, struct listener *l, aksu_time now)
{
    struct syn_record *r;
    aksu_time due;
    while ((r = first_due(net, l, &due, now)) != NULL && due <= now)
        timeout(net, r, now);
    if (r != NULL)
        arm(net, l, due);
}

void stack_half_open_unpark(struct aksu *net)
{
    struct syn_cache *t = &net->syn_cache;
    while (t->parked.first != 0) {
        struct syn_record *r = syn_record_at(t, t->parked.first);
        leave_queue(net, r);
        owe(net, r);
    }
}

/* What a connection has that sends; that of the last SYN is still there. */
static struct conn *sender_of(struct aksu *net, const struct syn_record *r, struct conn *spare,
                              aksu_time now)
{
    struct tcp_tuple tuple;
    if (is_last_syn(net, r))
        return &net->last_syn;
    memset(&spare->timer, 0, sizeof *spare - offsetof(struct conn, timer));
    syn_cache_tuple(&net->syn_cache, r, &tuple);
    expand(net, r, &tuple, &spare->tcp, now);
    return spare;
}

bool stack_half_open_out(struct aksu *net, struct aksu_frame *out, aksu_time now)
{
    struct syn_cache *cache = &net->syn_cache;
    while (cache->owed.first != 0 && net->pending.first == 0) {
        struct syn_record *r = syn_record_at(cache, cache->owed.first);
        struct conn spare, *c = sender_of(net, r, &spare, now);
        uint8_t mac[6];
        enum neighbor_answer way = stack_conn_way(net, c, mac, now);
        leave_queue(net, r);
        if (way == NEIGHBOR_PENDING) {
            r->tcp.queue = SYN_PARKED;
            syn_queue_append(cache, &cache->parked, r);
            continue;
        }
        (void)tcp_next_segment(&c->tcp, &net->segment, now);
        bool frame = stack_conn_frame(net, c, way, mac, out, now);
        if (is_last_syn(net, r))
            tcp_syn_await(&c->tcp, &r->tcp);
        else
            tcp_syn_compact(&c->tcp, &r->tcp);
        await(net, r, now);
        if (frame)
            return true;
    }
    return false;
}

/* --- the whole of a listener --- */

/* The one that waits longest, when its SYN,ACK was repeated `times` or more. */
static struct syn_record *oldest(const struct aksu *net, const struct listener *l, unsigned times)
{
    const struct syn_cache *t = &net->syn_cache;
    struct syn_record *r = NULL;
    if (l->stages != 0)
        r = syn_record_at(t, l->stage[31u - (unsigned)__builtin_clz(l->stages)].first);
    /* One that has just been timed out may be older, or waits for its next hop. */
    const slab_ref others[] = { t->owed.first, t->parked.first };
    for (unsigned i = 0; i < 2; i++) {
        struct syn_record *other = others[i] != 0 ? syn_record_at(t, others[i]) : NULL;
        if (other != NULL && listener_of(net, other) == l
            && (r == NULL || other->tcp.resends > r->tcp.resends))
            r = other;
    }
    return r != NULL && r->tcp.resends >= times ? r : NULL;
}

bool stack_half_open_is_old(const struct aksu *net, const struct listener *l, unsigned times)
{
    return oldest(net, l, times) != NULL;
}

bool stack_half_open_replace(struct aksu *net, struct listener *l, unsigned times, aksu_time now)
{
    struct syn_record *r = oldest(net, l, times);
    if (r == NULL)
        return false;
    EMIT(&net->events, stack_half_open_number(net, r), now, half_open_replaced,
         .remote = { r->remote_ip, r->tcp.remote_port });
    abort_record(net, r, false, now);
    return true;
}

static void close_queue(struct aksu *net, struct listener *l, const struct syn_queue *q,
                        aksu_time now)
{
    slab_ref next;
    for (slab_ref ref = q->first; ref != 0; ref = next) {
        struct syn_record *r = syn_record_at(&net->syn_cache, ref);
        next = r->next;
        if (listener_of(net, r) == l)
            abort_record(net, r, true, now);
    }
}

void stack_half_open_close(struct aksu *net, struct listener *l, aksu_time now)
{
    for (unsigned i = 0; i < TCP_SYN_STAGES; i++)
        close_queue(net, l, &l->stage[i], now);
    close_queue(net, l, &net->syn_cache.owed, now);
    close_queue(net, l, &net->syn_cache.parked, now);
    wheel_disarm(&net->wheel, &l->timer);
}
