/* ladder.c - the ladder's sinks: what an event adds to its connection. One function per kind of
 * event; kinds without one are not drawn. */
#include "event/ladder.h"

#include <string.h>

/* Where an event without endpoints happened: the record's connection, or the last arrival's. */
static struct ladder_connection *place_of(struct ladder_side *s, const struct aksu_event *e)
{
    struct ladder_connection *c = ladder_by_record(s->ladder, s->side, e->conn);

    if (!c && s->last != NO_ITEM)
        c = &s->ladder->connection[s->last];
    return c;
}

/* The SYN that has just come. NULL: something else has. */
static const struct ladder_segment *syn_of(const struct ladder_side *s, const struct aksu_event *e)
{
    const struct ladder_connection *c = s->last != NO_ITEM ? &s->ladder->connection[s->last] : NULL;
    uint32_t last = c ? c->end[s->side].last_item : NO_ITEM;
    const struct ladder_item *item = last != NO_ITEM ? &s->ladder->item[last] : NULL;
    bool syn = item && item->sort == LADDER_TCP &&
               (item->segment.ctl & (AKSU_SYN | AKSU_ACK)) == AKSU_SYN &&
               item->side != s->side && (item->at == e->at || item->other_at == e->at);

    return syn ? &item->segment : NULL;
}

/* A new incarnation. The SYN of a passive one may have been taken for one of the last: it was that
 * once more. Its number is the peer's first here too (RFC 9293 3.4.1). */
static struct ladder_connection *begin_anew(struct ladder_side *s, const struct aksu_event *e)
{
    const struct ladder_segment *syn = e->opened.active ? NULL : syn_of(s, e);
    uint32_t isn = syn ? syn->seq : 0;
    struct ladder_connection *c = ladder_new_connection(s->ladder, false, e->at);

    if (c && syn) {
        c->end[1 - s->side].isn = isn;
        c->end[1 - s->side].isn_known = true;
    }
    return c;
}

static void on_opened(struct ladder_side *s, const struct aksu_event *e)
{
    const struct aksu_event_opened *o = &e->opened;
    struct ladder_connection *c = ladder_by_record(s->ladder, s->side, e->conn);

    if (o->remote.port == 0)
        return;
    if (!c || (c->addressed && !ladder_joins(c, s->side, &o->local, &o->remote)))
        c = ladder_by_pair(s->ladder, s->side, &o->local, &o->remote);
    if (!c || (c->end[s->side].opened && c->end[s->side].conn != e->conn) ||
        (c->end[s->side].opened && !c->end[s->side].live))
        c = begin_anew(s, e);
    if (!c)
        return;
    ladder_set_addresses(c, s->side, &o->local, &o->remote);
    c->end[s->side].conn = e->conn;
    c->end[s->side].opened = c->end[s->side].live = true;
    c->last = e->at;
}

/* The record's connection; made when the call or the state comes before the endpoints are known. */
static struct ladder_connection *record_of(struct ladder_side *s, const struct aksu_event *e,
                                           bool make)
{
    struct ladder_connection *c = ladder_by_record(s->ladder, s->side, e->conn);

    if (!c && e->conn != 0 && make) {
        c = ladder_new_connection(s->ladder, false, e->at);
        if (c) {
            c->end[s->side].conn = e->conn;
            c->end[s->side].live = true;
        }
    }
    return c;
}

static void enter(struct ladder_side *s, struct ladder_connection *c, const struct aksu_event *e,
                  enum aksu_tcp_state state)
{
    struct ladder_end *me = &c->end[s->side];
    struct ladder_item *item = me->last_item != NO_ITEM ? &s->ladder->item[me->last_item] : NULL;

    /* It stands beside the segment whose arrival made it. */
    if (item) {
        bool arrival = item->side != s->side;
        aksu_time at = item->kind == LADDER_SEGMENT ? item->other_at : item->at;

        if (!arrival || at != e->at || item->label[s->side] != 0)
            item = NULL;
    }
    if (!item)
        item = ladder_append_for(s, c, e, LADDER_STATE);
    if (item)
        item->label[s->side] = (uint8_t)(state + 1);
    me->state = (uint8_t)(state + 1);
    c->last = e->at;
}

static bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

static void on_state(struct ladder_side *s, const struct aksu_event *e)
{
    enum aksu_tcp_state from = e->state.from, to = e->state.to;
    bool first = from == AKSU_TCP_CLOSED || from == AKSU_TCP_LISTEN;
    struct ladder_connection *c = record_of(s, e, first);

    if (!c)
        return;
    struct ladder_end *me = &c->end[s->side];

    if (from == AKSU_TCP_CLOSED && to == AKSU_TCP_LISTEN && me->first_state == 0) {
        me->first_state = me->state = AKSU_TCP_LISTEN + 1;      /* a listener's child starts here */
        return;
    }
    if (me->first_state == 0)
        me->first_state = (uint8_t)(from + 1);
    if (me->state != to + 1u)
        enter(s, c, e, to);
}

/* The stack tells of a call when it is done; the state that the call led to comes behind it. */
static struct ladder_item *append_call(struct ladder_side *s, struct ladder_connection *c,
                                       const struct aksu_event *e)
{
    uint32_t before = c->tail;
    struct ladder_item *item = ladder_append_for(s, c, e, LADDER_STATE);
    struct ladder_item *state = before != NO_ITEM ? &s->ladder->item[before] : NULL;

    if (!item || !state || state->next != c->tail || state->kind != LADDER_STATE ||
        state->side != s->side || state->at != e->at)
        return item;
    item->label[s->side] = state->label[s->side];
    return state;
}

/* What the user takes, what a listener did long ago, and what could not be done yet, is not drawn:
 * it would hide the rest. */
static void on_call(struct ladder_side *s, const struct aksu_event *e)
{
    static const char *const quiet[] = { "RECEIVE", "STATUS", "OPEN passive" };
    const char *name = e->call.name;
    struct ladder_connection *c = record_of(s, e, starts_with(name, "OPEN active"));

    for (size_t i = 0; i < sizeof quiet / sizeof quiet[0]; i++) {
        if (starts_with(name, quiet[i]))
            return;
    }
    if (!c || e->call.status == AKSU_WOULD_BLOCK)
        return;
    struct ladder_item *item = append_call(s, c, e);
    c->last = e->at;
    c->end[s->side].last_item = NO_ITEM;        /* what follows is the call's doing */
    if (item) {
        item->kind = LADDER_CALL;
        item->label[s->side] = 0;
        item->call = e->call;
    }
}

static struct ladder_item *add_note(struct ladder_side *s, struct ladder_connection *c,
                                    const struct aksu_event *e)
{
    struct ladder_item *item = ladder_append_for(s, c, e, LADDER_NOTE);

    c->last = e->at;
    if (item) {
        item->event = (uint8_t)e->kind;
        memcpy(&item->note, &e->segment_in, sizeof item->note);
    }
    return item;
}

static void on_note(struct ladder_side *s, const struct aksu_event *e)
{
    struct ladder_connection *c = ladder_by_record(s->ladder, s->side, e->conn);

    if (c)
        add_note(s, c, e);
}

static void on_needless(struct ladder_side *s, const struct aksu_event *e)
{
    struct ladder_connection *c = ladder_by_record(s->ladder, s->side, e->conn);
    struct ladder_item *item = c ? add_note(s, c, e) : NULL;

    if (item)
        item->note.needless.seq -= c->end[s->side].isn;
}

/* These may be about a segment that belongs to no record. */
static void on_verdict(struct ladder_side *s, const struct aksu_event *e)
{
    struct ladder_connection *c = place_of(s, e);

    if (c)
        add_note(s, c, e);
}

/* Said once when both ends say the same. */
static void on_negotiated(struct ladder_side *s, const struct aksu_event *e)
{
    struct ladder_connection *c = ladder_by_record(s->ladder, s->side, e->conn);

    if (!c)
        return;
    const struct aksu_event_negotiated *n = &e->negotiated;
    bool same = n->snd_mss == c->agreed.snd_mss && n->snd_wscale == c->agreed.rcv_wscale &&
                n->rcv_wscale == c->agreed.snd_wscale && n->ecn == c->agreed.ecn;

    if (!same)
        add_note(s, c, e);
    c->agreed = *n;
    c->end[s->side].shift = n->rcv_wscale;
    c->end[1 - s->side].shift = n->snd_wscale;
}

/* Announced just before the segment, or just after it. */
static void on_retransmit(struct ladder_side *s, const struct aksu_event *e)
{
    struct ladder_connection *c = ladder_by_record(s->ladder, s->side, e->conn);

    if (!c)
        return;
    struct ladder_end *me = &c->end[s->side];
    struct ladder_item *item = me->last_item != NO_ITEM ? &s->ladder->item[me->last_item] : NULL;

    if (item && item->kind == LADDER_SEGMENT && item->side == s->side && item->at == e->at &&
        item->segment.seq == e->retransmit.seq && item->why == NULL) {
        item->why = e->retransmit.why;
        return;
    }
    me->again_why = e->retransmit.why;
    me->again_seq = e->retransmit.seq;
}

static void on_deleted(struct ladder_side *s, const struct aksu_event *e)
{
    struct ladder_connection *c = ladder_by_record(s->ladder, s->side, e->conn);

    if (!c)
        return;
    struct ladder_end *me = &c->end[s->side];

    if (me->state != 0 && me->state != AKSU_TCP_CLOSED + 1 && me->state != AKSU_TCP_TIME_WAIT + 1)
        enter(s, c, e, AKSU_TCP_CLOSED);
    me->live = false;
    c->last = e->at;
}

/* The record has another number from now on. */
static void on_completed(struct ladder_side *s, const struct aksu_event *e)
{
    struct ladder_connection *c =
        ladder_by_record(s->ladder, s->side, e->completed.half_open);

    if (c)
        c->end[s->side].conn = e->conn;
}

static void on_time_wait(struct ladder_side *s, const struct aksu_event *e)
{
    struct ladder_connection *c = ladder_by_pair(s->ladder, s->side, &e->time_wait.local,
                                                 &e->time_wait.remote);

    if (c)
        c->end[s->side].time_wait = true;
}

static void on_time_wait_over(struct ladder_side *s, const struct aksu_event *e)
{
    const struct aksu_event_time_wait_over *o = &e->time_wait_over;

    for (uint32_t i = 0; i < s->ladder->connections; i++) {
        struct ladder_connection *c = &s->ladder->connection[i];

        if (!ladder_joins(c, s->side, &o->local, &o->remote) || !c->end[s->side].time_wait)
            continue;
        c->end[s->side].time_wait = false;
        struct ladder_item *item = add_note(s, c, e);
        if (item)
            item->label[s->side] = AKSU_TCP_CLOSED + 1;
        c->end[s->side].state = AKSU_TCP_CLOSED + 1;
    }
}

static void (*const on[AKSU_EV_COUNT])(struct ladder_side *s, const struct aksu_event *e) = {
    [AKSU_EV_segment_in] = ladder_segment_in,
    [AKSU_EV_segment_out] = ladder_segment_out,
    [AKSU_EV_udp_in] = ladder_udp_in,
    [AKSU_EV_udp_out] = ladder_udp_out,
    [AKSU_EV_udp_dropped] = ladder_udp_dropped,
    [AKSU_EV_icmp_in] = ladder_icmp_in,
    [AKSU_EV_icmp_out] = ladder_icmp_out,
    [AKSU_EV_opened] = on_opened,
    [AKSU_EV_state] = on_state,
    [AKSU_EV_call] = on_call,
    [AKSU_EV_negotiated] = on_negotiated,
    [AKSU_EV_retransmit] = on_retransmit,
    [AKSU_EV_deleted] = on_deleted,
    [AKSU_EV_completed] = on_completed,
    [AKSU_EV_time_wait] = on_time_wait,
    [AKSU_EV_time_wait_over] = on_time_wait_over,
    [AKSU_EV_dropped] = on_verdict,
    [AKSU_EV_ao_bad_mac] = on_verdict,
    [AKSU_EV_ao_missing] = on_verdict,
    [AKSU_EV_ao_no_key] = on_verdict,
    [AKSU_EV_ao_unexpected] = on_verdict,
    [AKSU_EV_challenge_ack] = on_verdict,
    [AKSU_EV_syn_refused] = on_verdict,
    [AKSU_EV_syn_queue_full] = on_verdict,
    [AKSU_EV_accept_queue_full] = on_verdict,
    [AKSU_EV_accept_overflow] = on_verdict,
    [AKSU_EV_half_open_replaced] = on_verdict,
    [AKSU_EV_signal] = on_note,
    [AKSU_EV_urgent] = on_note,
    [AKSU_EV_soft_error] = on_note,
    [AKSU_EV_timer] = on_note,
    [AKSU_EV_needless] = on_needless,
    [AKSU_EV_zero_window] = on_note,
    [AKSU_EV_syn_answered] = on_note,
    [AKSU_EV_path_mtu] = on_note,
    [AKSU_EV_memory] = on_note,
    [AKSU_EV_cwnd] = on_note,
    [AKSU_EV_note] = on_note,
};

/* Connections that are over leave a while later, when what was under way has arrived. */
static void print_finished(struct aksu_ladder *l, aksu_time now)
{
    if (l->config.at_end || (now >= l->looked && now - l->looked < AKSU_SECONDS(1)))
        return;
    l->looked = now;
    for (uint32_t i = 0; i < l->connections; i++) {
        if (l->connection[i].used && ladder_is_over(&l->connection[i], now))
            ladder_print(l, &l->connection[i]);
    }
}

/* What has not happened yet: only what is sent and arrives, and as long as there is room. */
static bool may_tell_ahead(const struct aksu_ladder *l, const struct aksu_event *e)
{
    static const bool tells[AKSU_EV_COUNT] = {
        [AKSU_EV_segment_in] = true, [AKSU_EV_segment_out] = true, [AKSU_EV_udp_in] = true,
        [AKSU_EV_udp_out] = true, [AKSU_EV_udp_dropped] = true, [AKSU_EV_icmp_in] = true,
        [AKSU_EV_icmp_out] = true,
    };

    return (unsigned)e->kind < AKSU_EV_COUNT && tells[e->kind] && l->free_count > 4;
}

static void ladder_put(struct aksu_sink *sink, const struct aksu_event *event)
{
    struct ladder_side *s = (struct ladder_side *)sink;

    if (!s->ladder->ahead)
        print_finished(s->ladder, event->at);
    else if (!may_tell_ahead(s->ladder, event))
        return;
    if ((unsigned)event->kind < AKSU_EV_COUNT && on[event->kind])
        on[event->kind](s, event);
}

struct aksu_sink *aksu_ladder_side(struct aksu_ladder *ladder, unsigned side, const char *host)
{
    struct ladder_side *s = &ladder->side[side > 0];

    s->sink.put = ladder_put;
    s->host = host;
    s->present = true;
    return &s->sink;
}

void aksu_ladder_name(struct aksu_ladder *ladder, unsigned side, const char *host)
{
    ladder->side[side > 0].host = host;
}

void aksu_ladder_finish(struct aksu_ladder *ladder)
{
    struct ladder_connection *oldest;

    ladder_cut_ahead(ladder);
    do {
        oldest = NULL;
        for (uint32_t i = 0; i < ladder->connections; i++) {
            struct ladder_connection *c = &ladder->connection[i];

            if (c->used && (!oldest || c->order < oldest->order))
                oldest = c;
        }
        if (oldest)
            ladder_print(ladder, oldest);
    } while (oldest);
    ladder_draw_rest(ladder);
}
