/* steady.c - a congestion control whose window stays as it is, whatever happens, and that counts
 * what it hears. */
#include "tests/script/script.h"

static void init(struct cc *c, aksu_time now)
{
    (void)now;
    c->state[0] = 0;
}

static void on_ack(struct cc *c, const struct cc_ack *ack)
{
    c->state[0] += ack->lost;
}

static void on_congestion(struct cc *c, uint32_t in_flight, bool ecn, aksu_time now)
{
    (void)c;
    (void)in_flight;
    (void)ecn;
    (void)now;
}

static void on_rto(struct cc *c, uint32_t in_flight, bool again, aksu_time now)
{
    (void)c;
    (void)in_flight;
    (void)again;
    (void)now;
}

static void at(struct cc *c, aksu_time now)
{
    (void)c;
    (void)now;
}

static void after_idle(struct cc *c, aksu_time idle, aksu_time now)
{
    (void)c;
    (void)idle;
    (void)now;
}

const struct cc_ops steady_cc = {
    .name = "steady", .own_recovery = true, .init = init, .on_ack = on_ack,
    .on_congestion = on_congestion, .on_rto = on_rto, .undo = at, .after_idle = after_idle
};
