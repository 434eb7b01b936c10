/* syn_cache.c - SYN-RECEIVED after a passive OPEN as a compact record (RFC 4987 3.4), and the TCB
 * that it stands for: the rules of the state are those of the steps. Called by
 * stack/half_open.c. */
#include "tcp/core.h"

/* The timer in units of 64 ns, which keep a millisecond exact; when the SYN came in units of 4 us.
 * Longer ones by config have larger units. */
enum { DUE_SHIFT = 6, STARTED_SHIFT = 12 };
/* In an interval, whatever the config says. */
enum { CHALLENGES_MOST = 63 };

static unsigned shift_for(unsigned least, aksu_time longest)
{
    while (longest >> least >= UINT32_MAX / 2)
        least++;
    return least;
}

static unsigned due_shift(const struct tcp_config *c)
{
    return shift_for(DUE_SHIFT, time_after(c->rto_max, c->rto_initial));
}

static unsigned started_shift(const struct tcp_config *c)
{
    return shift_for(STARTED_SHIFT, c->syn_r2);
}

/* Never early: rounded up. */
static uint32_t ticks_of(aksu_time at, unsigned shift)
{
    return (uint32_t)((at >> shift) + ((at & (((aksu_time)1 << shift) - 1)) != 0));
}

static aksu_time started_at(const struct tcp_config *c, const struct tcp_syn *in, aksu_time now)
{
    unsigned shift = started_shift(c);
    uint64_t tick = now >> shift;
    int32_t ago = (int32_t)((uint32_t)tick - in->started);
    return (ago < 0 ? tick + 1 : tick - (uint32_t)ago) << shift;
}

aksu_time tcp_syn_due(const struct tcp_env *env, const struct tcp_syn *in, aksu_time now)
{
    const struct tcp_config *c = &env->config;
    unsigned shift = due_shift(c);
    uint64_t tick = now >> shift;
    uint32_t left = in->due - (uint32_t)tick;
    uint64_t most = (time_after(c->rto_max, c->rto_initial) >> shift) + 2;
    if (left <= most)
        return (tick + left) << shift;
    uint32_t late = 0 - left;                   /* `now` is beyond it */
    return (late <= tick ? tick - late : 0) << shift;
}

void tcp_syn_await(const struct tcp *t, struct tcp_syn *out)
{
    out->iss = t->iss;
    out->due = ticks_of(t->deadline[TIMER_RETRANSMISSION], due_shift(&t->env->config));
    out->resends = (t->resends < 63 ? t->resends : 63u) & 63u;
}

void tcp_syn_compact(const struct tcp *t, struct tcp_syn *out)
{
    const struct tcp_config *c = &t->env->config;
    tcp_syn_await(t, out);
    out->irs = t->irs;
    out->ts_recent = t->ts_recent;
    out->started = ticks_of(t->progress_at, started_shift(c));
    out->peer_mss = t->peer_mss;
    out->announced_mss = t->announced_mss;
    out->wnd = (uint16_t)t->snd.max_wnd;        /* RFC 7323 2.2: a SYN's window is never scaled */
    out->challenges = (t->challenges < CHALLENGES_MOST ? t->challenges : CHALLENGES_MOST) & 63u;
    out->challenge_turn = t->challenge_turn & 7u;
    out->snd_wscale = t->snd_wscale;
    out->sent = seq_gt(t->rcv.edge, t->rcv.nxt);
    out->opened = rcv_wnd(t) > tcp_syn_window(t);
    out->timing = t->timing;
    out->ts_on = t->ts_on;
    out->sack_on = t->sack_on;
    out->wscale_on = t->wscale_on;
    out->ecn_on = t->ecn == TCP_ECN_ON;
    out->fo_grants = t->fo == FO_ASKS;
    out->fo_variant = t->fo_variant;
    out->shared_clock = t->env->cookies.shared
                     && t->ts_offset == tcp_timestamp_offset(t->env, &t->tuple);
}

static void expand_times(struct tcp *t, const struct tcp_syn *in, aksu_time now)
{
    aksu_time started = started_at(&t->env->config, in, now);
    t->progress_at = t->last_in_at = started;
    t->ts_recent_at = (uint32_t)(started / SECONDS(1));
    t->resends = t->backoff = (uint8_t)in->resends;
    t->retransmits = in->resends;
    t->segments_in = 1;
    t->segments_out = in->sent ? 1 + in->resends : 0;
    t->timing = in->timing;
    t->timed = seq_add(in->iss, 1);
    if (in->queue == SYN_WAITS)
        t->deadline[TIMER_RETRANSMISSION] = tcp_syn_due(t->env, in, now);
    else
        t->syn_owed = t->may_send = true;
    if (in->timing)                             /* the timer was rounded up */
        t->timed_at = time_min(t->deadline[TIMER_RETRANSMISSION] - rto_now(t), now);
    uint16_t turn = tcp_challenge_turn(t, now);
    if ((turn & 7) == in->challenge_turn) {     /* the throttle of this interval goes on */
        t->challenge_turn = turn;
        t->challenges = in->challenges < CHALLENGES_MOST ? in->challenges : UINT16_MAX;
        tcp_challenged_before(t, now);
    }
}

/* The right edge never moves left. */
static uint32_t advertised(const struct tcp *t, bool opened)
{
    uint32_t most = (uint32_t)UINT16_MAX << t->rcv_wscale;
    if (!opened)
        return tcp_syn_window(t);
    return t->receive_buffer < most ? t->receive_buffer : most;
}

void tcp_syn_expand(struct tcp *t, struct tcp_env *env, uint32_t conn,
                    const struct tcp_tuple *tuple, const struct tcp_syn *in, aksu_time now)
{
    tcp_init(t, env, conn, (uint16_t)(in->announced_mss + TCP_HEADER));
    t->tuple = *tuple;
    t->state = TCP_SYN_RECEIVED;
    t->remote_given = true;
    tcp_prepare_options(t);
    t->iss = t->snd.una = t->snd.wl2 = in->iss;
    t->snd.nxt = t->snd.up = seq_add(in->iss, 1);
    t->irs = t->snd.wl1 = in->irs;
    t->rcv.nxt = t->rcv.edge = t->rcv.up = t->last_ack_sent = seq_add(in->irs, 1);
    t->snd.wnd = t->snd.max_wnd = in->wnd;
    t->peer_mss = in->peer_mss;
    t->ts_on = in->ts_on;
    t->ts_recent = in->ts_recent;
    t->ts_offset = in->shared_clock ? tcp_timestamp_offset(env, tuple)
                                    : tcp_own_timestamp_offset(env, tuple);
    t->sack_on = in->sack_on;
    t->wscale_on = in->wscale_on;
    t->snd_wscale = in->snd_wscale & 15u;
    if (!in->wscale_on)
        t->rcv_wscale = 0;
    t->ecn = in->ecn_on ? TCP_ECN_ON & 7u : TCP_ECN_NONE;
    t->fo = in->fo_grants ? FO_ASKS & 3u : FO_OFF & 3u;
    t->fo_variant = in->fo_variant;
    tcp_update_mss(t);
    if (in->sent)
        t->rcv.edge = seq_add(t->rcv.nxt, advertised(t, in->opened));
    expand_times(t, in, now);
}
