/* conn_icmp.c - an ICMP error about a segment of a connection: who is told, whether it would be
 * believed, and what it ends. See icmp.h. */
#include "base/ip_addr.h"
#include "trace/icmp.h"
#include "trace/tell.h"
#include "wire/ipv4.h"

/* RFC 5927 4.1: the segment is one that is outstanding, as far as that is known. */
static bool is_outstanding(const struct trace_end *me, seq_t seq)
{
    return !me->numbered ||
           ((!me->una_known || seq_le(me->snd_una, seq)) && seq_lt(seq, me->snd_nxt));
}

static bool is_copy(const struct trace_end *me, const struct trace_icmp *m)
{
    const struct trace_told *last = &me->told;

    return me->icmps > 0 && last->type == m->type && last->code == m->code &&
           seq_eq(last->seq, m->seq) && ip_eq(&last->from, &m->from) &&
           last->mtu == m->mtu && m->at - last->at < TRACE_COPY;
}

static void too_big(struct trace_conn *c, unsigned side, const struct trace_icmp *m)
{
    struct trace_end *me = &c->end[side];

    if (m->mtu == 0)
        return;
    me->path_mtu = me->path_mtu == 0 || m->mtu < me->path_mtu ? m->mtu : me->path_mtu;
    TELL(c, side, m->at, path_mtu, .to = m->destination.ip, .mtu = m->mtu);
}

/* What is being opened ends with a hard error; a soft one may or may not end it, which is known
 * when nothing more comes. RFC 9293 3.9.2.2 [MUST-56], 3.9.2.2 [SHLD-26] */
static void told(struct trace_conn *c, unsigned side, const struct trace_icmp *m)
{
    c->told_last = (uint8_t)(side + 1);
    if (c->end[side].state != AKSU_TCP_SYN_SENT || !trace_icmp_is_hard(m->v6, m->type, m->code))
        return;
    trace_enter(c, side, AKSU_TCP_CLOSED, m->at);
    c->over = true;
    c->cause = TRACE_ICMP_ERROR;
    c->by = (uint8_t)side;
}

void trace_conn_icmp(struct trace_conn *c, unsigned side, const struct trace_icmp *m)
{
    struct trace_end *me = &c->end[side];
    bool outstanding = is_outstanding(me, m->seq);
    bool is_mtu = trace_icmp_is_mtu(m->v6, m->type, m->code);
    bool is_verdict = trace_icmp_is_verdict(m->v6, m->type, m->code);

    if (is_copy(me, m))
        return;
    me->icmps++;
    me->told = (struct trace_told){ m->at, m->from, m->seq, m->mtu, m->type, m->code,
                                    is_verdict && outstanding };
    c->last = m->at;
    if (ip_eq(&m->from, &c->end[trace_other(c, side)].at.ip))
        TELL(c, trace_other(c, side), m->at, icmp_out, .to = m->to, .type = m->type,
             .code = m->code, .protocol = IP_PROTOCOL_TCP, .local = m->destination,
             .remote = m->source);
    TELL(c, side, m->at, icmp_in, .from = m->from, .type = m->type, .code = m->code,
         .verdict = !is_mtu && !is_verdict ? "ignored" : outstanding ? "taken" : "not believed",
         .protocol = IP_PROTOCOL_TCP, .local = m->source, .remote = m->destination, .mtu = m->mtu);
    if (is_mtu && outstanding)
        too_big(c, side, m);
    c->told_last = 0;
    if (is_verdict && outstanding)
        told(c, side, m);
}

void trace_conn_revive(struct trace_conn *c, unsigned side, const struct trace_segment *s)
{
    if (c->cause != TRACE_ICMP_ERROR || side != c->by || (s->tcp.ctl & CTL_RST))
        return;
    c->cause = TRACE_GOES_ON;
    c->over = false;
    trace_enter(c, side, AKSU_TCP_SYN_SENT, s->at);
}

int trace_icmp_last(const struct trace_conn *c)
{
    return c->told_last - 1;
}
