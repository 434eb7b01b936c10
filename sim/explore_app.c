/* explore_app.c - the applications at the two ends: what they send, and when they close. They act
 * on readiness only, as an application does. Called by explore_host.c. */
#include "sim/explore.h"

enum when { AT_ONCE, AFTER_END /* when the peer has closed */ };

struct scenario {
    const char *name, *sentence;
    uint8_t opens[2], listens[2];
    uint8_t sends[2], closes[2];    /* enum when; closes: not before all is sent */
    uint8_t rounds;
};
static const struct scenario scenarios[AKSU_EXPLORE_SCENARIOS] = {
    [AKSU_EXPLORE_CLOSE] = { "close", "a connects, both send, a closes first",
        { 1, 0 }, { 0, 1 }, { AT_ONCE, AT_ONCE }, { AT_ONCE, AFTER_END }, 1 },
    [AKSU_EXPLORE_SERVER_CLOSE] = { "server-close", "a connects, both send, b closes first",
        { 1, 0 }, { 0, 1 }, { AT_ONCE, AT_ONCE }, { AFTER_END, AT_ONCE }, 1 },
    [AKSU_EXPLORE_HALF_CLOSE] = { "half-close", "a connects, sends and closes, then b sends",
        { 1, 0 }, { 0, 1 }, { AT_ONCE, AFTER_END }, { AT_ONCE, AFTER_END }, 1 },
    [AKSU_EXPLORE_SIMULTANEOUS_CLOSE] = { "simultaneous-close",
        "a connects, both send and close at once",
        { 1, 0 }, { 0, 1 }, { AT_ONCE, AT_ONCE }, { AT_ONCE, AT_ONCE }, 1 },
    [AKSU_EXPLORE_SIMULTANEOUS_OPEN] = { "simultaneous-open",
        "both connect, both send, a closes first",
        { 1, 1 }, { 0, 0 }, { AT_ONCE, AT_ONCE }, { AT_ONCE, AFTER_END }, 1 },
    [AKSU_EXPLORE_AGAIN] = { "again", "as server-close, then a connects from the same port again",
        { 1, 0 }, { 0, 1 }, { AT_ONCE, AT_ONCE }, { AFTER_END, AT_ONCE }, 2 },
};
static const uint16_t PORT[2] = { 5000, 80 };

const char *aksu_explore_name(enum aksu_explore_scenario scenario)
{
    return scenarios[scenario].name;
}

const char *aksu_explore_sentence(enum aksu_explore_scenario scenario)
{
    return scenarios[scenario].sentence;
}

static const struct scenario *plan_of(const struct aksu_explore *x)
{
    return &scenarios[x->config.scenario];
}

bool explore_closes_first(const struct aksu_explore *x, uint32_t side)
{
    return plan_of(x)->closes[side] == AT_ONCE;
}

uint32_t explore_rounds(const struct aksu_explore *x)
{
    return plan_of(x)->rounds;
}

/* No octet is the same in the other stream, or in the next connection. */
static uint8_t pattern(uint32_t side, uint32_t round, uint32_t i)
{
    return (uint8_t)(0x40 * round + 0x20 * side + 1 + i);
}

static void connects(struct explore_end *e)
{
    struct aksu_open how = { .remote = { e->ip[1], PORT[!e->side] },
                             .local = { e->ip[0], PORT[e->side] } };
    struct explore_app *a = &e->app;
    enum aksu_status status = aksu_open(e->net, &how, &a->conn, e->now);
    if (status == AKSU_ALREADY_EXISTS && a->opened > 0)
        return;                         /* what is left of the last one: later */
    if (status != AKSU_OK)
        explore_violation(e->x, e, "OPEN answers: %s", aksu_status_text(status));
    (void)aksu_set(e->net, a->conn, AKSU_OPTION_NODELAY, 1, e->now);
    a->round = a->opened++;
    a->has_conn = 1;
}

void explore_app_open(struct explore_end *e)
{
    const struct scenario *plan = plan_of(e->x);
    struct aksu_listen how = { .local = { e->ip[0], PORT[e->side] }, .backlog = 4 };
    if (plan->listens[e->side]
        && aksu_listen(e->net, &how, &e->app.listener, e->now) != AKSU_OK)
        explore_violation(e->x, e, "it cannot listen");
    if (plan->opens[e->side])
        connects(e);
}

static void accepts(struct explore_end *e)
{
    aksu_conn conn;
    struct explore_app *a = &e->app;
    if (aksu_accept(e->net, a->listener, &conn, e->now) != AKSU_OK)
        return;
    if (a->has_conn || a->opened == plan_of(e->x)->rounds) {
        explore_violation(e->x, e, "a connection is accepted that nobody has opened");
        return;
    }
    (void)aksu_set(e->net, conn, AKSU_OPTION_NODELAY, 1, e->now);
    a->conn = conn;
    a->round = a->opened++;
    a->has_conn = a->connected = 1;
}

/* One octet; the next one when that has left. */
static void sends(struct explore_end *e)
{
    struct explore_app *a = &e->app;
    uint8_t *sent = &a->sent[a->round];
    if (*sent == e->x->config.octets)
        return;
    uint8_t octet = pattern(e->side, a->round, *sent);
    ptrdiff_t n = aksu_send(e->net, a->conn, &octet, 1, 0, e->now);
    if (n != 1)
        explore_violation(e->x, e, "SEND of one octet answers %d", (int)n);
    ++*sent;
    e->events++;
}

static void receives(struct explore_end *e)
{
    uint8_t octets[16];
    struct explore_app *a = &e->app;
    ptrdiff_t n;
    while ((n = aksu_receive(e->net, a->conn, octets, sizeof octets, e->now)) > 0)
        for (ptrdiff_t i = 0; i < n; i++) {
            uint32_t at = a->received[a->round]++;
            if (at >= e->x->config.octets || octets[i] != pattern(!e->side, a->round, at))
                explore_violation(e->x, e, "octet %u of what it receives is %#x, which was not "
                                  "sent there", (unsigned)at, octets[i]);
        }
    if (n == 0 && !a->eof) {
        a->eof = 1;
        if (a->received[a->round] != e->x->config.octets)
            explore_violation(e->x, e, "the stream ends after %u octets of %u",
                              a->received[a->round], (unsigned)e->x->config.octets);
    }
}

static void closes(struct explore_end *e)
{
    struct explore_app *a = &e->app;
    if (!a->shut) {
        a->shut = 1;
        if (aksu_shutdown(e->net, a->conn, e->now) != AKSU_OK)
            explore_violation(e->x, e, "CLOSE is refused");
    }
    if (!a->eof)
        return;
    if (aksu_close(e->net, a->conn, e->now) != AKSU_OK)
        explore_violation(e->x, e, "the handle is not taken back");
    a->conn = (aksu_conn){ 0, 0 };
    a->has_conn = a->connected = a->shut = a->eof = 0;
    a->closed++;
}

/* All that it can do now. */
static void acts(struct explore_end *e)
{
    const struct scenario *plan = plan_of(e->x);
    struct explore_app *a = &e->app;
    if (!a->has_conn || !a->connected)
        return;
    receives(e);
    if (plan->sends[e->side] == AT_ONCE || a->eof)
        sends(e);
    if (a->sent[a->round] == e->x->config.octets && (plan->closes[e->side] == AT_ONCE || a->eof))
        closes(e);
}

void explore_app_act(struct explore_end *e)
{
    struct explore_app *a = &e->app;
    struct aksu_ready ready;
    if (a->has_conn && a->sent[a->round] > 0 && a->sent[a->round] < e->x->config.octets)
        acts(e);
    while (!e->x->violated && aksu_next_ready(e->net, &ready)) {
        e->events++;
        if (ready.what & AKSU_ACCEPTABLE)
            accepts(e);
        else if (!a->has_conn || memcmp(&ready.conn, &a->conn, sizeof a->conn) != 0)
            continue;
        else if (ready.what & AKSU_FAILED)
            explore_violation(e->x, e, "the connection fails, and nothing is wrong");
        else if (ready.what & AKSU_CONNECTED)
            a->connected = 1;
        acts(e);
    }
    if (plan_of(e->x)->opens[e->side] && !a->has_conn && a->closed == a->opened
        && a->opened < plan_of(e->x)->rounds)
        connects(e);
}

bool explore_app_over(const struct aksu_explore *x, const struct explore_app *a, uint32_t side)
{
    (void)side;
    return a->closed == plan_of(x)->rounds;
}
