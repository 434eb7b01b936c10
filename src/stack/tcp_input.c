/* tcp_input.c - whose segment it is (RFC 9293 3.10.7): a connection, a TIME-WAIT record, a
 * listener, or nobody. Called by input.c for each TCP segment. */
#include "stack/gro.h"
#include "wire/ipv4.h"

static struct aksu_sacks sacks_of(const struct tcp_options *o)
{
    struct aksu_sacks out = { .count = o->has & HAS_SACK ? o->sack_count : 0 };
    for (unsigned i = 0; i < out.count; i++) {
        out.block[i].left = o->sack[i].left.n;
        out.block[i].right = o->sack[i].right.n;
    }
    return out;
}

#define SEGMENT_FIELDS(tuple_, seg_)                                                              \
    .local = { (tuple_)->local_ip, (tuple_)->local_port },                                        \
    .remote = { (tuple_)->remote_ip, (tuple_)->remote_port }, .ctl = (seg_)->ctl,                 \
    .seq = (seg_)->seq.n, .ack = (seg_)->ack.n, .wnd = (seg_)->wnd, .up = (seg_)->urgent_pointer, \
    .len = (seg_)->text_len, .has = (seg_)->options.has,                                          \
    .mss = (seg_)->options.has & HAS_MSS ? (seg_)->options.mss : 0,                               \
    .wscale = (seg_)->options.has & HAS_WINDOW_SCALE ? (seg_)->options.window_scale : 0,          \
    .ts_val = (seg_)->options.has & HAS_TIMESTAMPS ? (seg_)->options.ts_val : 0,                  \
    .ts_ecr = (seg_)->options.has & HAS_TIMESTAMPS ? (seg_)->options.ts_ecr : 0,                  \
    .sack = sacks_of(&(seg_)->options)

void stack_segment_out_event(struct aksu *net, uint32_t conn, const struct tcp_tuple *tuple,
                             const struct tcp_segment *seg, aksu_time now)
{
    EMIT(&net->events, conn, now, segment_out, SEGMENT_FIELDS(tuple, seg));
}

static inline void first_segment_in_event(struct aksu *net, uint32_t conn, struct arriving *a,
                                          aksu_time now)
{
    a->told = true;
    EMIT(&net->events, conn, now, segment_in, SEGMENT_FIELDS(&a->tuple, &a->seg));
}

void stack_segment_in_event(struct aksu *net, uint32_t conn, struct arriving *a, aksu_time now)
{
    if (!a->told)
        first_segment_in_event(net, conn, a, now);
}

static const char *fault_text(enum tcp_fault fault)
{
    switch (fault) {
    case TCP_GOOD:
        break;
    case TCP_TRUNCATED:
        return "truncated";
    case TCP_DATA_OFFSET:
        return "data offset";
    case TCP_CHECKSUM:
        return "checksum";
    }
    return NULL;
}

bool stack_tcp_reply(struct aksu *net, const struct tcp_tuple *tuple,
                     const struct tcp_segment *seg, const struct route_result *way, aksu_time now)
{
    struct route_result found;
    if (way == NULL) {
        found = route_lookup(&net->routes, &tuple->remote_ip, &tuple->local_ip);
        if (!found.found || found.broadcast || found.multicast) {
            stack_frame_dropped(net, "IP", "no route for an answer", 0, now);
            return false;
        }
        way = &found;
    }
    if (!stack_send_segment(net, way, tuple, seg, now))
        return false;
    stack_segment_out_event(net, 0, tuple, seg, now);
    return true;
}

/* RFC 9293 3.10.7.1 */
static void closed_state(struct aksu *net, struct arriving *a, aksu_time now)
{
    struct tcp_segment rst;
    EMIT(&net->events, 0, now, dropped, .rule = "RFC 9293 3.10.7.1", .why = "no connection");
    if (!tcp_closed_state(&a->seg, &rst))
        return;
    if (a->ao != 0)
        stack_ao_refuse(net, a, &rst, now);
    else
        (void)stack_tcp_reply(net, &a->tuple, &rst, NULL, now);
}

static void refuse(struct aksu *net, struct arriving *a, const char *why, aksu_time now)
{
    stack_segment_in_event(net, 0, a, now);
    EMIT(&net->events, 0, now, syn_refused, .remote = { a->tuple.remote_ip, a->tuple.remote_port },
         .why = why);
}

static void drop_half_open(struct aksu *net, struct conn *c, aksu_time now)
{
    EMIT(&net->events, c->tcp.conn, now, syn_refused,
         .remote = { c->tcp.tuple.remote_ip, c->tcp.tuple.remote_port },
         .why = "half-open, and the backlog is full");
    (void)tcp_abort(&c->tcp, now);
    c->tcp.rst_owed = false;
    stack_let_go(net, c, now);
}

/* With a full backlog the half-open connection that has waited longest makes room, when its SYN,ACK
 * had to be repeated: a peer that is there has answered by then. False: there is none such. */
static bool drop_oldest_half_open(struct aksu *net, struct listener *l, aksu_time now)
{
    if (l->half_open.first == 0)
        return false;
    struct conn *c = conn_at(net, l->half_open.first);
    if (c->tcp.resends == 0)
        return false;
    drop_half_open(net, c, now);
    return true;
}

static bool enough_memory(struct aksu *net, const char *answer, const char **why, aksu_time now)
{
    if (pool_left(&net->pool) > net->tcp.reserve_pages)
        return true;
    *why = "memory budget";
    EMIT(&net->events, 0, now, memory, .answer = answer, .left = stack_memory_left(net));
    return false;
}

static bool room_for_child(struct aksu *net, struct listener *l, const char **why, aksu_time now)
{
    bool backlog = l->pending >= l->backlog;
    bool table = net->conns.in_use >= net->max_connections;
    /* While as many wait to be accepted, what is dropped makes no room. */
    bool never = l->waiting >= l->backlog;
    if (never || ((backlog || table) && !drop_oldest_half_open(net, l, now))) {
        *why = never || backlog ? "backlog" : "too many connections";
        return false;
    }
    return enough_memory(net, "SYN not answered", why, now);
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
    if (!c->held) {
        conn_list_append(net, &l->half_open, c, LIST_HALF_OPEN);
        return;
    }
    tcp_hold(&c->tcp);
    c->tcp.notify |= AKSU_SYN_HELD;
    EMIT(&net->events, c->tcp.conn, now, syn_held,
         .remote = { c->tcp.tuple.remote_ip, c->tcp.tuple.remote_port });
}

static void tell_child(struct aksu *net, struct conn *c, struct arriving *a, aksu_time now)
{
    stack_segment_in_event(net, c->tcp.conn, a, now);
    EMIT(&net->events, c->tcp.conn, now, opened,
         .local = { a->tuple.local_ip, a->tuple.local_port },
         .remote = { a->tuple.remote_ip, a->tuple.remote_port }, .active = false);
    tcp_set_mtu(&c->tcp, stack_conn_mtu(net, c, now));
}

/* `old`: a connection in TIME-WAIT that is to be reopened, or NULL. */
static void syn_to_listener(struct aksu *net, struct listener *l, struct arriving *a,
                            const struct time_wait *old, aksu_time now)
{
    struct route_result way;
    if (old == NULL && stack_cookies_instead(net, l, a, &way, now)) {
        stack_segment_in_event(net, 0, a, now);
        stack_answer_by_cookie(net, a, &way, now);
        return;
    }
    const char *why = NULL;
    struct conn *c = room_for_child(net, l, &why, now) ? new_child(net, a, &why, now) : NULL;
    if (c == NULL) {
        refuse(net, a, why, now);
        return;
    }
    struct tcp *t = &c->tcp;
    tell_child(net, c, a, now);
    (void)tcp_open_passive(t, &a->tuple, now);
    tcp_segment_arrives(t, &a->seg, now);
    if (old != NULL) {
        tcp_iss_after(t, old->tcp.snd_nxt);
        c->reopens = true;
    } else {
        stack_follow_cookie(net, c, a, now);
    }
    if (l->fast_open > 0)
        stack_fast_open(net, l, c, &a->seg, now);
    count_child(net, l, c, now);
    stack_settle(net, c, now);
}

/* The ACK of a SYN that was answered by cookie: the handshake is over as it begins to exist. */
static void cookie_to_listener(struct aksu *net, struct listener *l, struct arriving *a,
                               const struct tcp_segment *syn, aksu_time now)
{
    const char *why = "no room to be accepted";
    struct conn *c = NULL;
    if (l->waiting < l->backlog && enough_memory(net, "SYN cookie not taken", &why, now)) {
        /* Who has answered comes before who has not. */
        if (net->conns.in_use >= net->max_connections && l->half_open.first != 0)
            drop_half_open(net, conn_at(net, l->half_open.first), now);
        c = new_child(net, a, &why, now);
    }
    if (c == NULL) {                            /* the peer repeats what it sends */
        stack_segment_in_event(net, 0, a, now);
        EMIT(&net->events, 0, now, dropped, .rule = "RFC 4987 3.6", .why = why);
        return;
    }
    tell_child(net, c, a, now);
    cookie_open(&c->tcp, &a->tuple, syn, seq_sub(a->seg.ack, 1), now);
    count_child(net, l, c, now);
    tcp_segment_arrives(&c->tcp, &a->seg, now);
    stack_settle(net, c, now);
}

/* RFC 9293 3.10.7.2 */
static void listen_state(struct aksu *net, struct listener *l, struct arriving *a, aksu_time now)
{
    struct tcp_segment rst, syn;
    switch (tcp_listen_check(&a->seg, &rst)) {
    case LISTEN_SYN:
        syn_to_listener(net, l, a, NULL, now);
        return;
    case LISTEN_RST:
        if (stack_cookie_comes_back(net, l, a, &syn, now)) {
            cookie_to_listener(net, l, a, &syn, now);
            return;
        }
        stack_segment_in_event(net, 0, a, now);
        EMIT(&net->events, 0, now, dropped, .rule = "RFC 9293 3.10.7.2 second",
             .why = "ACK for a connection that is not there");
        (void)stack_tcp_reply(net, &a->tuple, &rst, NULL, now);
        return;
    case LISTEN_DROP:
        stack_segment_in_event(net, 0, a, now);
        EMIT(&net->events, 0, now, dropped, .rule = "RFC 9293 3.10.7.2",
             .why = "a listener answers only a SYN");
        return;
    }
}

/* Apart from the few registers of those whose connection is there. */
__attribute__((noinline))
static void no_connection(struct aksu *net, struct arriving *a, aksu_time now)
{
    struct listener *l = listener_lookup(&net->listeners, &a->tuple);
    if (l != NULL) {
        listen_state(net, l, a, now);
        return;
    }
    stack_segment_in_event(net, 0, a, now);
    closed_state(net, a, now);
}

/* RFC 6191 2, RFC 9293 3.6.1 [MAY-2]: the record stays until the new connection is ESTABLISHED. */
static void reopen(struct aksu *net, struct arriving *a, const struct time_wait *old, aksu_time now)
{
    struct listener *l = listener_lookup(&net->listeners, &a->tuple);
    if (l != NULL)
        syn_to_listener(net, l, a, old, now);
    else
        closed_state(net, a, now);
}

static void time_wait_segment(struct aksu *net, struct time_wait *r, struct arriving *a,
                              aksu_time now)
{
    struct tcp t;
    aksu_time until = time_wait_until(r, now);
    stack_segment_in_event(net, 0, a, now);
    tcp_time_wait_expand(&t, &net->tcp, &r->tcp, now);
    t.deadline[TIMER_TIME_WAIT] = until;
    tcp_segment_arrives(&t, &a->seg, now);
    while (tcp_next_segment(&t, &net->segment, now))
        (void)stack_tcp_reply(net, &a->tuple, &net->segment, NULL, now);

    if (t.state == TCP_CLOSED) {
        time_wait_remove(&net->time_wait, r);
        stack_time_wait_over(net, &a->tuple, "RST", now);
        return;
    }
    tcp_time_wait_compact(&t, &r->tcp);
    if (t.deadline[TIMER_TIME_WAIT] != until)
        time_wait_restart(&net->time_wait, r, now);
    if (t.reopen)
        reopen(net, a, r, now);
}

/* The application still holds what is in TIME-WAIT, and the peer opens anew: what is held becomes a
 * connection that has ended, its TIME-WAIT goes on as a record. */
static void reopen_held(struct aksu *net, struct conn *c, struct arriving *a, aksu_time now)
{
    struct tcp_time_wait compact;
    struct tcp_tuple dropped;
    tcp_time_wait_compact(&c->tcp, &compact);
    c->tcp.reopen = false;
    c->tcp.deadline[TIMER_TIME_WAIT] = now;
    tcp_timeouts(&c->tcp, now);
    conn_unhash(net, c);
    stack_settle(net, c, now);
    if (time_wait_add(&net->time_wait, &compact, a->hash, &dropped, now))
        reopen(net, a, time_wait_lookup(&net->time_wait, &a->tuple, a->hash), now);
    else
        EMIT(&net->events, 0, now, dropped, .rule = "RFC 6191 2",
             .why = "no room for the record of the old connection");
    if (dropped.local_port != 0)
        stack_time_wait_over(net, &dropped, "no room", now);
}

static bool parse(struct aksu *net, const struct ip_packet *p, struct arriving *a, aksu_time now)
{
    /* RFC 9293 3.9.2.3 [MUST-57] */
    if (p->group || p->link_broadcast) {
        stack_frame_dropped(net, "TCP", "to a group or broadcast address", p->length, now);
        return false;
    }
    enum tcp_fault fault = wire_tcp_parse(p->payload[0].data, p->payload[0].length, p->payload + 1,
                                          p->parts - 1, &p->source, &p->destination,
                                          p->checksum_verified, &a->seg);
    if (fault != TCP_GOOD) {
        stack_frame_dropped(net, "TCP", fault_text(fault), p->length, now);
        return false;
    }
    /* RFC 6335 6: port 0 is reserved, no connection has it */
    if (a->seg.source_port == 0 || a->seg.destination_port == 0) {
        stack_frame_dropped(net, "TCP", "port 0", p->length, now);
        return false;
    }
    a->told = false;
    a->ao = 0;
    a->header = p->payload[0].data;
    a->seg.ecn = p->tos & 3;
    a->seg.gso_size = p->gso_size;
    a->tuple.local_ip = p->destination;
    a->tuple.remote_ip = p->source;
    a->tuple.local_port = a->seg.destination_port;
    a->tuple.remote_port = a->seg.source_port;
    return true;
}

/* Each connection speaks once in 2^32 ns, 4.3 s: a neighbour is believed for 15 s at least. */
static bool has_confirmed(const struct conn *c, aksu_time now)
{
    return c->confirmed == (uint16_t)(now >> 32);
}

/* While some neighbour is in doubt. RFC 4861 7.3.1: an acknowledgment of something new, or new
 * text, says that what we send reaches the peer, and so the next hop. */
static void arrives_and_confirms(struct aksu *net, struct conn *c, const struct arriving *a,
                                 aksu_time now)
{
    struct tcp *t = &c->tcp;
    seq_t una = t->snd.una, nxt = t->rcv.nxt;
    bool synchronized = t->state >= TCP_SYN_RECEIVED;
    tcp_segment_arrives(t, &a->seg, now);
    bool progress = seq_gt(t->snd.una, una) || (synchronized && seq_gt(t->rcv.nxt, nxt));
    if (!progress)
        return;
    c->confirmed = (uint16_t)(now >> 32);
    if (!c->ethernet || c->route_version != net->route_version)
        return;
    neighbor_confirm(&net->neighbors, c->device, stack_next_hop(net, c), now);
    stack_neighbor_news(net, now);
}

static struct conn *look_up(struct aksu *net, struct arriving *a)
{
    a->hash = conn_hash(&net->table.key, &a->tuple);
    struct conn *c = conn_lookup(net, &a->tuple, a->hash);
    if (c != NULL)
        net->table.last = c->tcp.conn;
    return c;
}

/* Segments come in trains: the connection of the last one is looked at before any table. */
static struct conn *find_conn(struct aksu *net, struct arriving *a)
{
    if (net->table.last == 0)
        return look_up(net, a);
    struct conn *c = conn_at(net, net->table.last);
    if (memcmp(&c->tcp.tuple, &a->tuple, sizeof a->tuple) != 0)
        return look_up(net, a);
    a->hash = c->tcp.tuple_hash;
    return c;
}

static inline void arrives(struct aksu *net, struct arriving *a, aksu_time now)
{
    struct conn *c = find_conn(net, a);
    if (c != NULL) {
        first_segment_in_event(net, c->tcp.conn, a, now);
        if (__builtin_expect((c->tcp.ao | (a->seg.options.has & (HAS_AO | HAS_AO_FAULT))) != 0, 0)
            && !stack_ao_lets_in(net, c, a, now))
            return;
        if (__builtin_expect(net->doubted != 0, 0) && !has_confirmed(c, now))
            arrives_and_confirms(net, c, a, now);
        else
            tcp_segment_arrives(&c->tcp, &a->seg, now);
        if (c->tcp.reopen)
            reopen_held(net, c, a, now);
        else
            stack_settle(net, c, now);
        return;
    }
    /* RFC 5925 7.5: all SYNs, and what else has no connection */
    if (((a->seg.options.has & (HAS_AO | HAS_AO_FAULT)) | net->tcp.ao.count) != 0
        && !stack_ao_lets_in_stranger(net, a, now))
        return;
    struct time_wait *r = time_wait_lookup(&net->time_wait, &a->tuple, a->hash);
    if (r != NULL)
        time_wait_segment(net, r, a, now);
    else
        no_connection(net, a, now);
}

void stack_tcp_arrives(struct aksu *net, struct arriving *a, aksu_time now)
{
    arrives(net, a, now);
}

void stack_tcp_in(struct aksu *net, const struct ip_packet *p, struct run *run, aksu_time now)
{
    struct arriving a;
    if (!parse(net, p, &a, now) || (run != NULL && gro_begin(run, p, &a)))
        return;
    arrives(net, &a, now);
}
