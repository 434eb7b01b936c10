/* user_timeout.c - how long text may wait for its ACK: what the user says (RFC 9293 3.9.1.1), and
 * what both ends suggest to each other (RFC 5482). See user_timeout.h for who calls.
 *
 * ENABLED is t->uto_on, CHANGEABLE is !t->uto_fixed, ADV_UTO stands as it goes over the wire. With
 * t->uto_heard t->user_timeout_ms is REMOTE_UTO; what follows from it takes the place of R2, as it
 * may be much longer. */
#include "tcp/user_timeout.h"

#include "tcp/core.h"

enum { MINUTES = 0x8000, MOST = 0x7fff, DEFAULT_SECONDS = 300 /* RFC 9293 3.9.1.1 */ };
enum { SECONDS_MOST = MOST * 60 };

/* RFC 5482 3.3: seconds, or minutes when there are too many, rounded up. */
uint16_t user_timeout_coded(uint32_t seconds)
{
    if (seconds <= MOST)
        return (uint16_t)seconds;
    uint32_t minutes = (seconds - 1) / 60 + 1;
    return (uint16_t)(MINUTES | (minutes < MOST ? minutes : MOST));
}

static uint32_t seconds_of(uint16_t coded)
{
    return (coded & MOST) * (coded & MINUTES ? 60u : 1u);
}

/* RFC 5482 3: what the application gave, else the user timeout. */
static uint16_t advertised(const struct tcp *t)
{
    if (t->uto_given != 0)
        return t->uto_given;
    bool own = t->uto_fixed && t->user_timeout_ms != 0;
    return user_timeout_coded(own ? (t->user_timeout_ms - 1) / 1000 + 1 : DEFAULT_SECONDS);
}

/* RFC 5482 3.1: USER_TIMEOUT = min(U_LIMIT, max(ADV_UTO, REMOTE_UTO, L_LIMIT)), and L_LIMIT is
 * above the RTO in force. */
static uint32_t adopted(const struct tcp *t)
{
    const struct tcp_config *c = &t->env->config;
    uint32_t ours = seconds_of(advertised(t)) * 1000, rto_ms = (uint32_t)(rto_now(t) / MS(1)) + 1;
    uint32_t least = c->user_timeout_least_ms > rto_ms ? c->user_timeout_least_ms : rto_ms;
    uint32_t most = c->user_timeout_most_ms > rto_ms ? c->user_timeout_most_ms : rto_ms;
    uint32_t ms = ours > t->user_timeout_ms ? ours : t->user_timeout_ms;
    ms = ms > least ? ms : least;
    return ms < most ? ms : most;
}

/* RFC 5482 3.3: what was suggested counts in synchronized states only. */
uint32_t user_timeout_now(const struct tcp *t)
{
    if (!t->uto_heard)
        return t->user_timeout_ms;
    return tcp_synchronized(t) ? adopted(t) : 0;
}

static void restart(struct tcp *t, aksu_time from, aksu_time now)
{
    t->uto_owed = t->uto_on;                    /* RFC 5482 3: in the next segment */
    uint32_t ms = user_timeout_now(t);
    aksu_time due = time_after(from, MS(ms));
    bool none = ms == 0 || t->state == TCP_CLOSED;
    t->deadline[TIMER_USER] = none ? NEVER : due > now ? due : now;
}

/* From when on what is outstanding waits: a peer that changes its mind gains nothing. */
static aksu_time waits_from(const struct tcp *t, aksu_time now)
{
    return t->send.length > 0 || seq_lt(t->snd.una, t->snd.nxt) ? t->progress_at : now;
}

void user_timeout_heard(struct tcp *t, const struct tcp_options *peer, aksu_time now)
{
    /* RFC 5482 3: ignored when not enabled; RFC 5482 3.4: 0 is reserved */
    if (!t->uto_on || peer->user_timeout == 0 || t->state == TCP_TIME_WAIT)
        return;
    uint32_t seconds = peer->user_timeout * (peer->user_timeout_minutes ? 60u : 1u);
    uint32_t before = user_timeout_now(t);
    if (!t->uto_fixed) {
        t->uto_heard = true;
        t->user_timeout_ms = seconds * 1000;
    }
    if (user_timeout_now(t) != before)
        restart(t, waits_from(t, now), now);
    /* RFC 5482 3.1: the user may know it, whether or not it counts */
    TCP_EMIT(t, now, user_timeout, .peer_s = seconds, .in_force_ms = user_timeout_now(t));
}

void user_timeout_begin(struct tcp *t, aksu_time now)
{
    if (t->uto_on)                              /* RFC 5482 3: and in the first without SYN */
        restart(t, now, now);
}

void user_timeout_say(struct tcp *t, struct tcp_options *out)
{
    uint16_t coded = advertised(t);
    out->has |= HAS_USER_TIMEOUT;
    out->user_timeout_minutes = (coded & MINUTES) != 0;
    out->user_timeout = coded & MOST;
    t->uto_owed = false;                        /* RFC 5482 3.2: it may be lost */
}

/* RFC 5482 4.2: keep-alives do not end what the user timeout would still allow. */
uint32_t user_timeout_keepalive_idle(const struct tcp *t)
{
    uint32_t ms = t->uto_heard ? user_timeout_now(t) : 0;
    return ms >= t->keepalive_idle_ms ? ms + 1 : t->keepalive_idle_ms;
}

static enum aksu_status set_option(struct tcp *t, int64_t value, aksu_time now)
{
    if (value < -1 || value > SECONDS_MOST)
        return AKSU_INVALID;
    t->uto_on = value >= 0;
    t->uto_given = value > 0 ? user_timeout_coded((uint32_t)value) : 0;
    if (t->uto_heard && !t->uto_on) {
        t->uto_heard = false;
        t->user_timeout_ms = 0;
    }
    restart(t, now, now);
    return AKSU_OK;
}

/* What holds now stays, or it may change from now on. */
static void set_changeable(struct tcp *t, bool changeable)
{
    t->uto_fixed = !changeable;
    if (changeable)
        return;
    t->user_timeout_ms = user_timeout_now(t);
    t->uto_heard = false;
}

enum aksu_status user_timeout_set(struct tcp *t, enum aksu_option option, int64_t value,
                                  aksu_time now)
{
    if (option == AKSU_OPTION_USER_TIMEOUT_OPTION)
        return set_option(t, value, now);
    if (value < 0 || value > (option == AKSU_OPTION_USER_TIMEOUT ? INT32_MAX : 1))
        return AKSU_INVALID;
    if (option == AKSU_OPTION_USER_TIMEOUT_CHANGEABLE) {
        set_changeable(t, value != 0);
        return AKSU_OK;
    }
    t->uto_fixed = true;                        /* RFC 5482 3: what the user wants stays */
    t->uto_heard = false;
    t->user_timeout_ms = (uint32_t)value;
    restart(t, now, now);
    return AKSU_OK;
}
