/* test_end.c - connections that end badly: ABORT, a cable that stays cut, a peer that is gone
 * (RFC 9293 3.5.2, 3.8.3, 3.10.5). */
#include "tests/sim/duo.h"

/* The other side hears of it, whatever gets lost, because it always has something to say. */
SIM(abort_in_the_middle, 200)
{
    struct dice d = { seed * 7919 };
    struct duo_config c = duo_random_config(&d, seed);
    struct duo *w = duo_new(&c);
    w->faults[0] = duo_random_faults(&d);
    w->faults[1] = duo_random_faults(&d);
    struct flow *f = duo_flow(w, 4000000, 4000000);
    unsigned side = dice(&d, 2);
    f->side[side].end = END_ABORT;
    f->side[side].abort_at = dice(&d, 60000);
    duo_open(w, f, 0);
    duo_run(w);
    struct flow_side *other = &f->side[1 - side];
    expect(!other->opened || (other->failed && other->reason == AKSU_RESET),
           "the other side ended with: %s",
           aksu_status_text(other->reason));
    duo_expect_clean(w);
}

/* RFC 9293 3.8.3 [MUST-20]: both give up by themselves. */
SIM(cut_for_ever, 30)
{
    struct dice d = { seed * 104729 };
    struct duo_config c = duo_random_config(&d, seed);
    struct duo *w = duo_new(&c);
    w->faults[0] = duo_random_faults(&d);
    w->faults[1] = w->faults[0];
    struct flow *f = duo_flow(w, (uint64_t)1 << 40, (uint64_t)1 << 40);
    for (unsigned side = 0; side < 2; side++) {
        f->side[side].pause = AKSU_MS(10);
        f->side[side].gulp = 20000;
    }
    duo_open(w, f, 0);
    duo_run_for(w, AKSU_MS(1000 + dice(&d, 500)));
    w->faults[0].cut = w->faults[1].cut = true;
    bool connected = w->flow[0].side[0].connected, accepted = w->flow[0].side[1].opened;
    aksu_time limit = w->now + AKSU_SECONDS(7200);
    duo_run(w);
    expect(w->now < limit, "it does not give up");
    for (unsigned side = 0; side < 2; side++) {
        const struct flow_side *s = &w->flow[0].side[side];
        expect(!s->opened || (s->failed && s->reason != AKSU_RESET),
               "side %u ended with: %s (%d %d)", side,
               aksu_status_text(s->reason), connected, accepted);
    }
    duo_expect_clean(w);
}

/* The peer has forgotten everything: RFC 9293 3.5.1. */
SIM(nobody_listens, 50)
{
    struct dice d = { seed * 31 };
    struct duo_config c = duo_random_config(&d, seed);
    struct duo *w = duo_new(&c);
    w->faults[0].delay = w->faults[1].delay = AKSU_MS(1);
    w->faults[0].loss = dice(&d, 20000);
    expect(aksu_close_listener(w->net[1], w->listener, w->now) == AKSU_OK, "close the listener");
    w->baseline[1] -= 4096;
    struct flow *f = duo_flow(w, 100, 100);
    duo_open(w, f, 0);
    duo_run(w);
    expect(f->side[0].failed && f->side[0].reason == AKSU_REFUSED, "it ended with: %s",
           aksu_status_text(f->side[0].reason));
    duo_expect_clean(w);
}
