/* test_cc_golden.c - cwnd over time of each congestion control alone, as
 * tests/golden/cwnd_NAME.txt keeps it and tools/cc-plot draws it: a change of behaviour is a
 * readable diff. A panel is a path of a constant round-trip time that holds so many segments;
 * what is more is lost. AKSU_GOLDEN=write writes the files. */
#include "help.h"

#include <stdio.h>

#include "cc_help.h"
#include "event_feed.h"

enum { SMSS = 1448 };

struct incident {
    unsigned at_ms;
    enum what { NOTHING, LOSS, TIMEOUT, MARK, HOLDS } what;
    uint32_t segments;          /* HOLDS: from now on */
};

struct panel {
    const char *title;
    uint32_t rtt_us, holds, until_ms;
    struct incident incidents[4];
};

static struct kept_text kept;

static const struct panel reno_panels[] = {
    { "The path holds 100 segments; what is more is lost.", 100000, 100, 30000,
      { { 0, NOTHING, 0 } } },
    { "The path holds 100 segments. A timeout at 8 s, an ECN mark at 17.5 s.", 100000, 100, 30000,
      { { 8000, TIMEOUT, 0 }, { 17500, MARK, 0 }, { 0, NOTHING, 0 } } },
};

static const struct panel cubic_panels[] = {
    { "The path holds 1000 segments, from 40 s on 600: fast convergence.", 100000, 1000, 80000,
      { { 40000, HOLDS, 600 }, { 0, NOTHING, 0 } } },
    { "The path holds 1000 segments. A timeout at 20 s, an ECN mark at 40 s, "
      "room for 2000 from 50 s on.",
      100000, 1000, 70000,
      { { 20000, TIMEOUT, 0 }, { 40000, MARK, 0 }, { 50000, HOLDS, 2000 }, { 0, NOTHING, 0 } } },
    { "A short path, 10 ms, that holds 60 segments: Reno-friendly.", 10000, 60, 3000,
      { { 0, NOTHING, 0 } } },
};

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

/* "3.20 1034.25": seconds, segments. */
static void say(const struct flow *f, aksu_time begin, const char *what)
{
    uint64_t ms = (f->now - begin + US(500)) / MS(1);
    uint64_t hundredths = (uint64_t)f->cc.cwnd * 100 / SMSS;
    line("%s%s%llu.%03llu %llu.%02llu\n", what, *what ? " " : "",
         (unsigned long long)ms / 1000, (unsigned long long)ms % 1000,
         (unsigned long long)hundredths / 100, (unsigned long long)hundredths % 100);
}

/* The points in between are said by the caller, once per round trip. */
static void suffer(struct flow *f, aksu_time begin, int what)
{
    const struct cc_ops *ops = f->cc.ops;
    if (what == LOSS) {
        say(f, begin, "loss");
        flow_lose(f);
        say(f, begin, "recovered");
    } else if (what == MARK) {
        say(f, begin, "mark");
        ops->on_congestion(&f->cc, f->cc.cwnd, true, f->now);
        say(f, begin, "recovered");
    } else {
        say(f, begin, "timeout");
        ops->on_rto(&f->cc, f->cc.cwnd, false, f->now);
        say(f, begin, "restarted");
    }
}

static void draw(const struct cc_ops *ops, const struct panel *p)
{
    struct flow f;
    flow_begin(&f, ops, SMSS, p->rtt_us);
    const struct incident *next = p->incidents;
    uint32_t holds = p->holds;
    aksu_time begin = f.now;
    line("panel %s\nrtt_ms %u\nholds 0.000 %u\n", p->title, p->rtt_us / 1000, holds);
    say(&f, begin, "");
    while (f.now < begin + MS((aksu_time)p->until_ms)) {
        bool slow = f.cc.cwnd < f.cc.ssthresh;
        flow_round(&f);
        say(&f, begin, slow && f.cc.cwnd >= f.cc.ssthresh ? "avoidance" : "");
        if (next->what != NOTHING && f.now >= begin + MS((aksu_time)next->at_ms)) {
            if (next->what == HOLDS)
                line("holds %u.%03u %u\n", next->at_ms / 1000, next->at_ms % 1000,
                     holds = next->segments);
            else
                suffer(&f, begin, (int)next->what);
            next++;
        } else if (f.cc.cwnd > holds * SMSS) {
            suffer(&f, begin, LOSS);
        }
    }
}

static void golden(const struct cc_ops *ops, const struct panel *panels, size_t count)
{
    char name[64];
    kept.length = 0;
    snprintf(name, sizeof name, "cwnd_%s", ops->name);
    line("# %s: seconds, cwnd in segments of %d octets; made by tests/unit/test_cc_golden.c\n",
         ops->name, SMSS);
    for (size_t i = 0; i < count; i++)
        draw(ops, &panels[i]);
    assert_true(golden_is(name, &kept));
}

static void reno_is_what_was_drawn(void **state)
{
    (void)state;
    golden(&cc_reno, reno_panels, sizeof reno_panels / sizeof reno_panels[0]);
}

static void cubic_is_what_was_drawn(void **state)
{
    (void)state;
    golden(&cc_cubic, cubic_panels, sizeof cubic_panels / sizeof cubic_panels[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reno_is_what_was_drawn),
        cmocka_unit_test(cubic_is_what_was_drawn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
