/* windows.c - see windows.h. */
#include "sim/windows.h"

/* RFC 7323 2.2: both SYNs must have it; a SYN's own window is not scaled. */
static uint8_t shift(const struct sim_windows *w, uint8_t scale, bool syn)
{
    return !syn && w->scale_out_known && w->scale_in_known ? scale : 0;
}

/* A SYN with another ISS begins another connection. */
static void syn_out(struct sim_windows *w, const struct aksu_event_segment_out *s)
{
    if (!w->has_iss || w->iss != s->seq)
        *w = (struct sim_windows){ .iss = s->seq, .has_iss = 1,
            .has_in = w->has_in, .edge_in = w->edge_in,     /* of the SYN that it answers */
            .scale_in = w->scale_in, .scale_in_known = w->scale_in_known };
    w->scale_out_known = (s->has & AKSU_HAS_WINDOW_SCALE) != 0;
    w->scale_out = s->wscale > 14 ? 14 : s->wscale;
}

static int32_t offers(struct sim_windows *w, const struct aksu_event_segment_out *s, bool syn)
{
    uint8_t by = shift(w, w->scale_out, syn);
    uint32_t edge = s->ack + (s->wnd << by);
    int32_t back = sim_ahead(w->edge_out, edge);
    bool had = w->has_out;
    if (!had || back < 0)
        w->edge_out = edge;
    w->has_out = 1;
    return had && !syn && back >= 1 << by ? back : 0;       /* less is what the shift rounds off */
}

struct sim_windows_fault sim_windows_out(struct sim_windows *w,
                                         const struct aksu_event_segment_out *s)
{
    struct sim_windows_fault fault = { 0 };
    bool syn = (s->ctl & AKSU_SYN) != 0;
    if (s->ctl & AKSU_RST)
        return fault;
    if (syn)
        syn_out(w, s);
    uint32_t end = s->seq + s->len + syn + ((s->ctl & AKSU_FIN) != 0);
    if (!w->has_top || sim_ahead(end, w->top) > 0)
        w->top = end;
    w->has_top = 1;
    if (s->len > 0) {
        int32_t above = sim_ahead(s->seq + s->len, w->edge_in);
        fault.unknown = !w->has_in;
        fault.above = w->has_in && above > 0 ? above : 0;
    }
    if (s->ctl & AKSU_ACK)
        fault.back = offers(w, s, syn);
    return fault;
}

void sim_windows_in(struct sim_windows *w, const struct aksu_event_segment_in *s)
{
    bool syn = (s->ctl & AKSU_SYN) != 0;
    if (s->ctl & AKSU_RST)
        return;
    if (syn) {
        w->scale_in_known = (s->has & AKSU_HAS_WINDOW_SCALE) != 0;
        w->scale_in = s->wscale > 14 ? 14 : s->wscale;
    }
    if (!(s->ctl & AKSU_ACK) || !w->has_top || sim_ahead(s->ack, w->top) > 0)
        return;                             /* of what was never sent: it says nothing */
    uint32_t edge = s->ack + (s->wnd << shift(w, w->scale_in, syn));
    if (!w->has_in || sim_ahead(edge, w->edge_in) > 0)
        w->edge_in = edge;
    w->has_in = 1;
}
