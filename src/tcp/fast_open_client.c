/* fast_open_client.c - TCP Fast Open, the client (RFC 7413 4.1.3, 4.2): the cookie and the text of
 * the first SYN, and what its answer, or silence, says of the next time. A SYN that has to be
 * repeated has neither. Called by output.c, SEGMENT ARRIVES and TIMEOUTS. */
#include "base/ip_addr.h"
#include "tcp/core.h"

/* OPTIONS: room for the options of any SYN. RFC 7413 4.1.3: larger SYNs than those of Ethernet may
 * meet routers that know no better. */
enum { OPTIONS = 40, MSS_MOST = 1460 };
/* RFC 7413 4.1.3.1: how long Fast Open is off; doubled as long as it does not help. A lost SYN is
 * no proof: silence after a mere cookie request counts when it is the second in a row. */
enum { OFF_SECONDS = 60, OFF_DOUBLINGS = 6, REQUESTS = 2 };

static bool is_off(const struct tcp_env *env, const struct tcp_tuple *tuple, aksu_time now)
{
    const struct fast_open_peer *p = fast_open_find(env, tuple, tuple->remote_port);
    return p != NULL && (aksu_time)p->off_until * SECONDS(1) > now;
}

static uint32_t room_for(const struct fast_open_peer *p, uint16_t own_mss)
{
    uint32_t mss = p != NULL && p->mss != 0 && p->mss < own_mss ? p->mss : own_mss;
    if (mss > MSS_MOST)
        mss = MSS_MOST;
    return mss > OPTIONS ? mss - OPTIONS : 0;
}

uint32_t fast_open_room(const struct tcp_env *env, const struct tcp_tuple *tuple, uint16_t mss,
                        bool no_cookie, aksu_time now)
{
    const struct fast_open_peer *p = fast_open_find(env, tuple, 0);
    if (!no_cookie && (p == NULL || p->length == 0 || is_off(env, tuple, now)))
        return 0;
    return room_for(p, mss);
}

enum aksu_status tcp_fast_open(struct tcp *t, bool no_cookie, aksu_time wait, aksu_time now)
{
    if (t->state != TCP_SYN_SENT || t->fo == FO_TRIED || t->resends > 0)
        return AKSU_ILLEGAL;
    t->fo = FO_ASKS;
    t->fo_variant = no_cookie;
    if (wait == 0 || fast_open_room(t->env, &t->tuple, t->announced_mss, no_cookie, now) == 0)
        return AKSU_OK;
    t->fo = FO_WAITS;
    t->syn_owed = false;
    t->deadline[TIMER_RETRANSMISSION] = time_after(now, wait);
    return AKSU_OK;
}

void tcp_fast_open_go(struct tcp *t, aksu_time now)
{
    t->fo = FO_ASKS;
    t->syn_owed = t->may_send = true;
    t->progress_at = now;
    t->deadline[TIMER_RETRANSMISSION] = NEVER;
}

static void set_cookie(struct tcp *t, const struct fast_open_peer *p, struct tcp_options *out,
                       aksu_time now)
{
    struct fast_open *f = &t->env->fast_open;
    out->has |= HAS_FAST_OPEN;
    out->fast_open_length = p != NULL ? p->length : 0;
    out->fast_open_experiment = p != NULL && p->experiment;
    out->fast_open = f->cookie;
    if (out->fast_open_length > 0)
        memcpy(f->cookie, p->cookie, p->length);
    else                                        /* RFC 7413 4.2.1 */
        TCP_EMIT(t, now, fast_open_asked,
                 .remote = { t->tuple.remote_ip, t->tuple.remote_port });
}

uint32_t fast_open_syn(struct tcp *t, struct tcp_options *out, aksu_time now)
{
    struct fast_open_peer *p = fast_open_find(t->env, &t->tuple, 0);
    bool asks = t->fo == FO_ASKS && t->resends == 0;
    if (t->fo == FO_ASKS)
        t->fo = FO_OFF;                         /* RFC 7413 4.2.1, 4.2.2: not when it goes again */
    if (!asks || (!t->fo_variant && is_off(t->env, &t->tuple, now)))
        return 0;
    t->fo = FO_TRIED;
    if (!t->fo_variant) {
        set_cookie(t, p, out, now);
        if (out->fast_open_length == 0)
            return 0;
        p->used = ++t->env->fast_open.uses;
    }
    uint32_t room = room_for(p, t->announced_mss);
    uint32_t text = t->send.length < room ? t->send.length : room;
    t->fo_text = text > 0;
    if (text > 0)
        TCP_EMIT(t, now, fast_open_sent, .len = text);
    return text;
}

/* RFC 7413 4.1.3.1: for this port of this server, from this address. */
static void turn_off(struct tcp *t, unsigned lenient, aksu_time now)
{
    struct fast_open_peer *p = fast_open_have(t->env, &t->tuple, t->tuple.remote_port);
    if (p == NULL)
        return;
    if (p->failures < UINT8_MAX)
        p->failures++;
    if (p->failures < lenient)
        return;
    unsigned doublings = p->failures - lenient;
    uint32_t seconds = (uint32_t)OFF_SECONDS
                    << (doublings < OFF_DOUBLINGS ? doublings : OFF_DOUBLINGS);
    p->off_until = (uint32_t)(now / SECONDS(1)) + seconds;
    TCP_EMIT(t, now, fast_open_off, .remote = { t->tuple.remote_ip, t->tuple.remote_port },
             .seconds = seconds);
}

/* What the SYN had. */
static uint32_t text_out(const struct tcp *t)
{
    return (uint32_t)seq_diff(t->snd.nxt, t->iss) - 1;
}

void fast_open_failed(struct tcp *t, const char *why, aksu_time now)
{
    if (t->fo != FO_TRIED || t->fo_variant)
        return;
    if (t->fo_text)
        TCP_EMIT(t, now, fast_open_fell_back, .len = text_out(t), .why = why);
    turn_off(t, t->fo_text ? 1 : REQUESTS, now);
    t->fo = FO_OFF;
}

/* RFC 7413 4.2.2, receiving the SYN,ACK, 1. */
static void keep(struct tcp *t, const struct tcp_options *o, aksu_time now)
{
    bool cookie = (o->has & HAS_FAST_OPEN) && o->fast_open_length > 0;
    struct fast_open_peer *p = cookie || t->fo_variant
                             ? fast_open_have(t->env, &t->tuple, 0)
                             : fast_open_find(t->env, &t->tuple, 0);
    if (p == NULL)
        return;
    if ((o->has & HAS_MSS) || p->mss == 0)      /* as it was said: the user's limit may change */
        p->mss = o->has & HAS_MSS ? o->mss : t->peer_mss;
    if (!cookie || t->fo_variant)
        return;
    p->length = o->fast_open_length;
    p->experiment = o->fast_open_experiment;
    memcpy(p->cookie, o->fast_open, p->length);
    TCP_EMIT(t, now, fast_open_kept, .remote = { t->tuple.remote_ip, t->tuple.remote_port },
             .mss = p->mss);
}

/* What the peer did not take goes again, at once: it was not lost, and says nothing of the path. */
static void send_rest_again(struct tcp *t, aksu_time now)
{
    struct sender *o = sender_have(t, now);
    if (o == NULL || sent_append(&o->queue, t->snd.una, t->snd.nxt, now) == NULL)
        t->snd.nxt = t->snd.una;                /* no memory: as if it had never been sent */
    else
        recovery_resend(t, true, RESEND_NOT_TAKEN, now);
    t->may_send = true;
}

void fast_open_answered(struct tcp *t, const struct tcp_segment *seg, aksu_time now)
{
    bool tried = t->fo == FO_TRIED;
    bool cookie = (seg->options.has & HAS_FAST_OPEN) && seg->options.fast_open_length > 0;
    bool none_acked = t->fo_text && seq_eq(t->snd.una, seq_add(t->iss, 1));
    if (tried && (seg->ctl & CTL_SYN))
        keep(t, &seg->options, now);
    t->fo_opened = t->fo_text && seq_eq(t->snd.una, t->snd.nxt);
    if (none_acked && !cookie)
        /* RFC 7413 4.2.2: what was answered is the SYN that went again, or this server has done
         * with Fast Open. */
        fast_open_failed(t, t->resends > 0 ? "SYN timeout" : "not taken", now);
    else if (none_acked)
        TCP_EMIT(t, now, fast_open_fell_back, .len = text_out(t), .why = "another cookie");
    else if (tried && !t->fo_text && !cookie && !t->fo_variant)
        fast_open_failed(t, "no cookie granted", now);
    struct fast_open_peer *off = (t->fo_text && !none_acked) || cookie
                               ? fast_open_find(t->env, &t->tuple, t->tuple.remote_port) : NULL;
    if (off != NULL)
        off->used = 0;
    t->fo = FO_OFF;
    if (t->fo_text && seq_lt(t->snd.una, t->snd.nxt))
        send_rest_again(t, now);
    t->fo_text = t->fo_opened;
}
