/* summary_conn.c - what the events of one connection add to its line of the summary. Called by
 * summary.c. */
#include "run/summary_conn.h"

enum { FIN = 1, SYN = 2, ACK = 16 };

static void sent(struct run_summary_way *w, uint8_t ctl, uint32_t seq, uint32_t length)
{
    uint32_t end = seq + length + ((ctl & SYN) != 0) + ((ctl & FIN) != 0);

    if (ctl & SYN && !w->known) {
        w->known = true;
        w->next = w->most = seq + 1;
    }
    if (ctl & FIN) {
        w->has_fin = true;
        w->fin = seq + length;
    }
    if (w->known && (int32_t)(end - w->most) > 0)
        w->most = end;
}

static void acknowledged(struct run_summary_way *w, uint32_t ack)
{
    if (!w->known || (int32_t)(ack - w->next) <= 0 || (int32_t)(ack - w->most) > 0)
        return;
    w->octets += ack - w->next;
    if (w->has_fin && ack == w->fin + 1)
        w->octets--;
    w->next = ack;
}

static void state(struct run_summary_conn *c, const struct aksu_event *e)
{
    c->state = e->state.to;
    if (c->state == AKSU_TCP_ESTABLISHED && c->took == 0)
        c->took = e->at - c->begun;
    if (c->state == AKSU_TCP_CLOSE_WAIT)
        c->peer_first = true;
    if (c->state == AKSU_TCP_TIME_WAIT)
        c->ended = true;
}

/* The first one says it; that the peer is closing is no cause. */
static void reason(struct run_summary_conn *c, enum aksu_status status)
{
    if (c->reason == AKSU_OK && status != AKSU_CLOSING)
        c->reason = status;
}

void run_summary_conn_event(struct run_summary_conn *c, const struct aksu_event *e)
{
    if (e->kind == AKSU_EV_segment_out) {
        sent(&c->way[0], e->segment_out.ctl, e->segment_out.seq, e->segment_out.len);
        if (e->segment_out.ctl & ACK)
            acknowledged(&c->way[1], e->segment_out.ack);
    } else if (e->kind == AKSU_EV_segment_in) {
        sent(&c->way[1], e->segment_in.ctl, e->segment_in.seq, e->segment_in.len);
        if (e->segment_in.ctl & ACK)
            acknowledged(&c->way[0], e->segment_in.ack);
    } else if (e->kind == AKSU_EV_negotiated) {
        c->mss = e->negotiated.snd_mss;
    } else if (e->kind == AKSU_EV_rtt) {
        c->srtt_us = e->rtt.srtt_us;
        if (c->least_us == 0 || e->rtt.sample_us < c->least_us)
            c->least_us = e->rtt.sample_us;
    } else if (e->kind == AKSU_EV_retransmit) {
        c->again[0] += run_summary_segments(c, e->retransmit.len);
    } else if (e->kind == AKSU_EV_state) {
        state(c, e);
    } else if (e->kind == AKSU_EV_signal) {
        reason(c, e->signal.status);
    } else if (e->kind == AKSU_EV_deleted) {
        c->ended = true;
        reason(c, e->deleted.status);
    }
}

uint32_t run_summary_segments(const struct run_summary_conn *c, uint32_t octets)
{
    return c->mss > 0 && octets > c->mss ? (octets + c->mss - 1u) / c->mss : 1;
}
