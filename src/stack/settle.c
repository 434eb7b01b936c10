/* settle.c - what follows from a TCP call on a connection: its turn to send, what the application
 * is told, its timer, the backlog of its listener, and its end. Called by the stack and by
 * socket/ after every call on a TCB. */
#include "stack/half_open.h"

void stack_leave_listener(struct aksu *net, struct conn *c)
{
    if (c->listener == 0)
        return;
    struct listener *l = listener_at(&net->listeners, c->listener);
    if (c->list != LIST_ACCEPT)
        net->half_open--;
    if (c->list == LIST_HALF_OPEN) {
        conn_list_remove(net, &l->half_open, c);
    } else if (c->list == LIST_ACCEPT) {
        conn_list_remove(net, &l->accept, c);
        l->waiting--;
    }
    c->listener = 0;
    listener_left(&net->listeners, l);
}

/* RFC 9293 3.6.1 [MAY-2]: the record was kept for the case that the new connection fails. */
static void forget_time_wait(struct aksu *net, struct conn *c, aksu_time now)
{
    const struct tcp_tuple *tuple = &c->tcp.tuple;
    struct time_wait *r = time_wait_lookup(&net->time_wait, tuple, c->tuple_hash);
    c->reopens = false;
    if (r == NULL)
        return;
    time_wait_remove(&net->time_wait, r);
    EMIT(&net->events, c->tcp.conn, now, time_wait_over,
         .local = { tuple->local_ip, tuple->local_port },
         .remote = { tuple->remote_ip, tuple->remote_port },
         .why = "a new connection took its place");
}

static void forget_child(struct aksu *net, struct conn *c)
{
    if (c->list == LIST_READY)
        conn_list_remove(net, &net->ready, c);
    c->gone = true;
}

void stack_acceptable(struct aksu *net, struct listener *l, struct conn *c)
{
    conn_list_append(net, &l->accept, c, LIST_ACCEPT);
    l->waiting++;
    listener_ready(&net->listeners, l);
}

/* A connection that still counts in the backlog: has its handshake ended? */
static void child_progress(struct aksu *net, struct conn *c)
{
    struct listener *l = listener_at(&net->listeners, c->listener);
    if (c->tcp.state == TCP_SYN_RECEIVED)
        return;
    if (c->tcp.state == TCP_CLOSED || c->tcp.state == TCP_LISTEN) {
        stack_leave_listener(net, c);
        if (!c->held || (c->tcp.notify & AKSU_SYN_HELD))
            forget_child(net, c);               /* the application has never heard of it */
    } else if (c->held) {
        stack_leave_listener(net, c);
    } else if (c->list == LIST_HALF_OPEN) {
        conn_list_remove(net, &l->half_open, c);
        net->half_open--;
        stack_acceptable(net, l, c);
    }
}

/* RFC 9293 3.10.7.4 second: a passive open that was reset goes back to LISTEN; here the listener
 * is another object, and what is left is a connection that failed. */
void stack_end_in_listen(struct tcp *t, aksu_time now)
{
    tcp_abandon(t, now);
    t->rst_owed = false;
    t->reason = AKSU_RESET;
    t->notify |= AKSU_FAILED;
}

static void compact(struct aksu *net, struct conn *c, aksu_time now)
{
    struct tcp_tuple *tuple = &c->tcp.tuple, dropped;
    struct tcp_time_wait record;
    uint32_t hash = c->tuple_hash;
    tcp_time_wait_compact(&c->tcp, &record);
    conn_unhash(net, c);

    struct time_wait *old = time_wait_lookup(&net->time_wait, tuple, hash);
    if (old != NULL)
        time_wait_remove(&net->time_wait, old);
    bool kept = time_wait_add(&net->time_wait, &record, hash, &dropped, now);
    if (dropped.local_port != 0)
        stack_time_wait_over(net, &dropped, "no room", now);
    if (kept)
        EMIT(&net->events, c->tcp.conn, now, time_wait,
             .local = { tuple->local_ip, tuple->local_port },
             .remote = { tuple->remote_ip, tuple->remote_port });
    else
        EMIT(&net->events, c->tcp.conn, now, memory, .answer = "no TIME-WAIT record",
             .left = stack_memory_left(net));
    conn_delete(net, c, now);
}

/* True: the connection is gone. Apart, as the next three are, from stack_settle's few registers. */
__attribute__((noinline))
static bool end(struct aksu *net, struct conn *c, aksu_time now)
{
    if (c->tcp.state == TCP_CLOSED) {
        conn_unhash(net, c);
        if (!c->gone)
            return false;
        conn_delete(net, c, now);
        return true;
    }
    /* A record has no room for the keys that its answers would need: the TCB stays. */
    if (c->tcp.state == TCP_TIME_WAIT && c->gone && c->tcp.ao == 0) {
        compact(net, c, now);
        return true;
    }
    return false;
}

/* RFC 9293 3.8.3 [MUST-20]: negative advice to the IP layer. */
__attribute__((noinline, cold))
static void advise_neighbor(struct aksu *net, struct conn *c, aksu_time now)
{
    c->suspected = c->tcp.r1_reported;
    if (!c->suspected || !c->ethernet)
        return;
    neighbor_suspect(&net->neighbors, c->device, stack_next_hop(net, c), now);
    stack_neighbor_news(net, now);
}

/* Before ESTABLISHED, and in CLOSED. */
__attribute__((noinline))
static void settle_opening(struct aksu *net, struct conn *c, aksu_time now)
{
    if (c->fast_open_pending)
        stack_fast_open_progress(net, c, now);
    if (c->listener != 0)
        child_progress(net, c);
    if (c->reopens && c->tcp.state >= TCP_ESTABLISHED)
        forget_time_wait(net, c, now);
    if (c->tcp.state == TCP_LISTEN)
        stack_end_in_listen(&c->tcp, now);
    if (c->tcp.state == TCP_CLOSED)
        conn_unhash(net, c);                  /* its RST may wait for its turn, a new SYN may not */
}

/* RFC 4821 5.2: what one connection has found is true for its destination. */
__attribute__((noinline, cold))
static void take_mtu(struct aksu *net, struct conn *c, aksu_time now)
{
    const struct aksu_ip *to = &c->tcp.tuple.remote_ip;
    c->tcp.mtu_found = false;
    uint32_t mtu = c->tcp.mtu + (uint32_t)ip_header_length(to);
    if (c->device != DEVICE_SELF)
        (void)stack_path_mtu_lower(net, c->tcp.conn, to, mtu,
                                   stack_device_mtu(net, c->device, to), now);
}

void stack_settle(struct aksu *net, struct conn *c, aksu_time now)
{
    struct tcp *t = &c->tcp;
    if (c->listener != 0 || c->reopens || t->state < TCP_ESTABLISHED)
        settle_opening(net, c, now);
    if (t->may_send && c->turn == TURN_NONE)
        stack_turn(net, c);
    if (t->notify != 0 && c->list == LIST_NONE && !c->gone)
        conn_list_append(net, &net->ready, c, LIST_READY);
    if (t->r1_reported != c->suspected)
        advise_neighbor(net, c, now);
    if (t->mtu_found)
        take_mtu(net, c, now);
    if (c->turn == TURN_QUEUED)
        return;                             /* the rest follows at the end of its turn */
    if (c->turn == TURN_NONE && (t->state == TCP_CLOSED || t->state == TCP_TIME_WAIT)
        && end(net, c, now))
        return;

    aksu_time due = tcp_next_timeout(t);
    if (due != NEVER && (!wheel_armed(&c->timer) || due < c->timer.deadline))
        wheel_arm(&net->wheel, &c->timer, due);
}

/* After a call that changes no state, and no deadline but one. */
void stack_settle_reader(struct aksu *net, struct conn *c)
{
    aksu_time due = c->tcp.deadline[TIMER_MEMORY];
    if (due != NEVER && (!wheel_armed(&c->timer) || due < c->timer.deadline))
        wheel_arm(&net->wheel, &c->timer, due);
    if (c->tcp.may_send && c->turn == TURN_NONE)
        stack_turn(net, c);
}

void stack_let_go(struct aksu *net, struct conn *c, aksu_time now)
{
    c->gone = true;
    if (c->list == LIST_READY)
        conn_list_remove(net, &net->ready, c);
    if (!c->fast_open_pending)
        stack_leave_listener(net, c);
    stack_settle(net, c, now);
}

void stack_close_listener(struct aksu *net, struct listener *l, aksu_time now)
{
    for (struct conn_queue *q = &l->half_open; q != NULL; q = q == &l->accept ? NULL : &l->accept) {
        while (q->first != 0) {
            struct conn *c = conn_at(net, q->first);
            tcp_abandon(&c->tcp, now);
            stack_let_go(net, c, now);
        }
    }
    stack_half_open_close(net, l, now);
    listener_remove(&net->listeners, l);
}

bool stack_next_ready(struct aksu *net, struct aksu_ready *out)
{
    struct listener *l;
    while ((l = listener_next_ready(&net->listeners)) != NULL) {
        if (l->accept.first == 0)
            continue;
        *out = (struct aksu_ready){ .what = AKSU_ACCEPTABLE, .listener = listener_handle(l),
                                    .cookie = l->cookie };
        return true;
    }
    while (net->ready.first != 0) {
        struct conn *c = conn_at(net, net->ready.first);
        conn_list_remove(net, &net->ready, c);
        if (c->tcp.notify == 0)
            continue;
        *out = (struct aksu_ready){ .what = c->tcp.notify, .conn = conn_handle(c),
                                    .cookie = c->cookie };
        if (c->listener != 0 && (c->tcp.notify & AKSU_SYN_HELD))
            out->listener = listener_handle(listener_at(&net->listeners, c->listener));
        c->tcp.notify = 0;
        return true;
    }
    return stack_udp_next_ready(net, out) || stack_echo_next_ready(net, out);
}
