/* tell.c - see tell.h. */
#include "trace/tell.h"

enum { MSS_DEFAULT_V4 = 536, MSS_DEFAULT_V6 = 1220, TIMESTAMPS_LENGTH = 12 };

static struct aksu_event_segment_out fields_of(const struct trace_conn *c, unsigned local,
                                               const struct trace_segment *s)
{
    const struct tcp_options *o = &s->tcp.options;
    struct aksu_event_segment_out e = {
        .local = c->end[local].at, .remote = c->end[1 - local].at, .ctl = s->tcp.ctl,
        .seq = s->tcp.seq.n, .ack = s->tcp.ack.n, .wnd = s->tcp.wnd, .up = s->tcp.urgent_pointer,
        .len = s->tcp.text_len, .has = o->has & 2047, .mss = o->mss, .wscale = o->window_scale,
        .ts_val = o->ts_val, .ts_ecr = o->ts_ecr };

    e.sack.count = o->has & HAS_SACK ? o->sack_count : 0;
    for (uint32_t i = 0; i < e.sack.count; i++) {
        e.sack.block[i].left = o->sack[i].left.n;
        e.sack.block[i].right = o->sack[i].right.n;
    }
    return e;
}

/* Nobody said LISTEN: an end that a SYN is for is taken to. */
static enum aksu_tcp_state met_by(const struct trace_end *end, const struct trace_segment *s)
{
    bool opens = (s->tcp.ctl & (CTL_SYN | CTL_ACK)) == CTL_SYN && end->state == AKSU_TCP_CLOSED;
    return opens ? AKSU_TCP_LISTEN : (enum aksu_tcp_state)end->state;
}

void trace_enter(struct trace_conn *c, unsigned side, enum aksu_tcp_state to,
                 aksu_time at)
{
    struct trace_end *me = &c->end[side];

    if (me->state == to)
        return;
    TELL(c, side, at, state, .from = (enum aksu_tcp_state)me->state, .to = to);
    me->state = (uint8_t)to;
}

void trace_tell_segment(const struct trace_conn *c, unsigned side, bool out,
                        const struct trace_segment *s)
{
    unsigned local = out ? side : 1 - side;        /* of one socket, too: the arrow leads across */
    struct aksu_sink *sink = c->sink[local];
    struct aksu_event e = { .at = s->at, .conn = c->number,
                            .kind = out ? AKSU_EV_segment_out : AKSU_EV_segment_in };

    if (sink == NULL)
        return;
    e.segment_out = fields_of(c, local, s);    /* segment_in begins with the same fields */
    if (!out)
        e.segment_in.state = met_by(&c->end[trace_other(c, side)], s);
    sink->put(sink, &e);
}

bool trace_both_have(const struct trace_conn *c, unsigned option)
{
    return (c->end[0].has & c->end[trace_other(c, 0)].has & option) != 0;
}

/* RFC 3168 6.1.1 */
bool trace_uses_ecn(const struct trace_conn *c)
{
    return c->asks_ecn && c->takes_ecn;
}

uint16_t trace_mss_of(const struct trace_conn *c, unsigned sender)
{
    static const uint8_t v4[12] = { [10] = 0xff, [11] = 0xff };
    bool is_v4 = memcmp(c->end[0].at.ip.octet, v4, sizeof v4) == 0;
    uint16_t none = is_v4 ? MSS_DEFAULT_V4 : MSS_DEFAULT_V6;        /* RFC 9293 3.7.1 [MUST-15] */
    const struct trace_end *peer = &c->end[trace_other(c, sender)];
    uint16_t mss = peer->has & AKSU_HAS_MSS ? peer->mss : none;

    if ((c->end[sender].has & AKSU_HAS_MSS) && c->end[sender].mss < mss)
        mss = c->end[sender].mss;
    if (trace_both_have(c, AKSU_HAS_TIMESTAMPS) && mss > TIMESTAMPS_LENGTH)
        mss = (uint16_t)(mss - TIMESTAMPS_LENGTH);
    return mss;
}

void trace_tell_agreed(const struct trace_conn *c, unsigned side, aksu_time at)
{
    bool scaled = trace_both_have(c, AKSU_HAS_WINDOW_SCALE);

    TELL(c, side, at, negotiated, .snd_mss = trace_mss_of(c, side),
         .rcv_mss = trace_mss_of(c, trace_other(c, side)),
         .snd_wscale = scaled ? c->end[trace_other(c, side)].scale : (uint8_t)0,
         .rcv_wscale = scaled ? c->end[side].scale : (uint8_t)0,
         .timestamps = trace_both_have(c, AKSU_HAS_TIMESTAMPS),
         .sack = trace_both_have(c, AKSU_HAS_SACK_PERMITTED), .ecn = trace_uses_ecn(c));
}
