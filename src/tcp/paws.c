/* paws.c - timestamps of a connection: protection against wrapped sequence numbers (RFC 7323 5),
 * TS.Recent (RFC 7323 4.3). Called at the head of the first step, and when the ACK is good. */
#include "tcp/core.h"

enum { OUTDATED_SECONDS = 24 * 24 * 3600 };     /* RFC 7323 5.5 */

uint32_t tcp_ts_clock(const struct tcp *t, aksu_time now)
{
    return (uint32_t)(now / MS(1)) + t->ts_offset;
}

static bool outdated(const struct tcp *t, aksu_time now)
{
    return (uint32_t)(now / SECONDS(1)) - t->ts_recent_at >= OUTDATED_SECONDS;
}

/* A retransmission moves TS.Recent ahead of text that was sent before it and comes late, which by
 * RFC 7323 5.3 is refused, sent again, and moves TS.Recent again: with reordering one loss follows
 * from the other. So text that a hole waits for is old only when its timestamp is older than
 * TS.Recent was a window ago. What has wrapped around is older than that: a window is at most a
 * 64th of the sequence space. */
static bool overtaken(const struct tcp *t, const struct tcp_segment *seg)
{
    uint32_t floor;
    return seg->text_len > 0 && reassembly_awaits(t, seg->seq, &floor)
        && (int32_t)(seg->options.ts_val - floor) >= 0;
}

bool paws_old(const struct tcp *t, const struct tcp_segment *seg)
{
    if (!(seg->options.has & HAS_TIMESTAMPS) || (seg->ctl & CTL_RST))
        return false;                           /* RFC 7323 5.2: never for RST */
    return (int32_t)(seg->options.ts_val - t->ts_recent) < 0;
}

bool paws_refuses(const struct tcp *t, const struct tcp_segment *seg, aksu_time now)
{
    return paws_old(t, seg) && !outdated(t, now) && !overtaken(t, seg);
}

void paws_remember(struct tcp *t, const struct tcp_segment *seg, aksu_time now)
{
    if (!(seg->options.has & HAS_TIMESTAMPS))
        return;                                 /* RFC 7323 5.2: a RST does not come as far */
    /* RFC 7323 4.3 (2): only a segment that begins at or before what was last acknowledged. */
    if (((int32_t)(seg->options.ts_val - t->ts_recent) >= 0 || outdated(t, now))
        && seq_le(seg->seq, t->last_ack_sent)) {
        t->ts_recent = seg->options.ts_val;
        t->ts_recent_at = (uint32_t)(now / SECONDS(1));
    }
}
