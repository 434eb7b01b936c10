/* event_icmp.c - ICMP messages about a connection (RFC 9293 3.9.2.2): soft errors are remembered,
 * hard ones end only what is not yet synchronized (RFC 5927 4, 5), a smaller path MTU makes smaller
 * segments (RFC 1191 6.4). */
#include "tcp/core.h"

/* RFC 5927 4.1: the quoted segment must be one that is outstanding. */
static bool quotes_outstanding(const struct tcp *t, seq_t seq)
{
    return seq_le(t->snd.una, seq) && seq_lt(seq, t->snd.nxt);
}

static void remember(struct tcp *t, enum aksu_status status, aksu_time now)
{
    t->soft_error = (uint8_t)status;
    t->soft_now = true;
    if (t->state == TCP_SYN_SENT)
        fast_open_failed(t, "ICMP error", now);
    TCP_EMIT(t, now, soft_error, .status = status);
    if (t->report_soft)                         /* RFC 9293 3.9.1.8 [MUST-47], 3.9.1.8 [SHLD-20] */
        t->notify |= AKSU_SOFT_ERROR;
}

bool tcp_icmp_error(struct tcp *t, enum aksu_status status, bool hard, seq_t seq, aksu_time now)
{
    if (t->state == TCP_CLOSED || t->state == TCP_LISTEN || t->state == TCP_TIME_WAIT
        || !quotes_outstanding(t, seq))
        return false;
    bool opening = t->state == TCP_SYN_SENT || (t->state == TCP_SYN_RECEIVED && t->active);
    if (hard && opening) {                      /* RFC 9293 3.9.2.2 [SHLD-26] */
        tcp_fail(t, status == AKSU_UNREACHABLE_PORT ? AKSU_REFUSED : status, "ICMP error", now);
        return true;
    }
    remember(t, status, now);                   /* RFC 5927 5, RFC 9293 3.9.2.2 [MUST-56] */
    return true;
}

void tcp_set_mtu(struct tcp *t, uint16_t mtu)
{
    bool searches = t->black_hole                   /* RFC 4821 7.3: probes lead upward */
        || (tcp_synchronized(t) && t->env->config.mtu_probing == AKSU_MTU_PROBING_ALWAYS);
    struct sender *o = t->out;
    bool silent = o != NULL && o->mtu.silent != 0;  /* meanwhile a smaller one is tried */
    t->mtu_most = mtu;
    if (searches && mtu >= (silent ? o->mtu.silent : t->mtu))
        return;
    if (silent)
        o->mtu.silent = mtu;
    if (!silent || mtu < t->mtu)
        mtu_apply(t, mtu);
}

/* The SYN goes again at once, without its text; what it says of our MSS is true of the new size. */
static bool syn_too_big(struct tcp *t, uint16_t mtu)
{
    if (mtu >= t->mtu)
        return false;
    t->mtu_most = mtu;
    mtu_apply(t, mtu);
    if (t->announced_mss > mtu - TCP_HEADER)
        t->announced_mss = (uint16_t)(mtu - TCP_HEADER);
    t->fo = FO_OFF;                        /* it says nothing of Fast Open */
    t->syn_owed = t->may_send = true;
    return true;
}

bool tcp_too_big(struct tcp *t, uint16_t mtu, seq_t seq, aksu_time now)
{
    if (t->state == TCP_SYN_SENT && t->fo_text && !t->syn_owed)
        return quotes_outstanding(t, seq) && mtu >= 68 - 20 && syn_too_big(t, mtu);
    return tcp_synchronized(t) && quotes_outstanding(t, seq) && mtu >= 68 - 20
        && mtu_claim(t, mtu, seq, now);
}
