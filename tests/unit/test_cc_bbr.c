/* test_cc_bbr.c - BBR alone, on the bottleneck of bottleneck.h: what draft-ietf-ccwg-bbr-06 says of
 * Startup, Drain, ProbeBW, ProbeRTT, loss, ECN, idleness and spurious recovery. */
#include "help.h"

#include "bottleneck.h"
#include "tcp/cc_bbr.h"

#define MBIT 125000.0

static struct bottleneck path;

static struct bbr model(void)
{
    struct bbr b;
    memcpy(&b, path.cc.state, sizeof b);
    return b;
}

/* What the watcher saw. */
static struct {
    unsigned plateau_round, drain_round;
    double drain_at, cruise_at, cruise_queue;
    double rtt_enter[8], rtt_leave[8];
    unsigned rtt_probes;
    double rate_sum, rate_time, last_at;
    uint32_t least_flight;
    double wait[64];
    unsigned refills;
    double refill_at;
    unsigned phase;
} seen;

static void on_change(struct bottleneck *p, const struct bbr *b)
{
    if (b->phase == BBR_DRAIN && seen.drain_at <= 0) {
        seen.drain_at = p->now;
        seen.drain_round = p->rounds;
    }
    if (b->phase == BBR_CRUISE && seen.cruise_at <= 0) {
        seen.cruise_at = p->now;
        seen.cruise_queue = bottleneck_queue(p);
    }
    if (b->phase == BBR_PROBE_RTT && seen.rtt_probes < 8)
        seen.rtt_enter[seen.rtt_probes] = p->now;
    if (seen.phase == BBR_PROBE_RTT && seen.rtt_probes < 8)
        seen.rtt_leave[seen.rtt_probes++] = p->now;
    if (b->phase == BBR_REFILL && seen.refills < 64) {
        seen.wait[seen.refills++] = p->now - seen.refill_at;
        seen.refill_at = p->now;
    }
}

static void watch(struct bottleneck *p, const struct cc_ack *ack)
{
    struct bbr b = model();
    if (seen.plateau_round == 0 && (double)bbr_max_bw(&b) > 0.9 * p->rate)
        seen.plateau_round = p->rounds;
    if (b.phase != seen.phase)
        on_change(p, &b);
    if (b.phase == BBR_CRUISE && seen.last_at > 0) {
        seen.rate_sum += (double)p->cc.pacing_rate * (p->now - seen.last_at);
        seen.rate_time += p->now - seen.last_at;
    }
    if (b.phase == BBR_PROBE_RTT && ack->in_flight < seen.least_flight)
        seen.least_flight = ack->in_flight;
    seen.last_at = p->now;
    seen.phase = b.phase;
}

static void begin(double rate, double rtt, double buffer_of_bdp)
{
    memset(&seen, 0, sizeof seen);
    seen.least_flight = UINT32_MAX;
    bottleneck_init(&path, &cc_bbr, rate, rtt, buffer_of_bdp * rate * rtt);
    path.watch = watch;
}

/* BBR 5.3.1.2, 5.3.2: the pipe is full three rounds after the rate stopped growing, and then the
 * queue that this took is drained. */
static void startup_ends_at_the_plateau(void **state)
{
    static const struct { double rate, rtt; uint32_t batch; } at[] = {
        { 10 * MBIT, 0.05, 1 }, { 100 * MBIT, 0.04, 1 }, { 1000 * MBIT, 0.01, 42 },
        { 100 * MBIT, 0.2, 8 }, { 10000 * MBIT, 0.0005, 42 }
    };
    (void)state;
    for (size_t i = 0; i < sizeof at / sizeof at[0]; i++) {
        begin(at[i].rate, at[i].rtt, 4);
        path.batch = at[i].batch;
        bottleneck_run(&path, at[i].rtt * 25 + 0.1);
        assert_true(seen.plateau_round > 0 && seen.drain_at > 0 && seen.cruise_at > 0);
        assert_in_range(seen.drain_round - seen.plateau_round, 2, 4);
        assert_true(seen.drain_round < 4 + 20);
        /* within two round trips the queue is gone: at most what one batch is, and 5 % */
        assert_true(seen.cruise_at - seen.drain_at < 2.5 * at[i].rtt + 0.001);
        assert_true(seen.cruise_queue < 0.05 * at[i].rate * at[i].rtt
                                            + 2.5 * path.smss * at[i].batch);
        assert_true(path.lost == 0);
    }
}

/* BBR 5.6.2: in the long run the bottleneck is used, 1 % below its rate while cruising, without a
 * standing queue. */
static void the_rate_is_that_of_the_bottleneck(void **state)
{
    (void)state;
    for (int batch = 1; batch <= 42; batch += 41) {
        begin(100 * MBIT, 0.04, 2);
        path.batch = (uint32_t)batch;
        bottleneck_run(&path, 5);
        bottleneck_reset(&path);
        seen.rate_sum = seen.rate_time = 0;
        bottleneck_run(&path, 30);
        double paced = seen.rate_sum / seen.rate_time / path.rate;
        assert_true(paced > 0.97 && paced < 1.01);
        assert_true(bottleneck_goodput(&path) > 0.95 * path.rate);
        assert_true(bottleneck_mean_queue(&path) < 0.1 * path.rate * path.rtt);
    }
}

/* BBR 5.3.4: every five seconds half a BDP for 200 ms, and back. */
static void the_rtt_is_probed(void **state)
{
    (void)state;
    begin(100 * MBIT, 0.04, 2);
    bottleneck_run(&path, 27);
    assert_in_range(seen.rtt_probes, 4, 5);
    for (unsigned i = 0; i < seen.rtt_probes; i++) {
        double lasted = seen.rtt_leave[i] - seen.rtt_enter[i];
        assert_true(lasted > 0.2 && lasted < 0.2 + 2 * path.rtt);
        if (i > 0) {
            double apart = seen.rtt_enter[i] - seen.rtt_leave[i - 1];
            assert_true(apart > 4.9 && apart < 5.1);
        }
    }
    assert_true(seen.least_flight > 0.4 * path.rate * path.rtt
                && seen.least_flight < 0.55 * path.rate * path.rtt);
    assert_true(model().min_rtt_us < 40500);
}

/* BBR 5.3.4.1: a longer path is believed after it was asked. */
static void a_longer_path_is_noticed(void **state)
{
    (void)state;
    begin(50 * MBIT, 0.02, 4);
    bottleneck_run(&path, 6);
    assert_in_range(model().min_rtt_us, 19900, 20500);
    path.rtt = 0.06;
    bottleneck_run(&path, 16);
    assert_in_range(model().min_rtt_us, 59900, 63000);
    path.rtt = 0.03;
    bottleneck_run(&path, 0.5);
    assert_in_range(model().min_rtt_us, 29900, 31500);
}

/* BBR 5.5.4 */
static void an_application_at_its_pace_tells_nothing(void **state)
{
    (void)state;
    begin(100 * MBIT, 0.04, 2);
    bottleneck_run(&path, 4);
    struct bbr then = model();
    bottleneck_reset(&path);
    path.offered = 10 * MBIT;
    path.offered_sent = 0;
    bottleneck_run(&path, 20);
    struct bbr b = model();
    assert_true(bbr_max_bw(&b) * 100 > bbr_max_bw(&then) * 95);
    assert_true(bottleneck_goodput(&path) > 9.5 * MBIT);
    /* and back to full speed at once */
    path.offered = 0;
    bottleneck_reset(&path);
    bottleneck_run(&path, 2);
    assert_true(bottleneck_goodput(&path) > 0.85 * path.rate);
}

/* BBR 5.5.10.2: a probe that loses more than 2 % bounds what is in flight. */
static void loss_bounds_what_is_in_flight(void **state)
{
    (void)state;
    begin(100 * MBIT, 0.04, 0.1);
    bottleneck_run(&path, 4);
    double bdp = path.rate * path.rtt;
    bottleneck_reset(&path);
    for (int i = 0; i < 20; i++) {
        bottleneck_run(&path, 1);
        uint32_t bound = model().inflight_longterm;
        assert_true(bound != BBR_NO_LIMIT && bound > 0.9 * bdp && bound < 1.25 * bdp);
    }
    double lost = (double)(path.lost - path.lost_then)
                  / ((double)(path.next - path.sent_then) * path.smss);
    assert_true(lost > 0 && lost < 0.01);
    assert_true(bottleneck_goodput(&path) > 0.88 * path.rate);
    assert_true(bottleneck_mean_queue(&path) < 0.03 * bdp);
    /* the buffer shrinks when Startup is long over: a probe finds out */
    begin(100 * MBIT, 0.04, 4);
    bottleneck_run(&path, 2);
    assert_true(model().inflight_longterm == BBR_NO_LIMIT);
    path.buffer = 0.05 * bdp;
    bottleneck_run(&path, 6);
    assert_true(model().inflight_longterm < 1.25 * bdp);
}

/* BBR 5.5.10.3, 5.3.3.8: 0.5 % of random loss is no sign of a full pipe; 10 % makes room. */
static void random_loss(void **state)
{
    (void)state;
    begin(100 * MBIT, 0.02, 1);
    path.loss = 0.005;
    bottleneck_run(&path, 20);
    assert_true(bottleneck_goodput(&path) > 0.75 * path.rate);
    begin(100 * MBIT, 0.02, 1);
    path.loss = 0.1;
    bottleneck_run(&path, 20);
    assert_true(bottleneck_goodput(&path) < 0.5 * path.rate);
    assert_true(bottleneck_goodput(&path) > 0.001 * path.rate);
}

/* BBR 5.3.1.3: a shallow buffer ends Startup by its losses. */
static void startup_ends_by_loss(void **state)
{
    (void)state;
    begin(100 * MBIT, 0.04, 0.05);
    bottleneck_run(&path, 1);
    struct bbr b = model();
    assert_true(b.full_bw_reached);
    assert_true(b.inflight_longterm != BBR_NO_LIMIT);
    assert_true(seen.drain_round - seen.plateau_round <= 4);
    assert_true(b.inflight_longterm < 1.3 * path.rate * path.rtt);
}

/* The bandwidth grows fourfold and shrinks again: BBR 5.3.3.5, 5.5.6. */
static void rates_are_followed(void **state)
{
    (void)state;
    begin(25 * MBIT, 0.03, 2);
    bottleneck_run(&path, 6);
    path.rate = 100 * MBIT;
    path.buffer *= 4;
    bottleneck_run(&path, 12);
    bottleneck_reset(&path);
    bottleneck_run(&path, 5);
    assert_true(bottleneck_goodput(&path) > 0.9 * path.rate);
    path.rate = 20 * MBIT;
    path.buffer /= 5;
    bottleneck_run(&path, 12);
    bottleneck_reset(&path);
    bottleneck_run(&path, 6);
    assert_true(bottleneck_goodput(&path) > 0.9 * path.rate);
    assert_true(bottleneck_mean_queue(&path) < 0.3 * path.buffer);
    struct bbr b = model();
    assert_true((double)bbr_max_bw(&b) < 1.1 * path.rate);
}

/* BBR 5.3.3.8: a long path is probed every 2 to 3 s, not always after the same time; a short one
 * after as many rounds as Reno would need, at most 63. */
static void probes_are_spread(void **state)
{
    (void)state;
    begin(100 * MBIT, 0.1, 2);
    bottleneck_run(&path, 60);
    assert_true(seen.refills >= 10);
    double least = 9, most = 0;
    for (unsigned i = 1; i < seen.refills; i++) {
        least = seen.wait[i] < least ? seen.wait[i] : least;
        most = seen.wait[i] > most ? seen.wait[i] : most;
    }
    /* a cycle is the wait and the refill and the probe; ProbeRTT starts the wait again */
    assert_true(least > 2 && most < 9 && most - least > 0.3);
    begin(10 * MBIT, 0.01, 4);
    bottleneck_run(&path, 4);
    bottleneck_reset(&path);
    seen.refills = 0;
    bottleneck_run(&path, 4);
    /* BDP: 9 segments; 9 rounds of 10 ms and some of probing */
    assert_in_range(seen.refills, 15, 45);
}

static struct cc_ack ack_at(double seconds, uint32_t acked)
{
    return (struct cc_ack){ .now = (aksu_time)(seconds * 1e9), .acked = acked, .rtt_us = 40000,
                            .srtt_us = 40000, .min_rtt_us = 40000, .in_flight = 400000 };
}

/* BBR 5.6.4.4: one lost segment costs nothing; a timeout leaves one segment, and what was known
 * comes back when it is repaired. */
static void recovery_is_its_own(void **state)
{
    (void)state;
    assert_true(cc_bbr.own_recovery);
    begin(100 * MBIT, 0.04, 2);
    bottleneck_run(&path, 2);
    uint32_t before = path.cc.cwnd;
    aksu_time now = (aksu_time)(path.now * 1e9);
    cc_bbr.on_congestion(&path.cc, path.in_flight, false, now);
    assert_int_equal(path.cc.cwnd, before);
    struct cc_ack ack = ack_at(path.now, path.smss);
    ack.recovering = true;
    ack.lost = path.smss;
    cc_bbr.on_ack(&path.cc, &ack);
    assert_true(path.cc.cwnd > before * 9 / 10);
    cc_bbr.on_recovered(&path.cc, now);
    assert_true(path.cc.cwnd >= before);

    cc_bbr.on_rto(&path.cc, 0, false, now);
    assert_int_equal(path.cc.cwnd, path.smss);
    ack = ack_at(path.now + 0.3, path.smss);
    ack.recovering = true;
    ack.in_flight = path.smss;
    cc_bbr.on_ack(&path.cc, &ack);
    assert_int_equal(path.cc.cwnd, 4 * path.smss);      /* MinPipeCwnd */
    ack.recovering = false;
    cc_bbr.on_ack(&path.cc, &ack);
    assert_true(path.cc.cwnd < 10 * path.smss);         /* not before it is repaired */
    cc_bbr.on_recovered(&path.cc, now);
    assert_true(path.cc.cwnd >= before);
    cc_bbr.on_ack(&path.cc, &ack);
    assert_true(path.cc.cwnd > before * 9 / 10);
    /* an owner that does not say when */
    cc_bbr.on_rto(&path.cc, 0, false, now);
    ack.round = true;
    for (int i = 0; i < 3; i++)
        cc_bbr.on_ack(&path.cc, &ack);
    assert_true(path.cc.cwnd > before / 2);
}

/* BBR 5.5.11: a recovery that was a mistake leaves no trace. */
static void spurious_recovery_is_undone(void **state)
{
    (void)state;
    begin(100 * MBIT, 0.04, 2);
    bottleneck_run(&path, 2);
    uint32_t before = path.cc.cwnd;
    assert_true(model().phase == BBR_CRUISE && model().inflight_shortterm == BBR_NO_LIMIT);
    double t = path.now;
    cc_bbr.on_congestion(&path.cc, path.in_flight, false, (aksu_time)(t * 1e9));
    for (int i = 0; i < 40; i++) {
        struct cc_ack ack = ack_at(t += 0.004, path.smss);
        ack.recovering = true;
        ack.round = i % 10 == 9;
        ack.lost = i % 10 == 0 ? 100000 : 0;
        ack.delivery_rate = 1000000;
        cc_bbr.on_ack(&path.cc, &ack);
    }
    struct bbr b = model();
    assert_true(b.bw_shortterm < bbr_max_bw(&b) / 2 && path.cc.cwnd < before / 2);
    cc_bbr.undo(&path.cc, (aksu_time)(t * 1e9));
    b = model();
    assert_true(b.bw_shortterm == BBR_NO_RATE && b.inflight_shortterm == BBR_NO_LIMIT);
    assert_true(path.cc.cwnd >= before);

    /* Startup that was left for nothing goes on */
    begin(1000 * MBIT, 0.04, 2);
    bottleneck_run(&path, 0.2);
    assert_int_equal(model().phase, BBR_STARTUP);
    t = path.now;
    cc_bbr.on_congestion(&path.cc, path.in_flight, false, (aksu_time)(t * 1e9));
    for (int i = 0; i < 30 && model().phase == BBR_STARTUP; i++) {
        struct cc_ack ack = ack_at(t += 0.004, path.smss);
        ack.recovering = true;
        ack.round = i % 10 == 9;
        ack.lost = 10 * path.smss;
        cc_bbr.on_ack(&path.cc, &ack);
    }
    assert_int_not_equal(model().phase, BBR_STARTUP);
    cc_bbr.undo(&path.cc, (aksu_time)(t * 1e9));
    assert_int_equal(model().phase, BBR_STARTUP);
    assert_true(model().inflight_longterm == BBR_NO_LIMIT && !model().full_bw_reached);
}

/* BBR 3.7: CE is congestion. In Startup it ends it, later it lowers the bounds of a round. */
static void ce_is_congestion(void **state)
{
    (void)state;
    begin(1000 * MBIT, 0.04, 2);
    bottleneck_run(&path, 0.2);
    cc_bbr.on_congestion(&path.cc, path.in_flight, true, (aksu_time)(path.now * 1e9));
    bottleneck_run(&path, 0.04);
    assert_int_not_equal(model().phase, BBR_STARTUP);
    assert_true(model().inflight_longterm != BBR_NO_LIMIT);

    begin(100 * MBIT, 0.04, 2);
    bottleneck_run(&path, 2);
    cc_bbr.on_congestion(&path.cc, path.in_flight, true, (aksu_time)(path.now * 1e9));
    bottleneck_run(&path, 0.1);
    assert_true(model().inflight_shortterm != BBR_NO_LIMIT);
}

/* BBR 5.4.1: after idleness at the known rate, without a probe that only idleness made due. */
static void idleness(void **state)
{
    (void)state;
    begin(100 * MBIT, 0.04, 2);
    bottleneck_run(&path, 4);
    uint32_t cwnd = path.cc.cwnd;
    double idle = 60;
    cc_bbr.after_idle(&path.cc, (aksu_time)(idle * 1e9), (aksu_time)((path.now + idle) * 1e9));
    double paced = (double)path.cc.pacing_rate / path.rate;
    assert_true(path.cc.cwnd >= cwnd && paced > 0.95 && paced < 1.01);
    struct cc_ack ack = ack_at(path.now + idle + 0.04, path.smss);
    cc_bbr.on_ack(&path.cc, &ack);
    assert_int_not_equal(model().phase, BBR_PROBE_RTT);
}

static struct cc fresh(uint32_t smss)
{
    struct cc c = { .ops = &cc_bbr, .smss = smss, .initial_window = 10 * smss, .cwnd = 10 * smss,
                    .ssthresh = UINT32_MAX };
    cc_bbr.init(&c, SECONDS(1));
    return c;
}

/* From 1 kbit/s to 100 Gbit/s and from 10 us to 10 s: cwnd is the BDP times a gain (0.5 in
 * ProbeRTT, 2 else) as far as a window can be, the rate that of the path. */
static void extremes(void **state)
{
    static const uint64_t rate[] = { 125, 12500, 1250000, 125000000, 12500000000 };
    static const uint32_t rtt[] = { 10, 1000, 100000, 10000000 };
    static const uint32_t smss[] = { 48, 1448, 9000 };
    (void)state;
    for (unsigned i = 0; i < 5 * 4 * 3; i++) {
        uint64_t r = rate[i % 5];
        uint32_t us = rtt[i / 5 % 4], mss = smss[i / 20];
        struct cc c = fresh(mss);
        uint64_t bdp = r * us / 1000000;
        uint32_t flight = bdp < 1 << 29 ? (uint32_t)bdp : 1 << 29;
        aksu_time now = SECONDS(1);
        for (int n = 0; n < 400; n++) {
            struct cc_ack a = { .now = now += US(us) / 4, .acked = flight / 4, .in_flight = flight,
                                .rtt_us = us, .srtt_us = us, .min_rtt_us = us, .delivery_rate = r,
                                .round = n % 4 == 3 };
            cc_bbr.on_ack(&c, &a);
            assert_true(c.cwnd >= 4 * mss && c.cwnd <= 1u << 30 && c.pacing_rate >= mss);
        }
        if (flight >= 1 << 20 && flight < 1 << 28)
            assert_true(c.cwnd > flight / 100 * 49 && c.cwnd < flight * 3 + 200000);
        if (r > 100 * mss)
            assert_in_range(c.pacing_rate, r / 2 - r / 100, r * 3);
    }
}

/* An owner that says anything at all in any order. */
static void anything(void **state)
{
    uint64_t seed = 7;
    (void)state;
    for (int run = 0; run < 200; run++) {
        struct cc c = fresh(1 + chance_below(&seed, 9000));
        aksu_time now = chance64(&seed) >> (1 + chance_below(&seed, 40));
        uint32_t width = 1 + chance_below(&seed, 31);
        for (int n = 0; n < 500; n++) {
            uint32_t lot = chance(&seed);
            now += chance64(&seed) >> (20 + chance_below(&seed, 40));
            struct cc_ack a = { .now = now, .acked = chance(&seed) >> width,
                                .lost = lot % 8 == 0 ? chance(&seed) >> width : 0,
                                .in_flight = chance(&seed) >> width,
                                .rtt_us = lot % 3 ? chance(&seed) >> width : 0,
                                .srtt_us = chance(&seed) >> width,
                                .delivery_rate = chance64(&seed) >> (width * 2),
                                .rate_app_limited = lot >> 8 & 1, .round = lot >> 9 & 1,
                                .app_limited = lot >> 10 & 1, .recovering = lot >> 11 & 1 };
            cc_bbr.on_ack(&c, &a);
            assert_true(c.cwnd >= 4 * c.smss && c.pacing_rate >= c.smss);
            if ((lot >> 16) % 16 == 0)
                cc_bbr.on_rto(&c, chance(&seed) >> width, false, now);
            if ((lot >> 16) % 16 == 1)
                cc_bbr.on_congestion(&c, chance(&seed) >> width, lot >> 20 & 1, now);
            if ((lot >> 16) % 16 == 2)
                cc_bbr.undo(&c, now);
            if ((lot >> 16) % 16 == 3)
                cc_bbr.after_idle(&c, now / 2, now);
            if ((lot >> 16) % 16 == 4)
                cc_bbr.on_recovered(&c, now);
            assert_true(c.cwnd >= c.smss && c.cwnd <= 1u << 31);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(startup_ends_at_the_plateau),
        cmocka_unit_test(the_rate_is_that_of_the_bottleneck),
        cmocka_unit_test(the_rtt_is_probed),
        cmocka_unit_test(a_longer_path_is_noticed),
        cmocka_unit_test(an_application_at_its_pace_tells_nothing),
        cmocka_unit_test(loss_bounds_what_is_in_flight),
        cmocka_unit_test(random_loss),
        cmocka_unit_test(startup_ends_by_loss),
        cmocka_unit_test(rates_are_followed),
        cmocka_unit_test(probes_are_spread),
        cmocka_unit_test(recovery_is_its_own),
        cmocka_unit_test(spurious_recovery_is_undone),
        cmocka_unit_test(ce_is_congestion),
        cmocka_unit_test(idleness),
        cmocka_unit_test(extremes),
        cmocka_unit_test(anything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
