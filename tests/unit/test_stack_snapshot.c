/* test_stack_snapshot.c - a stack copied out and put back: what follows is the same again, frame by
 * frame, and what must stay of the stack stays. */
#include <stdlib.h>

#include "stack_help.h"

#include "ao_help.h"

#include "aksu/snapshot.h"
#include "stack/stack.h"

enum { TEXT = 90000, FRAMES_MOST = 4000 };

struct copy {
    void *octets;
    size_t size;
};

static struct copy copy_of(const struct aksu *net)
{
    struct copy c = { .size = aksu_snapshot_size(net) };
    c.octets = malloc(c.size + 1);
    assert_non_null(c.octets);
    /* at an odd address */
    assert_int_equal(aksu_snapshot(net, (uint8_t *)c.octets + 1, c.size), AKSU_OK);
    return c;
}

static enum aksu_status put_back(struct aksu *net, const struct copy *c)
{
    return aksu_restore(net, (uint8_t *)c->octets + 1, c->size);
}

/* Both ends of a connection over a link that loses some frames, and what they say. */
struct talk {
    struct two w;
    aksu_listener l;
    aksu_conn conn[2];
    uint32_t sent, received, frames;
    bool shut, over;
    uint64_t said;              /* of all frames so far */
};

static void note(struct talk *k, const struct aksu_frame *f, unsigned side)
{
    uint64_t h = k->said ^ (k->w.now * 2 + side);
    for (uint32_t i = 0; i < f->parts; i++)
        for (size_t j = 0; j < f->part[i].length; j++)
            h = (h ^ f->part[i].data[j]) * 0x100000001b3u;
    k->said = h;
    k->frames++;
}

static bool carry(struct talk *k, unsigned side)
{
    struct aksu_frame f;
    if (!take_frame(&k->w, side, &f))
        return false;
    note(k, &f, side);
    if (k->frames % 7 == 5)
        return true;            /* it is lost */
    struct aksu_frame in = { .parts = f.parts, .length = f.length };
    memcpy(in.part, f.part, sizeof in.part);
    aksu_frame_in(k->w.net[!side], k->w.pair.device[!side], &in, k->w.now);
    return true;
}

static void talk(struct talk *k)
{
    uint8_t text[1000];
    struct aksu_info info;
    if (k->sent < TEXT && aksu_status(k->w.net[0], k->conn[0], &info) == AKSU_OK
        && info.state >= AKSU_TCP_ESTABLISHED) {
        for (unsigned i = 0; i < sizeof text; i++)
            text[i] = (uint8_t)(k->sent + i);
        ptrdiff_t n = aksu_send(k->w.net[0], k->conn[0], text, sizeof text, 0, k->w.now);
        k->sent += n > 0 ? (uint32_t)n : 0;
    } else if (k->sent >= TEXT && !k->shut) {
        k->shut = aksu_close(k->w.net[0], k->conn[0], k->w.now) == AKSU_OK;
    }
    if (k->conn[1].index == 0)
        (void)aksu_accept(k->w.net[1], k->l, &k->conn[1], k->w.now);
    ptrdiff_t n = aksu_receive(k->w.net[1], k->conn[1], text, sizeof text, k->w.now);
    for (ptrdiff_t i = 0; i < n; i++)
        assert_int_equal(text[i], (uint8_t)(k->received++));
    if (n == 0 && k->conn[1].index != 0) {
        k->over = true;
        assert_int_equal(aksu_close(k->w.net[1], k->conn[1], k->w.now), AKSU_OK);
        k->conn[1] = (aksu_conn){ 0, 0 };
    }
}

/* One frame in either direction, or time. */
static void step(struct talk *k)
{
    if (!k->over || k->conn[1].index != 0)
        talk(k);
    if (carry(k, 0) || carry(k, 1))
        return;
    aksu_time a = aksu_next_timeout(k->w.net[0]), b = aksu_next_timeout(k->w.net[1]);
    aksu_time next = a < b ? a : b;
    if (next != AKSU_NEVER && next > k->w.now)
        k->w.now = next;
    aksu_timeouts(k->w.net[0], k->w.now);
    aksu_timeouts(k->w.net[1], k->w.now);
}

static void begin(struct talk *k)
{
    struct aksu_config small = { .memory_limit = 1 << 20, .max_connections = 16 };
    memset(k, 0, sizeof *k);
    two_init(&k->w, &(struct link_options){ .config = { small, small } });
    k->l = listen_on(&k->w, 1, 80, false);
    k->conn[0] = open_to(&k->w, 80);
}

static bool quiet(const struct talk *k)
{
    return aksu_next_timeout(k->w.net[0]) == AKSU_NEVER
        && aksu_next_timeout(k->w.net[1]) == AKSU_NEVER;
}

static uint32_t to_the_end(struct talk *k)
{
    uint32_t steps = 0;
    for (; !(k->over && quiet(k)) && steps < FRAMES_MOST; steps++)
        step(k);
    assert_true(steps < FRAMES_MOST);
    assert_int_equal(k->received, TEXT);
    return steps;
}

static void any_moment_comes_again(void **state)
{
    (void)state;
    struct talk k;
    begin(&k);
    uint32_t steps = to_the_end(&k);
    uint64_t said = k.said;
    two_fini(&k.w);
    assert_true(steps > 60);
    for (uint32_t at = 0; at < steps; at += 1 + steps / 40) {
        begin(&k);
        for (uint32_t i = 0; i < at; i++)
            step(&k);
        struct talk then = k;
        struct copy copy[2] = { copy_of(k.w.net[0]), copy_of(k.w.net[1]) };
        for (unsigned turn = 0; turn < 2; turn++) {
            assert_int_equal(to_the_end(&k), steps - at);
            assert_true(k.said == said);
            k = then;
            for (unsigned i = 0; i < 2; i++)
                assert_int_equal(put_back(k.w.net[i], &copy[i]), AKSU_OK);
        }
        free(copy[0].octets);
        free(copy[1].octets);
        two_fini(&k.w);
    }
}

static void counters_and_digest_come_back(void **state)
{
    (void)state;
    struct talk k;
    struct aksu_counters before, after;
    uint64_t was[2], is[2], again[2];
    memset(&before, 0, sizeof before);          /* what is between the fields */
    memset(&after, 0, sizeof after);
    begin(&k);
    for (unsigned i = 0; i < 30; i++)
        step(&k);
    struct copy c = copy_of(k.w.net[0]);
    aksu_counters(k.w.net[0], &before);
    aksu_snapshot_digest(k.w.net[0], was);
    for (unsigned i = 0; i < 30; i++)
        step(&k);
    aksu_snapshot_digest(k.w.net[0], is);
    assert_true(was[0] != is[0] && was[1] != is[1]);
    assert_int_equal(put_back(k.w.net[0], &c), AKSU_OK);
    aksu_counters(k.w.net[0], &after);
    aksu_snapshot_digest(k.w.net[0], again);
    assert_memory_equal(&before, &after, sizeof before);
    assert_memory_equal(was, again, sizeof was);
    free(c.octets);
    two_fini(&k.w);
}

/* A segment that is dropped without an answer is counted, and changes nothing else. */
static void the_digest_leaves_counters_out(void **state)
{
    (void)state;
    struct two w;
    uint64_t was[2], is[2];
    two_init(&w, NULL);
    aksu_snapshot_digest(w.net[0], was);
    uint64_t counted_before = counted(w.net[0], AKSU_EV_frame_dropped);
    uint8_t rubbish[20] = { 0x45 };
    aksu_frame_in(w.net[0], w.pair.device[0],
                  &(struct aksu_frame){ .parts = 1, .length = sizeof rubbish,
                      .part = { { rubbish, sizeof rubbish } } }, w.now);
    assert_int_equal(counted(w.net[0], AKSU_EV_frame_dropped), counted_before + 1);
    aksu_snapshot_digest(w.net[0], is);
    assert_memory_equal(was, is, sizeof was);
    aksu_listener l = listen_on(&w, 0, 80, false);
    aksu_snapshot_digest(w.net[0], is);
    assert_memory_not_equal(was, is, sizeof was);
    (void)l;
    two_fini(&w);
}

/* Of every slab there are objects; what lies behind the last page was never used, and is not in the
 * digest. */
static void the_digest_ends_where_memory_does(void **state)
{
    (void)state;
    struct two w;
    aksu_conn pair[2];
    aksu_ao_key key[2];
    uint64_t was[2], is[2];
    ao_two(&w, NULL, AKSU_AO_SHA1, key);
    connect_pair(&w, listen_on(&w, SERVER, 80, false), 80, pair);
    assert_int_equal(aksu_send(w.net[0], pair[0], "text", 4, 0, w.now), 4);
    for (uint8_t i = 0; i < 20; i++) {
        struct aksu_mkt more = ao_mkt(CLIENT, AKSU_AO_SHA1, (uint8_t)(100 + i), (uint8_t)(200 + i));
        (void)ao_give(w.net[0], &more);
    }
    struct pool *pool = &w.net[0]->pool;
    aksu_snapshot_digest(w.net[0], was);
    for (page_ref page = pool->fresh + 1; page < pool->fresh + 40; page++)
        memset(pool_page(pool, page), 0x5a, POOL_PAGE);
    aksu_snapshot_digest(w.net[0], is);
    assert_memory_equal(was, is, sizeof was);
    two_fini(&w);
}

struct heard {
    struct aksu_sink sink;
    uint64_t events;
};

static void hear(struct aksu_sink *sink, const struct aksu_event *event)
{
    (void)event;
    ((struct heard *)(void *)sink)->events++;
}

static void what_is_refused(void **state)
{
    (void)state;
    struct heard heard = { .sink = { hear } };
    struct link_options o = { .config = { { .memory_limit = 1 << 20, .sink = &heard.sink } } };
    struct two w;
    two_init(&w, &o);
    struct copy c = copy_of(w.net[0]);
    assert_int_equal(aksu_snapshot(w.net[0], c.octets, c.size - 1), AKSU_NO_RESOURCES);
    assert_int_equal(aksu_restore(w.net[1], (uint8_t *)c.octets + 1, c.size), AKSU_INVALID);
    uint64_t before[2], after[2];
    aksu_snapshot_digest(w.net[0], before);
    assert_int_equal(aksu_restore(w.net[0], (uint8_t *)c.octets + 1, c.size - 1), AKSU_INVALID);
    assert_int_equal(aksu_restore(w.net[0], c.octets, c.size), AKSU_INVALID);
    assert_int_equal(aksu_restore(w.net[0], (uint8_t *)c.octets + 1, 3), AKSU_INVALID);
    aksu_snapshot_digest(w.net[0], after);
    assert_memory_equal(before, after, sizeof before);
    assert_int_equal(put_back(w.net[0], &c), AKSU_OK);
    uint64_t events = heard.events;     /* the sink is still there */
    (void)listen_on(&w, 0, 80, false);
    assert_true(heard.events > events);
    free(c.octets);
    two_fini(&w);
}

/* What was given back since is there again, and a small stack is small. */
static void size_follows_use(void **state)
{
    (void)state;
    static uint8_t text[100000];
    struct aksu_config small = { .memory_limit = 1 << 20, .max_connections = 16 };
    struct two w;
    aksu_conn pair[2];
    two_init(&w, &(struct link_options){ .config = { small, small } });
    size_t empty = aksu_snapshot_size(w.net[0]);
    assert_true(empty < 80000);
    struct copy c = copy_of(w.net[0]);
    connect_pair(&w, listen_on(&w, SERVER, 80, false), 80, pair);
    assert_true(aksu_send(w.net[0], pair[0], text, sizeof text, 0, w.now) > 50000);
    assert_true(aksu_snapshot_size(w.net[0]) > empty + 50000);
    assert_int_equal(put_back(w.net[0], &c), AKSU_OK);
    assert_int_equal(aksu_snapshot_size(w.net[0]), empty);
    struct aksu_info info;
    assert_int_equal(aksu_status(w.net[0], pair[0], &info), AKSU_DOES_NOT_EXIST);
    free(c.octets);
    two_fini(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_moment_comes_again),
        cmocka_unit_test(counters_and_digest_come_back),
        cmocka_unit_test(the_digest_leaves_counters_out),
        cmocka_unit_test(the_digest_ends_where_memory_does),
        cmocka_unit_test(what_is_refused),
        cmocka_unit_test(size_follows_use),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
