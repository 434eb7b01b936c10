/* judge.c - what holds at every step, whatever the link does: RFC 9293 3.4 (SND.UNA =< SND.NXT),
 * RFC 9293 3.8.6 (the window does not shrink, nothing is sent above it), and the memory budget. */
#include <stdio.h>

#include "tests/sim/duo.h"

static int32_t ahead(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b);
}

static struct judged *judged_of(struct duo *w, unsigned side, uint16_t local, uint16_t remote)
{
    unsigned client = side == 0 ? local : remote;
    if (client < PORT_FIRST || client >= PORT_FIRST + w->flows)
        return NULL;
    return &w->flow[client - PORT_FIRST].judged[side];
}

/* RFC 7323 2.2: both SYNs must have it; a SYN's own window is not scaled. */
static uint8_t shift(const struct judged *j, uint8_t scale, bool syn)
{
    return !syn && j->scale_out_known && j->scale_in_known ? scale : 0;
}

static void went_out(struct duo *w, unsigned side, const struct aksu_event_segment_out *s)
{
    struct judged *j = judged_of(w, side, s->local.port, s->remote.port);
    bool syn = (s->ctl & AKSU_SYN) != 0;
    if (j == NULL || (s->ctl & AKSU_RST))
        return;
    if (syn) {
        j->scale_out_known = (s->has & AKSU_HAS_WINDOW_SCALE) != 0;
        j->scale_out = s->wscale > 14 ? 14 : s->wscale;
    }
    if (s->len > 0) {
        expect(j->has_in, "side %u sends text before it knows a window", side);
        int32_t above = ahead(s->seq + s->len, j->edge_in);
        expect(above <= (s->len == 1 ? 1 : 0),
               "side %u sends %d octets above the window (seq %u, len %u)",
               side, above, s->seq, s->len);
    }
    if (!(s->ctl & AKSU_ACK))
        return;
    uint8_t by = shift(j, j->scale_out, syn);
    uint32_t edge = s->ack + (s->wnd << by);
    if (j->has_out && !syn) {
        int32_t back = ahead(j->edge_out, edge);
        expect(back < 1 << by, "side %u takes back %d octets of its window (ack %u, wnd %u << %u)",
               side, back, s->ack, s->wnd, by);
    }
    if (!j->has_out || ahead(edge, j->edge_out) > 0)
        j->edge_out = edge;
    j->has_out = true;
}

static void came_in(struct duo *w, unsigned side, const struct aksu_event_segment_in *s)
{
    struct judged *j = judged_of(w, side, s->local.port, s->remote.port);
    bool syn = (s->ctl & AKSU_SYN) != 0;
    if (j == NULL || (s->ctl & AKSU_RST))
        return;
    if (syn) {
        j->scale_in_known = (s->has & AKSU_HAS_WINDOW_SCALE) != 0;
        j->scale_in = s->wscale > 14 ? 14 : s->wscale;
    }
    if (!(s->ctl & AKSU_ACK))
        return;
    uint32_t edge = s->ack + (s->wnd << shift(j, j->scale_in, syn));
    if (!j->has_in || ahead(edge, j->edge_in) > 0)
        j->edge_in = edge;
    j->has_in = true;
}

static void say(const struct duo *w, unsigned side, const struct aksu_event *e)
{
    if (e->kind == AKSU_EV_segment_out || e->kind == AKSU_EV_segment_in) {
        const struct aksu_event_segment_in *s = &e->segment_in;
        printf("%12.6f %u #%u %s ctl %02x seq %u ack %u wnd %u len %u %s", (double)e->at / 1e9,
               side,
               e->conn, e->kind == AKSU_EV_segment_out ? "out" : "in ", s->ctl, s->seq, s->ack,
                   s->wnd,
               s->len, s->sack.count > 0 ? "sack " : "");
        for (unsigned i = 0; i < s->sack.count; i++)
            printf("%u-%u ", s->sack.block[i].left, s->sack.block[i].right);
        printf("port %u\n", side == 0 ? s->local.port : s->remote.port);
    } else if (e->kind == AKSU_EV_dropped) {
        printf("%12.6f %u #%u dropped %s: %s\n", (double)e->at / 1e9, side, e->conn,
               e->dropped.rule,
               e->dropped.why);
    } else if (e->kind == AKSU_EV_frame_dropped) {
        printf("%12.6f %u frame dropped, %s: %s\n", (double)e->at / 1e9, side,
               e->frame_dropped.layer,
               e->frame_dropped.why);
    } else if (e->kind == AKSU_EV_state) {
        printf("%12.6f %u #%u %s -> %s\n", (double)e->at / 1e9, side, e->conn,
               aksu_tcp_state_name(e->state.from), aksu_tcp_state_name(e->state.to));
    } else {
        printf("%12.6f %u #%u %s\n", (double)e->at / 1e9, side, e->conn, aksu_event_name(e->kind));
    }
    (void)w;
}

static struct judged *judged_conn(struct duo *w, unsigned side, uint32_t conn)
{
    for (unsigned i = 0; i < w->flows; i++)
        if (w->flow[i].judged[side].conn == conn)
            return &w->flow[i].judged[side];
    return NULL;
}

/* The state that a segment is said to meet is the one that was entered last. */
static void follow_state(struct duo *w, unsigned side, const struct aksu_event *e)
{
    struct judged *j = NULL;
    if (e->conn == 0)
        return;
    if (e->kind == AKSU_EV_opened) {
        j = judged_of(w, side, e->opened.local.port, e->opened.remote.port);
        if (j != NULL) {
            j->conn = e->conn;
            j->state = e->opened.active ? AKSU_TCP_CLOSED : AKSU_TCP_LISTEN;
        }
    } else if (e->kind == AKSU_EV_completed) {
        j = judged_conn(w, side, e->completed.half_open | AKSU_HALF_OPEN);
        if (j != NULL)
            j->conn = e->conn;
    } else if (e->kind == AKSU_EV_state) {
        j = judged_conn(w, side, e->conn);
        if (j != NULL)
            j->state = e->state.to;
    } else if (e->kind == AKSU_EV_deleted || e->kind == AKSU_EV_time_wait) {
        j = judged_conn(w, side, e->conn);      /* the number may be another's now */
        if (j != NULL)
            j->conn = 0;
    } else if (e->kind == AKSU_EV_segment_in) {
        j = judged_conn(w, side, e->conn);
        expect(j == NULL || e->segment_in.state == j->state, "side %u is in %s, a segment meets %s",
               side, aksu_tcp_state_name(j != NULL ? j->state : AKSU_TCP_CLOSED),
               aksu_tcp_state_name(e->segment_in.state));
    }
}

void judge_event(struct duo *w, unsigned side, const struct aksu_event *e)
{
    if (sim_verbose)
        say(w, side, e);
    follow_state(w, side, e);
    if (e->kind == AKSU_EV_segment_out)
        went_out(w, side, &e->segment_out);
    else if (e->kind == AKSU_EV_segment_in)
        came_in(w, side, &e->segment_in);
}

static void judge_conn(struct duo *w, unsigned side, const struct flow_side *s)
{
    struct aksu_info i;
    if (!s->live || aksu_status(w->net[side], s->conn, &i) != AKSU_OK)
        return;
    expect(ahead(i.snd_nxt, i.snd_una) >= 0, "SND.UNA %u above SND.NXT %u", i.snd_una, i.snd_nxt);
    expect(i.state < AKSU_TCP_STATE_COUNT, "state %d", (int)i.state);
    expect(i.state == AKSU_TCP_CLOSED || i.send_unacked <= i.send_queued + 2,
           "%u octets unacknowledged, %u queued", i.send_unacked,
           i.send_queued);
    expect(i.octets_in >= s->got, "%llu octets delivered, %llu arrived", (unsigned long long)s->got,
           (unsigned long long)i.octets_in);
}

void judge_step(struct duo *w)
{
    for (unsigned side = 0; side < 2; side++) {
        struct aksu_counters c;
        aksu_counters(w->net[side], &c);
        expect(c.memory_used <= c.memory_limit, "side %u uses %llu octets of %llu", side,
               (unsigned long long)c.memory_used, (unsigned long long)c.memory_limit);
    }
    if (w->flows == 0)
        return;
    struct flow *f = &w->flow[w->steps % w->flows];
    judge_conn(w, 0, &f->side[0]);
    judge_conn(w, 1, &f->side[1]);
}
