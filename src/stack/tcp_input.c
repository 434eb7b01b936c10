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
                                          enum aksu_tcp_state state, aksu_time now)
{
    a->told = true;
    EMIT(&net->events, conn, now, segment_in, SEGMENT_FIELDS(&a->tuple, &a->seg), .state = state);
}

void stack_segment_in_event(struct aksu *net, uint32_t conn, struct arriving *a,
                            enum aksu_tcp_state state, aksu_time now)
{
    if (!a->told)
        first_segment_in_event(net, conn, a, state, now);
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

/* Apart from the few registers of those whose connection is there. */
__attribute__((noinline))
static void no_connection(struct aksu *net, struct arriving *a, aksu_time now)
{
    struct listener *l = listener_lookup(&net->listeners, &a->tuple);
    if (l != NULL) {
        stack_listen_state(net, l, a, now);
        return;
    }
    stack_segment_in_event(net, 0, a, TCP_CLOSED, now);
    closed_state(net, a, now);
}

/* RFC 6191 2, RFC 9293 3.6.1 [MAY-2]: the record stays until the new connection is ESTABLISHED. */
static void reopen(struct aksu *net, struct arriving *a, const struct time_wait *old, aksu_time now)
{
    struct listener *l = listener_lookup(&net->listeners, &a->tuple);
    if (l != NULL)
        stack_syn_to_listener(net, l, a, old, now);
    else
        closed_state(net, a, now);
}

/* What had TCP-AO and is a record now, as reopen_held() makes them. A SYN that reopens stands for
 * itself: it has the MAC of the connection that it opens. */
static void keys_are_gone(struct aksu *net, aksu_time now)
{
    EMIT(&net->events, 0, now, dropped, .rule = "RFC 5925 7.4",
         .why = "TIME-WAIT without the keys of its TCP-AO: no answer can have a MAC");
}

static void time_wait_segment(struct aksu *net, struct time_wait *r, struct arriving *a,
                              aksu_time now)
{
    struct tcp t;
    aksu_time until = time_wait_until(r, now);
    bool mute = r->tcp.keys_gone;
    stack_segment_in_event(net, 0, a, TCP_TIME_WAIT, now);
    tcp_time_wait_expand(&t, &net->tcp, &r->tcp, now);
    t.deadline[TIMER_TIME_WAIT] = until;
    tcp_segment_arrives(&t, &a->seg, now);
    while (tcp_next_segment(&t, &net->segment, now)) {
        if (mute)
            keys_are_gone(net, now);
        else
            (void)stack_tcp_reply(net, &a->tuple, &net->segment, NULL, now);
    }
    if (t.state == TCP_CLOSED) {
        time_wait_remove(&net->time_wait, r);
        stack_time_wait_over(net, &a->tuple, "RST", now);
        return;
    }
    tcp_time_wait_compact(&t, &r->tcp);
    r->tcp.keys_gone = mute;
    if (t.deadline[TIMER_TIME_WAIT] != until)
        time_wait_restart(&net->time_wait, r, now);
    if (t.reopen)
        reopen(net, a, r, now);
}

/* RFC 5925 7.5: all SYNs, and what else has no connection. */
static bool stranger_may_enter(struct aksu *net, struct arriving *a, aksu_time now)
{
    return ((a->seg.options.has & (HAS_AO | HAS_AO_FAULT)) | net->tcp.ao.count) == 0
        || stack_ao_lets_in_stranger(net, a, now);
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

/* A half-open one may stand beside the TIME-WAIT that it reopens. */
static void without_connection(struct aksu *net, struct arriving *a, aksu_time now)
{
    struct syn_record *half_open = syn_cache_lookup(&net->syn_cache, &a->tuple, a->hash);
    /* One that is half-open began before its key came, and goes on as a connection would. */
    bool known = half_open != NULL && !(a->seg.options.has & (HAS_AO | HAS_AO_FAULT));
    if (!known && !stranger_may_enter(net, a, now))
        return;
    if (half_open != NULL) {
        stack_half_open_arrives(net, half_open, a, now);
        return;
    }
    struct time_wait *r = time_wait_lookup(&net->time_wait, &a->tuple, a->hash);
    if (r != NULL)
        time_wait_segment(net, r, a, now);
    else
        no_connection(net, a, now);
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

void stack_confirms(struct aksu *net, struct conn *c, aksu_time now)
{
    c->confirmed = (uint16_t)(now >> 32);
    if (!c->ethernet || c->route_version != net->route_version)
        return;
    neighbor_confirm(&net->neighbors, c->device, stack_next_hop(net, c), now);
    stack_neighbor_news(net, now);
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
    if (seq_gt(t->snd.una, una) || (synchronized && seq_gt(t->rcv.nxt, nxt)))
        stack_confirms(net, c, now);
}

static struct conn *look_up(struct aksu *net, struct arriving *a)
{
    const struct tcp *syn = &net->last_syn.tcp;     /* its ACK is often the next segment */
    a->hash = net->last_syn_of != 0 && memcmp(&syn->tuple, &a->tuple, sizeof a->tuple) == 0
            ? net->last_syn.tuple_hash : conn_hash(&net->table.key, &a->tuple);
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
    a->hash = c->tuple_hash;
    return c;
}

static inline void arrives(struct aksu *net, struct arriving *a, aksu_time now)
{
    struct conn *c = find_conn(net, a);
    if (c != NULL) {
        first_segment_in_event(net, c->tcp.conn, a, (enum aksu_tcp_state)c->tcp.state, now);
        if (__builtin_expect((c->tcp.ao | (a->seg.options.has & (HAS_AO | HAS_AO_FAULT))) != 0, 0)
            && !stack_ao_lets_in(net, c, a, now))
            return;
        if (__builtin_expect(c->list == LIST_HALF_OPEN, 0) && stack_conn_overflow(net, c, a, now))
            return;
        if (__builtin_expect(net->doubted != 0, 0) && !has_confirmed(c, now))
            arrives_and_confirms(net, c, a, now);
        else
            tcp_segment_arrives(&c->tcp, &a->seg, now);
        if (c->tcp.reopen && c->tcp.ao == 0 && !stranger_may_enter(net, a, now))
            c->tcp.reopen = false;              /* the keys came when it was in TIME-WAIT */
        if (c->tcp.reopen)
            reopen_held(net, c, a, now);
        else
            stack_settle(net, c, now);
        return;
    }
    without_connection(net, a, now);
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
