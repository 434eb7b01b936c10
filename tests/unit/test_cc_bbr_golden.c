/* test_cc_bbr_golden.c - BBR alone over twenty seconds, as tests/golden/cwnd_bbr.txt keeps it and
 * tools/cc-plot draws it: what it allows in flight, what is in flight, and how fast it paces, with
 * the name of the phase. AKSU_GOLDEN=write writes the file. */
#include "help.h"

#include <stdio.h>

#include "bottleneck.h"
#include "event_feed.h"
#include "tcp/cc_bbr.h"

enum { HOLDS = 100, SECONDS_RUN = 20, POINTS_MOST = 2000, EVERY_MS = 50 };
#define RTT 0.1

static const char *const names[] = { "startup", "drain", "down", "cruise", "refill", "up",
                                     "probe_rtt" };

static struct kept_text kept;
static struct bottleneck path;
static struct {
    double at, cwnd, in_flight, rate;
    unsigned phase;
} seen[POINTS_MOST];
static unsigned points;

__attribute__((format(printf, 1, 2)))
static void line(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    size_t room = sizeof kept.text - kept.length;
    int n = vsnprintf(kept.text + kept.length, room, format, list);
    va_end(list);
    assert_true(n > 0 && (size_t)n < room);
    kept.length += (size_t)n;
}

static void watch(struct bottleneck *p, const struct cc_ack *ack)
{
    struct bbr b;
    memcpy(&b, p->cc.state, sizeof b);
    double at = p->now - p->began, smss = p->smss;
    if (points > 0 && seen[points - 1].phase == b.phase
        && at < seen[points - 1].at + EVERY_MS / 1000.0)
        return;
    assert_true(points < POINTS_MOST);
    seen[points].at = at;
    seen[points].phase = b.phase;
    seen[points].cwnd = p->cc.cwnd / smss;
    seen[points].in_flight = ack->in_flight / smss;
    seen[points++].rate = (double)p->cc.pacing_rate * RTT / smss;
}

static void panel(const char *title, const char *unit, size_t which)
{
    line("panel %s\nrtt_ms %d\nunit %s\none %d\nholds 0.000 %d\n", title, (int)(RTT * 1000), unit,
         HOLDS, HOLDS);
    for (unsigned i = 0; i < points; i++) {
        const double value[] = { seen[i].cwnd, seen[i].in_flight, seen[i].rate };
        line("%s %.3f %.1f\n", names[seen[i].phase], seen[i].at, value[which]);
    }
}

static void bbr_is_what_was_drawn(void **state)
{
    (void)state;
    bottleneck_init(&path, &cc_bbr, HOLDS * 1448 / RTT, RTT, 3 * HOLDS * 1448);
    path.watch = watch;
    bottleneck_run(&path, SECONDS_RUN);
    line("# bbr: phase, seconds, value; made by tests/unit/test_cc_bbr_golden.c\n");
    panel("What may be in flight. The path holds 100 segments and three times that in its buffer.",
          "cwnd, segments", 0);
    panel("What is in flight: every five seconds half of what the path holds, to see its length.",
          "in flight, segments", 1);
    panel("How fast it is sent: the bottleneck takes 100 segments in a round trip.",
          "pacing, segments per RTT", 2);
    assert_true(golden_is("cwnd_bbr", &kept));
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(bbr_is_what_was_drawn) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
