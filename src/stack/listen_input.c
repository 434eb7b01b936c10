/* listen_input.c - segments for a listener (RFC 9293 3.10.7.2). What a SYN gets is decided in one
 * place, admit(): a record (RFC 4987 3.4), a connection, an answer by cookie (RFC 4987 3.6), or
 * none. Called by tcp_input.c. */
#include "stack/gro.h"

enum admission { ADMIT_RECORD, ADMIT_CONNECTION, ADMIT_COOKIE, REFUSE };

/* A SYN, and what has been found out about it. */
struct request {
    struct listener *l;
    struct arriving *a;
    const struct time_wait *old;    /* it reopens this one; NULL: none */
    struct route_result way;
    uint32_t gate;                  /* for ADMIT_RECORD */
    bool fast_open;                 /* its text is taken */
    const char *why;                /* for REFUSE; NULL: a queue is full, which has been told */
};

bool stack_enough_memory(struct aksu *net, const char *answer, const char **why, aksu_time now)
{
    if (pool_left(&net->pool) > net->tcp.reserve_pages)
        return true;
    *why = "memory budget";
    EMIT(&net->events, 0, now, memory, .answer = answer, .left = stack_memory_left(net));
    return false;
}

/* --- room for one more --- */

static void drop_half_open(struct aksu *net, struct conn *c, aksu_time now)
{
    EMIT(&net->events, c->tcp.conn, now, half_open_replaced,
         .remote = { c->tcp.tuple.remote_ip, c->tcp.tuple.remote_port });
    tcp_abandon(&c->tcp, now);
    c->tcp.rst_owed = false;
    stack_let_go(net, c, now);
}

/* RFC 4987 3.3: the half-open connection that has waited longest makes room, when its SYN,ACK was
 * repeated so many times: a peer that is there has answered by then. False: there is none such. */
static bool replace_oldest(struct aksu *net, struct listener *l, unsigned times, aksu_time now)
{
    if (stack_half_open_replace(net, l, times, now))
        return true;
    if (l->half_open.first == 0 || conn_at(net, l->half_open.first)->tcp.resends < times)
        return false;
    drop_half_open(net, conn_at(net, l->half_open.first), now);
    return true;
}

/* There is a half-open connection whose SYN,ACK was repeated so many times. */
static bool is_repeated(const struct aksu *net, const struct listener *l, unsigned times)
{
    return stack_half_open_is_old(net, l, times)
        || (l->half_open.first != 0 && conn_at(net, l->half_open.first)->tcp.resends >= times);
}

/* RFC 4987 3.4: one whose SYN,ACK was repeated twice, over three seconds or more, makes room for a
 * record; before that a cookie costs less than what it would lose. */
static bool oldest_is_dead(const struct aksu *net, const struct listener *l)
{
    return is_repeated(net, l, 2);
}

/* What needs more than a record keeps is a connection from the start: here, one that the
 * application decides on by its handle, or whose segments are signed. */
static bool needs_connection(const struct request *q)
{
    return q->l->hold_syn || q->a->ao != 0;
}

/* RFC 5482 3: what the peer suggests is not in a record either, if it counts. */
static bool suggests(const struct aksu *net, const struct request *q)
{
    return (q->a->seg.options.has & HAS_USER_TIMEOUT) && net->tcp.config.user_timeout_option != 0;
}

static bool syn_queue_is_full(const struct aksu *net, const struct request *q, bool record)
{
    const struct listener *l = q->l;
    /* Of connections, which are large, no more are begun than may wait to be accepted. */
    bool places = !record && l->pending - l->records >= l->backlog;
    return places || listener_half_open(l) >= l->syn_backlog
        || net->half_open >= net->max_half_open;
}

/* An answer never waits for a neighbour to be found: forged ones would fill what there is to wait
 * in. A record waits, or the peer asks again. */
static bool neighbour_is_known(struct aksu *net, const struct request *q, aksu_time now)
{
    uint8_t mac[6];
    uint32_t device = q->way.to_self ? (uint32_t)DEVICE_SELF : q->way.device;
    return stack_link(net, device, &q->way.next_hop, &q->a->tuple.local_ip, mac, now)
        == NEIGHBOR_KNOWN;
}

/* A connection in TIME-WAIT wants an ISS above its last one, which no cookie has; one that is held
 * must be kept for the application; and without memory an answer would promise too much. */
static bool cookie_answers(struct aksu *net, const struct request *q, bool full, aksu_time now)
{
    if (q->old != NULL || needs_connection(q) || (q->fast_open && !full)
        || pool_left(&net->pool) <= net->tcp.reserve_pages)
        return false;
    switch ((enum aksu_syn_cookies)net->syn_cookies) {
    case AKSU_SYN_COOKIES_ALWAYS:
        break;
    case AKSU_SYN_COOKIES_NEVER:
        return false;
    case AKSU_SYN_COOKIES_WHEN_FULL:
        if (!full || oldest_is_dead(net, q->l))
            return false;
        break;
    }
    return neighbour_is_known(net, q, now);
}

static void tell_full(struct aksu *net, struct request *q, bool accept_queue, aksu_time now)
{
    const struct aksu_endpoint remote = { q->a->tuple.remote_ip, q->a->tuple.remote_port };
    struct tcp_segment rst;
    bool reset = net->backlog_full == AKSU_BACKLOG_FULL_RESET;
    stack_segment_in_event(net, 0, q->a, TCP_LISTEN, now);
    if (accept_queue)
        EMIT(&net->events, 0, now, accept_queue_full, .remote = remote, .reset = reset);
    else
        EMIT(&net->events, 0, now, syn_queue_full, .remote = remote, .reset = reset);
    if (!reset || !tcp_closed_state(&q->a->seg, &rst))
        return;
    if (q->a->ao != 0)
        stack_ao_refuse(net, q->a, &rst, now);
    else
        (void)stack_tcp_reply(net, &q->a->tuple, &rst, NULL, now);
}

static enum admission admit(struct aksu *net, struct request *q, aksu_time now)
{
    struct listener *l = q->l;
    const struct tcp_tuple *tuple = &q->a->tuple;
    if (l->waiting >= l->backlog) {             /* what is dropped would make no room */
        tell_full(net, q, true, now);
        return REFUSE;
    }
    q->way = route_lookup(&net->routes, &tuple->remote_ip, &tuple->local_ip);
    if (!q->way.found || q->way.broadcast || q->way.multicast) {
        q->why = "no route back";
        return REFUSE;
    }
    q->fast_open = stack_fast_open_takes(net, l, q->a, now);
    bool whole = needs_connection(q) || q->fast_open || suggests(net, q);
    q->gate = whole ? 0 : syn_cache_gate(l, tuple);
    bool full = syn_queue_is_full(net, q, q->gate != 0);
    bool table = stack_connections(net) >= net->max_connections;
    /* For who answers a cookie one that has not answered goes: see room_for_answered(). */
    if ((!table || is_repeated(net, l, 0)) && cookie_answers(net, q, full || table, now))
        return ADMIT_COOKIE;
    if ((full || table) && !replace_oldest(net, l, 1, now)) {
        q->why = table ? "too many connections" : NULL;
        if (!table)
            tell_full(net, q, false, now);
        return REFUSE;
    }
    if (!stack_enough_memory(net, "SYN not answered", &q->why, now))
        return REFUSE;
    return q->gate != 0 ? ADMIT_RECORD : ADMIT_CONNECTION;
}

/* --- a SYN --- */

static void refuse(struct aksu *net, struct arriving *a, const char *why, aksu_time now)
{
    stack_segment_in_event(net, 0, a, TCP_LISTEN, now);
    EMIT(&net->events, 0, now, syn_refused, .remote = { a->tuple.remote_ip, a->tuple.remote_port },
         .why = why);
}

static void tell_child(struct aksu *net, uint32_t number, struct arriving *a, aksu_time now)
{
    stack_segment_in_event(net, number, a, TCP_LISTEN, now);
    EMIT(&net->events, number, now, opened,
         .local = { a->tuple.local_ip, a->tuple.local_port },
         .remote = { a->tuple.remote_ip, a->tuple.remote_port }, .active = false);
}

/* `t`, in CLOSED, becomes SYN-RECEIVED. */
static void take_syn(struct aksu *net, struct tcp *t, const struct request *q, aksu_time now)
{
    struct arriving *a = q->a;
    (void)tcp_open_passive(t, &a->tuple, now);
    tcp_segment_arrives(t, &a->seg, now);
    if (q->old != NULL)
        tcp_iss_after(t, q->old->tcp.snd_nxt);
    else
        stack_follow_cookie(net, t, a, now);
}

static void open_record(struct aksu *net, struct request *q, aksu_time now)
{
    struct conn *c = &net->last_syn;
    const struct aksu_ip *to = &q->a->tuple.remote_ip;
    struct syn_record *r = syn_cache_add(&net->syn_cache, q->gate, &q->a->tuple, q->a->hash);
    if (r == NULL) {
        refuse(net, q->a, "no memory for a connection", now);
        return;
    }
    stack_half_open_keep(net);
    net->last_syn_of = syn_record_ref(&net->syn_cache, r);
    uint32_t number = AKSU_HALF_OPEN | net->last_syn_of;
    uint32_t device = q->way.to_self ? (uint32_t)DEVICE_SELF : q->way.device;
    uint32_t mtu = path_mtu_get(&net->path_mtu, to, stack_device_mtu(net, device, to), now);
    tell_child(net, number, q->a, now);
    tcp_init(&c->tcp, &net->tcp, number, (uint16_t)(mtu - ip_header_length(to)));
    c->tcp.ttl = net->ttl;
    c->tcp.tuple = q->a->tuple;
    c->tuple_hash = (uint32_t)q->a->hash;
    (void)stack_use_route(net, c, &q->way);
    take_syn(net, &c->tcp, q, now);
    stack_fast_open(net, q->l, c, &q->a->seg, now);
    r->tcp.reopens = q->old != NULL;
    stack_half_open_begin(net, q->l, r, &c->tcp);
}

/* A connection in CLOSED with a way to the peer; NULL: *why. */
static struct conn *new_child(struct aksu *net, struct arriving *a, const char **why,
                              aksu_time now)
{
    struct conn *c = conn_new(net, why);
    if (c == NULL)
        return NULL;
    conn_insert(net, c, &a->tuple, a->hash);
    if (a->ao != 0 && !stack_ao_begin(c, a, now)) {
        *why = "no memory for the keys of TCP-AO";
        conn_delete(net, c, now);
        return NULL;
    }
    if (!stack_route_conn(net, c)) {
        *why = "no route back";
        conn_delete(net, c, now);
        return NULL;
    }
    tell_child(net, c->tcp.conn, a, now);
    tcp_set_mtu(&c->tcp, stack_conn_mtu(net, c, now));
    return c;
}

static void count_child(struct aksu *net, struct listener *l, struct conn *c, aksu_time now)
{
    l->pending++;
    c->listener = l->self;
    c->held = l->hold_syn;
    c->cookie = l->cookie;
    if (c->fast_open_pending) {                 /* it can be accepted now: RFC 7413 4.2.2 */
        stack_acceptable(net, l, c);
        return;
    }
    net->half_open++;
    if (!c->held) {
        conn_list_append(net, &l->half_open, c, LIST_HALF_OPEN);
        return;
    }
    tcp_hold(&c->tcp);
    c->tcp.notify |= AKSU_SYN_HELD;
    EMIT(&net->events, c->tcp.conn, now, syn_held,
         .remote = { c->tcp.tuple.remote_ip, c->tcp.tuple.remote_port });
}

static void open_connection(struct aksu *net, struct request *q, aksu_time now)
{
    struct conn *c = new_child(net, q->a, &q->why, now);
    if (c == NULL) {
        refuse(net, q->a, q->why, now);
        return;
    }
    take_syn(net, &c->tcp, q, now);
    c->reopens = q->old != NULL;
    stack_fast_open(net, q->l, c, &q->a->seg, now);
    count_child(net, q->l, c, now);
    stack_settle(net, c, now);
}

void stack_syn_to_listener(struct aksu *net, struct listener *l, struct arriving *a,
                           const struct time_wait *old, aksu_time now)
{
    struct request q = { .l = l, .a = a, .old = old };
    switch (admit(net, &q, now)) {
    case ADMIT_RECORD:
        open_record(net, &q, now);
        return;
    case ADMIT_CONNECTION:
        open_connection(net, &q, now);
        return;
    case ADMIT_COOKIE:
        stack_segment_in_event(net, 0, a, TCP_LISTEN, now);
        stack_answer_by_cookie(net, a, &q.way, now);
        return;
    case REFUSE:
        if (q.why != NULL)
            refuse(net, a, q.why, now);
        return;
    }
}

/* --- the ACK of a SYN that was answered by cookie --- */

bool stack_accept_overflow(struct aksu *net, uint32_t conn, struct arriving *a, aksu_time now)
{
    struct tcp_segment rst;
    bool reset = net->backlog_full == AKSU_BACKLOG_FULL_RESET;
    stack_segment_in_event(net, conn, a, TCP_SYN_RECEIVED, now);
    EMIT(&net->events, conn, now, accept_overflow, .reset = reset);
    if (reset && tcp_closed_state(&a->seg, &rst))
        (void)stack_tcp_reply(net, &a->tuple, &rst, NULL, now);
    return reset;
}

bool stack_conn_overflow(struct aksu *net, struct conn *c, const struct arriving *a, aksu_time now)
{
    const struct listener *l = listener_at(&net->listeners, c->listener);
    if (l->waiting < l->backlog || !ends_handshake(&a->seg, c->tcp.iss))
        return false;
    bool reset = net->backlog_full == AKSU_BACKLOG_FULL_RESET;
    EMIT(&net->events, c->tcp.conn, now, accept_overflow, .reset = reset);
    if (reset) {                                /* from the TCB: it may have to be signed */
        tcp_abandon(&c->tcp, now);
        stack_let_go(net, c, now);
    }
    return true;
}

/* Who has answered comes before who has not. */
static struct conn *room_for_answered(struct aksu *net, struct listener *l, struct arriving *a,
                                      const char **why, aksu_time now)
{
    if (!stack_enough_memory(net, "SYN cookie not taken", why, now))
        return NULL;
    if (stack_connections(net) >= net->max_connections)
        (void)replace_oldest(net, l, 0, now);
    return new_child(net, a, why, now);
}

/* The handshake is over as it begins to exist. */
static void cookie_to_listener(struct aksu *net, struct listener *l, struct arriving *a,
                               const struct tcp_segment *syn, aksu_time now)
{
    const char *why;
    if (l->waiting >= l->backlog) {
        (void)stack_accept_overflow(net, 0, a, now);
        return;
    }
    struct conn *c = room_for_answered(net, l, a, &why, now);
    if (c == NULL) {                            /* the peer repeats what it sends */
        stack_segment_in_event(net, 0, a, TCP_LISTEN, now);
        EMIT(&net->events, 0, now, dropped, .rule = "RFC 4987 3.6", .why = why);
        return;
    }
    cookie_open(&c->tcp, &a->tuple, syn, seq_sub(a->seg.ack, 1), now);
    count_child(net, l, c, now);
    tcp_segment_arrives(&c->tcp, &a->seg, now);
    stack_settle(net, c, now);
}

/* RFC 9293 3.10.7.2 */
void stack_listen_state(struct aksu *net, struct listener *l, struct arriving *a, aksu_time now)
{
    struct tcp_segment rst, syn;
    switch (tcp_listen_check(&a->seg, &rst)) {
    case LISTEN_SYN:
        stack_syn_to_listener(net, l, a, NULL, now);
        return;
    case LISTEN_RST:
        if (stack_cookie_comes_back(net, l, a, &syn, now)) {
            cookie_to_listener(net, l, a, &syn, now);
            return;
        }
        stack_segment_in_event(net, 0, a, TCP_LISTEN, now);
        EMIT(&net->events, 0, now, dropped, .rule = "RFC 9293 3.10.7.2 second",
             .why = "ACK for a connection that is not there");
        (void)stack_tcp_reply(net, &a->tuple, &rst, NULL, now);
        return;
    case LISTEN_DROP:
        stack_segment_in_event(net, 0, a, TCP_LISTEN, now);
        EMIT(&net->events, 0, now, dropped, .rule = "RFC 9293 3.10.7.2",
             .why = "a listener answers only a SYN");
        return;
    }
}
