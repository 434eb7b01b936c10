/* test_acceptance_scale.c - what users of other stacks have missed, where there are many: flows
 * that nobody reads, connections that come and go for minutes, sockets that only lie there. Named
 * after the tests that were asked for; the others are acceptance_... in tests/sim and
 * tests/script. */
#include <stdio.h>

#include "stack_help.h"

static struct aksu_counters counters_of(struct aksu *net)
{
    struct aksu_counters c;
    aksu_counters(net, &c);
    assert_true(c.memory_used <= c.memory_limit && c.memory_most <= c.memory_limit);
    return c;
}

/* --- budget --- */

enum { FLOWS = 256, EACH = 400000, GULP = 20000, ROUNDS = 150 };

/* How often each answer at the limit was said. */
struct answers {
    struct aksu_sink sink;              /* first */
    unsigned window, refused, send, syn;
};

static void hear(struct aksu_sink *sink, const struct aksu_event *e)
{
    struct answers *a = (struct answers *)sink;
    if (e->kind == AKSU_EV_memory) {
        a->window += strstr(e->memory.answer, "window") != NULL;
        a->refused += strstr(e->memory.answer, "refused") != NULL;
        a->send += strstr(e->memory.answer, "SEND") != NULL;
    }
    a->syn += e->kind == AKSU_EV_syn_refused;
}

struct crowd {
    struct answers answers;
    struct two w;
    aksu_listener listener;
    aksu_conn c[FLOWS][2];
    uint32_t sent[FLOWS], got[FLOWS];
    uint64_t idle;                      /* octets of memory before anything was sent */
};

static uint8_t octet_of(unsigned flow, uint32_t at)
{
    return (uint8_t)(at * 31 + at / 251 + flow * 7);
}

static void give(struct crowd *k, unsigned i)
{
    uint8_t text[GULP];
    uint32_t left = EACH - k->sent[i], n = left < GULP ? left : GULP;
    for (uint32_t at = 0; at < n; at++)
        text[at] = octet_of(i, k->sent[i] + at);
    ptrdiff_t took = aksu_send(k->w.net[CLIENT], k->c[i][CLIENT], text, n, 0, k->w.now);
    k->sent[i] += took > 0 ? (uint32_t)took : 0;
}

static void take(struct crowd *k, unsigned i)
{
    uint8_t text[GULP];
    ptrdiff_t n = aksu_receive(k->w.net[SERVER], k->c[i][SERVER], text, GULP, k->w.now);
    for (ptrdiff_t at = 0; at < n; at++)
        assert_int_equal(text[at], octet_of(i, k->got[i] + (uint32_t)at));
    k->got[i] += n > 0 ? (uint32_t)n : 0;
}

static uint64_t sum(const uint32_t n[FLOWS])
{
    uint64_t all = 0;
    for (unsigned i = 0; i < FLOWS; i++)
        all += n[i];
    return all;
}

static void crowd_init(struct crowd *k)
{
    struct link_options o = { .config = { [SERVER].memory_limit = 8 << 20 } };
    *k = (struct crowd){ .answers = { .sink = { hear } } };
    o.config[SERVER].sink = &k->answers.sink;
    two_init(&k->w, &o);
    k->listener = listen_on(&k->w, SERVER, 80, false);
    for (unsigned i = 0; i < FLOWS; i++)
        connect_pair(&k->w, k->listener, 80, k->c[i]);
    k->idle = counters_of(k->w.net[SERVER]).memory_used;
}

/* How many of the server's ends were told that they can send again. */
static unsigned told_writable(struct crowd *k)
{
    struct aksu_ready r;
    unsigned n = 0;
    while (aksu_next_ready(k->w.net[SERVER], &r))
        n += (r.what & AKSU_WRITABLE) != 0;
    return n;
}

/* google/nsjail 300: 256 flows and nobody reads. The budget holds, each answer at the limit is an
 * event, all that was sent stands still; and when somebody reads, all goes on and nothing is
 * missing. */
static void acceptance_budget(void **state)
{
    (void)state;
    static struct crowd k;
    static const uint8_t zeros[GULP];
    crowd_init(&k);
    for (unsigned round = 0; round < 60; round++) {
        for (unsigned i = 0; i < FLOWS; i++) {
            give(&k, i);
            if (round > 40)
                (void)aksu_send(k.w.net[SERVER], k.c[i][SERVER], zeros, GULP, 0, k.w.now);
        }
        wait_for(&k.w, AKSU_MS(200));
        (void)counters_of(k.w.net[SERVER]);
    }
    (void)open_to(&k.w, 80);
    wait_for(&k.w, AKSU_MS(500));
    assert_true(k.answers.refused > 0 && k.answers.send > 0 && k.answers.syn > 0);
    assert_int_equal(counted(k.w.net[SERVER], AKSU_EV_syn_refused), k.answers.syn);
    assert_true(counted(k.w.net[SERVER], AKSU_EV_memory) >= k.answers.refused + k.answers.send);
    const uint64_t stands = sum(k.sent);
    assert_true(stands < (uint64_t)FLOWS * EACH && sum(k.got) == 0);

    (void)told_writable(&k);
    for (unsigned round = 0; sum(k.got) < (uint64_t)FLOWS * EACH; round++) {
        assert_true(round < ROUNDS);
        for (unsigned i = 0; i < FLOWS; i++) {
            uint8_t text[GULP];
            take(&k, i);
            give(&k, i);
            (void)aksu_receive(k.w.net[CLIENT], k.c[i][CLIENT], text, GULP, k.w.now);
        }
        wait_for(&k.w, AKSU_MS(100));
        (void)counters_of(k.w.net[SERVER]);
    }
    assert_int_equal(told_writable(&k), FLOWS);     /* whom SEND had refused */
    assert_true(k.answers.window > 0);      /* of those that were read while memory was short */
    for (unsigned i = 0; i < FLOWS; i++)
        assert_int_equal(state_of(k.w.net[SERVER], k.c[i][SERVER]), AKSU_TCP_ESTABLISHED);
    wait_for(&k.w, AKSU_SECONDS(10));               /* the SYN that was not answered comes again */
    assert_true(counters_of(k.w.net[SERVER]).memory_used <= k.idle + 64 * 1024);
    assert_int_equal(counters_of(k.w.net[SERVER]).connections, FLOWS + 1);
    two_fini(&k.w);
}

/* --- churn --- */

/* Linux's own range, net.ipv4.ip_local_port_range. */
enum { PORT_FIRST = 32768, PORTS = 28232, MINUTES = 5 };
/* A sanitizer takes its time. */
#if defined(__SANITIZE_ADDRESS__)
#define FASTER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FASTER 1
#endif
#endif
#ifdef FASTER
enum { EVERY_US = 2000 };
#else
enum { EVERY_US = 1000 };
#endif

/* Opened, a request, closed by `first`, and by the other. */
static void comes_and_goes(struct two *w, aksu_listener l, uint64_t number, unsigned first)
{
    aksu_conn c[2];
    char text[8];
    struct aksu_open how = { .remote = { ip_of(w, SERVER), 80 },
                             .local.port = (uint16_t)(PORT_FIRST + number % PORTS) };
    assert_int_equal(aksu_open(w->net[CLIENT], &how, &c[CLIENT], w->now), AKSU_OK);
    move(w);
    assert_int_equal(aksu_accept(w->net[SERVER], l, &c[SERVER], w->now), AKSU_OK);
    assert_int_equal(aksu_send(w->net[CLIENT], c[CLIENT], "hello", 5, 0, w->now), 5);
    move(w);
    assert_int_equal(aksu_receive(w->net[SERVER], c[SERVER], text, 8, w->now), 5);
    for (unsigned i = 0; i < 2; i++) {
        unsigned side = i == 0 ? first : 1 - first;
        assert_int_equal(aksu_close(w->net[side], c[side], w->now), AKSU_OK);
        move(w);
    }
}

/* unikraft/lib-lwip 74, 31, 76: short connections for five minutes, one a millisecond, from as many
 * ports as Linux has: after 28 s each one's predecessor is in TIME-WAIT. None of them has to wait,
 * and there is one record for each pair at most. */
static void churn(unsigned first)
{
    struct two w;
    uint64_t most = 0, made = 0, began = 0;
    two_init(&w, NULL);
    aksu_listener l = listen_on(&w, SERVER, 80, false);
    for (aksu_time at = 0; at < AKSU_SECONDS(60 * MINUTES); at += AKSU_US(EVERY_US)) {
        const aksu_time before = w.now;
        comes_and_goes(&w, l, made, first);
        assert_true(w.now == before);               /* nobody had to wait */
        made++;
        w.now += AKSU_US(EVERY_US);
        for (unsigned i = 0; i < 2; i++)
            if (aksu_next_timeout(w.net[i]) <= w.now)
                aksu_timeouts(w.net[i], w.now);
        move(&w);
        struct aksu_counters c = counters_of(w.net[first]);
        most = c.time_wait > most ? c.time_wait : most;
        if (at == AKSU_SECONDS(90))
            began = c.memory_used;
        assert_true(at < AKSU_SECONDS(90) || c.memory_used <= began + began / 8);
        assert_int_equal(c.connections, 0);
    }
    assert_int_equal(made, AKSU_SECONDS(60 * MINUTES) / AKSU_US(EVERY_US));
    assert_int_equal(most, PORTS);
    assert_int_equal(counted(w.net[first], AKSU_EV_time_wait), made);
    assert_int_equal(counters_of(w.net[1 - first]).time_wait, 0);
    assert_int_equal(counted(w.net[SERVER], AKSU_EV_syn_refused), 0);
    assert_int_equal(counted(w.net[CLIENT], AKSU_EV_retransmit), 0);
    two_fini(&w);
}

static void acceptance_churn(void **state)              /* RFC 6191 2, RFC 9293 3.6.1 */
{
    (void)state;
    churn(SERVER);
    churn(CLIENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(acceptance_budget),
        cmocka_unit_test(acceptance_churn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
