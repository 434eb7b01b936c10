/* event_timeouts.c - TIMEOUTS (RFC 9293 3.10.8): user, retransmission, TIME-WAIT; and persist
 * (3.8.6.1), keep-alive (3.8.4), delayed ACK (3.8.6.3), and the limit for connections that nobody
 * holds. Called by the stack. */
#include "tcp/core.h"
#include "tcp/user_timeout.h"

aksu_time tcp_next_timeout(const struct tcp *t)
{
    _Static_assert(TIMER_COUNT == 8, "every timer is asked: no loop, this follows every call");
    const aksu_time *d = t->deadline;
    aksu_time a = time_min(d[0], d[1]), b = time_min(d[2], d[3]), c = time_min(d[4], d[5]);
    return time_min(time_min(a, b), time_min(c, time_min(d[6], d[7])));
}

/* Something that the user asked for is not done yet. */
static bool outstanding(const struct tcp *t)
{
    return t->state == TCP_LISTEN || t->state == TCP_SYN_SENT || t->state == TCP_SYN_RECEIVED
        || seq_lt(t->snd.una, t->snd.nxt) || t->send.length > 0;
}

void tcp_arm_user_timeout(struct tcp *t, aksu_time now)
{
    if (t->user_timeout_ms == 0 || t->deadline[TIMER_USER] != NEVER || t->state == TCP_CLOSED)
        return;
    uint32_t ms = user_timeout_now(t);
    if (ms > 0)
        t->deadline[TIMER_USER] = time_after(now, MS(ms));
}

/* What the last ICMP error said is a better reason than silence: RFC 9293 3.9.2.2 [SHLD-25]. */
static enum aksu_status silence(const struct tcp *t)
{
    return t->soft_error != AKSU_OK ? (enum aksu_status)t->soft_error : AKSU_TIMED_OUT;
}

static const char *name_of(const struct tcp *t, uint8_t which);

static void expired(const struct tcp *t, uint8_t which, uint32_t count, aksu_time now)
{
    TCP_EMIT(t, now, timer, .name = name_of(t, which), .count = count);
}

static void user_timeout(struct tcp *t, aksu_time now)
{
    if (!outstanding(t))
        return;
    /* RFC 9293 3.8.6.1 [MUST-37]: a peer that answers probes may keep its window closed, whatever
     * it once suggested. */
    aksu_time since = t->uto_heard && t->closed_window ? t->last_in_at : t->progress_at;
    aksu_time due = time_after(since, MS(user_timeout_now(t)));
    if (due > now) {
        t->deadline[TIMER_USER] = due;
        return;
    }
    expired(t, TIMER_USER, 0, now);
    tcp_fail(t, AKSU_USER_TIMEOUT, "connection aborted due to user timeout", now);
}

/* RFC 9293 3.8.3 [MUST-22], 3.8.3 [MUST-23]: a SYN is repeated until syn_r2 has passed. */
static void syn_timeout(struct tcp *t, aksu_time now)
{
    aksu_time give_up = time_after(t->progress_at, t->env->config.syn_r2);
    bool passive = !t->active && t->state == TCP_SYN_RECEIVED;
    if (t->fo == FO_WAITS) {
        tcp_fast_open_go(t, now);
        return;
    }
    if (now >= give_up) {
        if (!passive) {
            tcp_fail(t, silence(t), "no answer to SYN", now);
        } else if (t->fo_opened) {
            tcp_fail_with_text(t, silence(t), "no answer to SYN,ACK", now);
        } else {
            tcp_flush(t);                       /* a passive open that came to nothing */
            tcp_enter(t, TCP_LISTEN, now);
        }
        return;
    }
    t->resends++;
    t->retransmits++;
    if (t->backoff < UINT8_MAX)
        t->backoff++;
    t->timing = false;
    t->syn_owed = true;
    t->may_send = true;
    TCP_EMIT(t, now, retransmit, .seq = t->iss.n, .why = "SYN timeout");
}

/* What the peer suggests takes the place of R2 while there is a user (RFC 5482 3.1). */
static bool patient(const struct tcp *t)
{
    return t->uto_heard && !t->released;
}

/* RFC 9293 3.8.3 [MUST-20]: R1 tells, R2 ends. */
static bool too_many_resends(struct tcp *t, aksu_time now)
{
    if (t->resends >= t->r2 && !patient(t)) {
        tcp_fail(t, silence(t), "no acknowledgment", now);
        return true;
    }
    if (t->resends >= t->env->config.data_r1 && !t->r1_reported) {
        t->r1_reported = true;
        if (t->report_soft)                     /* RFC 9293 3.8.3 [SHLD-9] */
            t->notify |= AKSU_SOFT_ERROR;
        TCP_EMIT(t, now, signal, .status = AKSU_OK, .what = "R1: no acknowledgment yet");
    }
    return false;
}

static void retransmission_timeout(struct tcp *t, aksu_time now)
{
    if (t->state == TCP_SYN_SENT || t->state == TCP_SYN_RECEIVED || !t->syn_acked) {
        syn_timeout(t, now);
        return;
    }
    if (t->waits_for == WAIT_LOSS_PROBE) {
        tlp_timeout(t, now);
        return;
    }
    if (t->waits_for == WAIT_REORDERING) {
        recovery_on_reordering_timer(t, now);
        return;
    }
    if (seq_eq(t->snd.una, t->snd.nxt) || too_many_resends(t, now))
        return;
    if (t->resends < UINT16_MAX - 1)            /* or R2 would end what has none */
        t->resends++;
    if (t->backoff < UINT8_MAX)
        t->backoff++;                           /* RFC 6298 5.5, RFC 9293 3.8.2 [MUST-19] */
    mtu_probe_on_rto(t, now);
    recovery_on_rto(t, now);
    rto_start(t, now);                          /* RFC 6298 5.6 */
}

/* RFC 9293 3.8.6.1; with an open window it is the override of 3.8.6.2.1. */
static void persist_timeout(struct tcp *t, aksu_time now)
{
    t->may_send = true;
    if (!t->closed_window) {
        t->sws_override = true;
        return;
    }
    if (t->probes >= t->r2 && !patient(t)) {    /* not one of them was answered */
        tcp_fail(t, silence(t), "no answer to window probes", now);
        return;
    }
    if (t->released && t->probe_backoff >= t->env->config.orphan_probes) {
        (void)tcp_abort(t, now);                /* nobody waits for it: the memory is needed */
        return;
    }
    t->probe_owed = true;
    if (t->probes < UINT8_MAX)
        t->probes++;
    if (t->probe_backoff < UINT8_MAX)
        t->probe_backoff++;                     /* answered or not: RFC 9293 3.8.6.1 [SHLD-30] */
    window_persist(t, now);                     /* the next one, later */
}

/* RFC 9293 3.8.4 [MUST-26]: only when nothing is outstanding and nothing came for the whole
 * interval. */
static void keepalive_timeout(struct tcp *t, aksu_time now)
{
    if (!t->keepalive || !tcp_synchronized(t) || t->state == TCP_TIME_WAIT)
        return;
    aksu_time idle = time_after(t->last_in_at, MS(user_timeout_keepalive_idle(t)));
    if (t->keepalive_probes == 0 && idle > now) {
        t->deadline[TIMER_KEEP_ALIVE] = idle;
        return;
    }
    if (outstanding(t)) {
        t->deadline[TIMER_KEEP_ALIVE] = time_after(now, MS(t->keepalive_idle_ms));
        return;
    }
    expired(t, TIMER_KEEP_ALIVE, t->keepalive_probes, now);
    if (t->keepalive_probes >= t->keepalive_count) {        /* RFC 9293 3.8.4 [MUST-29] */
        tcp_fail(t, AKSU_TIMED_OUT, "keep-alive: no answer", now);
        return;
    }
    t->keepalive_probes++;
    t->keepalive_owed = true;
    t->may_send = true;
    t->deadline[TIMER_KEEP_ALIVE] = time_after(now, MS(t->keepalive_interval_ms));
}

/* TIME-WAIT is over; before it, the time of a connection that nobody holds any more. */
static void time_wait_timeout(struct tcp *t, aksu_time now)
{
    if (t->state == TCP_TIME_WAIT) {
        tcp_enter(t, TCP_CLOSED, now);
    } else if (t->state == TCP_FIN_WAIT_2) {
        t->reason = AKSU_TIMED_OUT;
        tcp_enter(t, TCP_CLOSED, now);
    } else {
        tcp_abandon(t, now);                    /* the linger time is over */
    }
}

static void delayed_ack_timeout(struct tcp *t, aksu_time now)
{
    (void)now;
    if (t->ack_owed == ACK_DELAYED) {
        t->ack_owed = ACK_NOW;
        t->may_send = true;
    }
}

/* The budget was short. When there is memory again, a user whom SEND refused is told, and a peer
 * whose window could not be opened. */
static void memory_timeout(struct tcp *t, aksu_time now)
{
    if (pool_left(t->env->pool) < t->env->reserve_pages) {
        t->deadline[TIMER_MEMORY] = time_after(now, MS(MEMORY_RETRY_MS));
        return;
    }
    if (t->sent_write_short) {
        t->sent_write_short = false;
        t->notify |= AKSU_WRITABLE;
    }
    if (tcp_synchronized(t) && !t->fin_received && window_update_due(t)) {
        t->ack_owed = ACK_NOW;
        t->may_send = true;
    }
    if (tcp_owes_more(t))
        t->may_send = true;                     /* the scoreboard had no room */
}

static void sender_timer(struct tcp *t, aksu_time now)
{
    sender_timeout(t, now);
}

static const struct {
    const char *name;
    void (*expire)(struct tcp *t, aksu_time now);
} timers[TIMER_COUNT] = {
    [TIMER_USER] = { "USER", user_timeout },
    [TIMER_RETRANSMISSION] = { "RETRANSMISSION", retransmission_timeout },
    [TIMER_TIME_WAIT] = { "TIME-WAIT", time_wait_timeout },
    [TIMER_PERSIST] = { "PERSIST", persist_timeout },
    [TIMER_KEEP_ALIVE] = { "KEEP-ALIVE", keepalive_timeout },
    [TIMER_DELAYED_ACK] = { "DELAYED ACK", delayed_ack_timeout },
    [TIMER_MEMORY] = { "MEMORY", memory_timeout },
    [TIMER_SENDER] = { "PACING", sender_timer },
};

/* The user's own limit first: with equal deadlines its answer is the one that was asked for. */
static const uint8_t order[TIMER_COUNT] = { TIMER_USER, TIMER_RETRANSMISSION, TIMER_PERSIST,
    TIMER_KEEP_ALIVE, TIMER_TIME_WAIT, TIMER_MEMORY, TIMER_DELAYED_ACK, TIMER_SENDER };

static const char *name_of(const struct tcp *t, uint8_t which)
{
    if (which == TIMER_RETRANSMISSION && t->waits_for == WAIT_LOSS_PROBE)
        return "LOSS PROBE";                    /* RFC 8985 7.2 */
    if (which == TIMER_RETRANSMISSION && t->waits_for == WAIT_REORDERING)
        return "REORDERING";                    /* RFC 8985 6.2 */
    if (which == TIMER_TIME_WAIT && t->state != TCP_TIME_WAIT)
        return t->state == TCP_FIN_WAIT_2 ? "FIN-WAIT-2" : "LINGER";
    if (which == TIMER_SENDER && sender_is_idle(t))
        return "IDLE";
    return timers[which].name;
}

const char *tcp_next_timer(const struct tcp *t, aksu_time *at)
{
    const char *name = NULL;
    *at = NEVER;
    for (size_t i = 0; i < TIMER_COUNT; i++) {
        if (t->deadline[order[i]] < *at) {
            *at = t->deadline[order[i]];
            name = name_of(t, order[i]);
        }
    }
    return name;
}

/* The deadlines of two are not moved with each segment: when they come, it may not be time yet. The
 * sender's paces what no one needs to see. */
static bool says_itself(uint8_t which)
{
    return which == TIMER_USER || which == TIMER_KEEP_ALIVE || which == TIMER_SENDER;
}

void tcp_timeouts(struct tcp *t, aksu_time now)
{
    for (size_t i = 0; i < TIMER_COUNT; i++) {
        uint8_t which = order[i];
        if (t->deadline[which] > now)
            continue;
        t->deadline[which] = NEVER;
        if (!says_itself(which))
            expired(t, which, which == TIMER_PERSIST ? t->probes
                    : which == TIMER_RETRANSMISSION ? t->resends : 0, now);
        timers[which].expire(t, now);
    }
}
