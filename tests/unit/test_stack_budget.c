/* test_stack_budget.c - one region, and what happens at its end: sizes, limits, and that nothing
 * is lost when the reader is slow. */
#include "stack_help.h"

#include "stack/stack.h"

static struct aksu_counters counters_of(struct aksu *net)
{
    struct aksu_counters c;
    aksu_counters(net, &c);
    assert_true(c.memory_used <= c.memory_limit && c.memory_most <= c.memory_limit);
    return c;
}

static void a_region_of_the_callers(void **state)
{
    (void)state;
    enum { SIZE = 1 << 20 };
    uint8_t *memory = malloc(SIZE + 200);
    assert_non_null(memory);
    for (size_t skip = 0; skip < 100; skip += 33) {
        memset(memory, 0xaa, SIZE + 200);
        struct aksu_config config = { .memory = memory + skip, .memory_limit = SIZE };
        struct aksu *net = aksu_new(&config, 5);
        assert_non_null(net);
        assert_true((uint8_t *)net >= memory + skip);
        struct aksu_counters c = counters_of(net);
        assert_true(c.memory_limit <= SIZE && c.memory_limit > SIZE - 64);
        assert_true(c.memory_used < 256 << 10);
        size_t touched = 0;
        for (size_t i = 0; i < SIZE + 200; i++)
            touched += memory[i] != 0xaa;
        assert_true(touched <= c.memory_used); /* the pool is not touched before it is used */
        for (size_t i = 0; i < skip; i++)
            assert_int_equal(memory[i], 0xaa);
        for (size_t i = skip + SIZE; i < SIZE + 200; i++)
            assert_int_equal(memory[i], 0xaa);
        aksu_free(net);
    }
    free(memory);
}

static void too_little_memory(void **state)
{
    (void)state;
    assert_null(aksu_new(&(struct aksu_config){ .memory_limit = 1 }, 0));
    assert_null(aksu_new(&(struct aksu_config){ .memory_limit = (256 << 10) - 1 }, 0));
    struct aksu *net = aksu_new(&(struct aksu_config){ .memory_limit = 256 << 10 }, 0);
    assert_non_null(net);
    assert_true(counters_of(net).memory_used < 128 << 10);
    aksu_free(net);
    aksu_free(NULL);
    net = aksu_new(NULL, 0);
    assert_int_equal(counters_of(net).memory_limit, 64 << 20);
    aksu_free(net);
}

static void idle_connections_are_small(void **state)
{
    (void)state;
    struct two w;
    aksu_conn c[2];
    enum { N = 800 };
    two_init(&w, NULL);
    aksu_listener l = listen_on(&w, SERVER, 80, false);
    uint64_t before[2] = { counters_of(w.net[0]).memory_used, counters_of(w.net[1]).memory_used };
    static aksu_conn all[N][2];
    for (unsigned i = 0; i < N; i++) {
        char text[100] = "";
        connect_pair(&w, l, 80, c);
        memcpy(all[i], c, sizeof c);
        assert_int_equal(aksu_send(w.net[0], c[0], text, sizeof text, 0, w.now), sizeof text);
        move(&w);
        assert_int_equal(aksu_receive(w.net[1], c[1], text, sizeof text, w.now), sizeof text);
    }
    wait_for(&w, AKSU_SECONDS(1));
    for (unsigned i = 0; i < 2; i++)
        assert_true(counters_of(w.net[i]).memory_used - before[i] <= N * 512);
    for (unsigned i = 0; i < N; i++)
        aksu_close(w.net[0], all[i][0], w.now);
    move(&w);
    for (unsigned i = 0; i < N; i++)
        aksu_close(w.net[1], all[i][1], w.now);
    move(&w);
    assert_int_equal(counters_of(w.net[0]).time_wait, N);
    assert_true(counters_of(w.net[0]).memory_used - before[0] <= (N + 63) / 64 * 64 * 64);
    assert_int_equal(counters_of(w.net[1]).memory_used, before[1]);
    two_fini(&w);
}

static void connections_are_limited(void **state)
{
    (void)state;
    struct two w;
    aksu_conn c;
    struct aksu_open how = { .remote = { ip_text("10.0.0.2"), 80 } };
    struct link_options few = { .config = { { .max_connections = 10 }, { .max_connections = 5,
                                    .syn_cookies = AKSU_SYN_COOKIES_NEVER } } };
    two_init(&w, &few);
    listen_on(&w, SERVER, 80, false);
    for (unsigned i = 0; i < 10; i++)
        assert_int_equal(aksu_open(w.net[CLIENT], &how, &c, w.now), AKSU_OK);
    assert_int_equal(aksu_open(w.net[CLIENT], &how, &c, w.now), AKSU_NO_RESOURCES);
    move(&w);
    assert_int_equal(counters_of(w.net[SERVER]).connections, 5);
    assert_int_equal(counted(w.net[SERVER], AKSU_EV_syn_refused), 5);
    two_fini(&w);
}

/* 0: this process may not have so large a region. */
static uint64_t tables_of(uint32_t connections)
{
    struct aksu_config config = { .memory_limit = (size_t)4 << 30, .max_connections = connections,
                                  .max_time_wait = 1 };
    struct aksu *net = aksu_new(&config, 0);
    uint64_t used = net != NULL ? counters_of(net).memory_used : 0;
    aksu_free(net);
    return used;
}

/* By default 2^20 at most, and more by request: the table has two heads of four octets for each. */
static void as_many_connections_as_memory_holds(void **state)
{
    (void)state;
    uint64_t usual = tables_of(0), more = 3 << 20;
    if (usual == 0)
        skip();
    assert_true(usual == tables_of(1 << 20));
    assert_true(tables_of(4 << 20) > usual + 2 * 4 * (more - more / 16));
    assert_true(tables_of(UINT32_MAX) < usual + (128 << 20));       /* 2^23 of 512 octets fit */
}

/* More senders than the receiver's memory can hold, and a reader who comes late. */
static void nothing_is_lost_when_memory_ends(void **state)
{
    (void)state;
    enum { N = 40, EACH = 60000 };
    struct two w;
    static aksu_conn c[N][2];
    static uint8_t text[EACH], got[EACH];
    size_t sent[N] = { 0 }, received[N] = { 0 };
    two_init(&w, &(struct link_options){ .config = { { .memory_limit = 8 << 20 },
                                                     { .memory_limit = 1 << 20 } } });
    aksu_listener l = listen_on(&w, SERVER, 80, false);
    for (size_t i = 0; i < EACH; i++)
        text[i] = (uint8_t)(i * 31 + i / 300);
    for (unsigned i = 0; i < N; i++)
        connect_pair(&w, l, 80, c[i]);
    for (unsigned round = 0; round < 2000; round++) {
        bool all = true;
        for (unsigned i = 0; i < N; i++) {
            ptrdiff_t n = aksu_send(w.net[0], c[i][0], text + sent[i], EACH - sent[i], 0, w.now);
            sent[i] += n > 0 ? (size_t)n : 0;
            n = round < 20 ? 0 : aksu_receive(w.net[1], c[i][1], got, 5000, w.now);
            if (n > 0)
                assert_memory_equal(got, text + received[i], (size_t)n);
            received[i] += n > 0 ? (size_t)n : 0;
            all = all && received[i] == EACH;
        }
        wait_for(&w, AKSU_MS(100));
        (void)counters_of(w.net[1]);
        if (round == 10)                /* full: who comes now is not answered */
            open_to(&w, 80);
        if (all)
            break;
    }
    for (unsigned i = 0; i < N; i++)
        assert_int_equal(received[i], EACH);
    assert_true(counted(w.net[1], AKSU_EV_syn_refused) > 0);
    assert_true(counted(w.net[1], AKSU_EV_memory) > 0);
    assert_true(counters_of(w.net[1]).memory_most >= counters_of(w.net[1]).memory_limit * 3 / 4);
    two_fini(&w);
}

/* The same seed and the same calls: the same frames. */
static uint64_t frames_hash(uint8_t seed)
{
    static const struct sipkey key = { 1, 2 };
    uint64_t hash = 0;
    struct two w;
    struct aksu_frame f;
    two_init(&w, NULL);
    for (unsigned i = 0; i < 2; i++) {
        aksu_free(w.net[i]);
        struct aksu_config config = { .seed = { seed, (uint8_t)i } };
        w.net[i] = w.pair.net[i] = aksu_new(&config, w.now);
        assert_int_equal(aksu_attach(w.net[i], &(struct aksu_device_config){ .mtu = 1500 },
                                     &w.pair.device[i]), AKSU_OK);
        assert_int_equal(
            aksu_address_add(w.net[i], w.pair.device[i], i ? "10.0.0.2/24" : "10.0.0.1/24"),
            AKSU_OK);
    }
    listen_on(&w, SERVER, 80, false);
    for (unsigned i = 0; i < 20; i++) {
        aksu_conn c = open_to(&w, 80);
        for (unsigned turn = 0; turn < 10; turn++) {
            unsigned from = turn & 1;
            while (take_frame(&w, from, &f)) {
                hash = hash * 31 + siphash13(&key, f.part[0].data, f.part[0].length);
                aksu_frame_in(w.net[1 - from], w.pair.device[1 - from], &f, w.now);
            }
        }
        aksu_close(w.net[CLIENT], c, w.now);
        w.now += AKSU_MS(1);
    }
    two_fini(&w);
    return hash;
}

static void the_seed_decides(void **state)
{
    (void)state;
    assert_true(frames_hash(1) == frames_hash(1));
    assert_true(frames_hash(1) != frames_hash(2));
}

static void limits_that_cannot_be(void **state)
{
    (void)state;
    uint8_t region[64];
    assert_null(aksu_new(&(struct aksu_config){ .memory_limit = SIZE_MAX }, 0));
    assert_null(aksu_new(&(struct aksu_config){ .memory = region }, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_region_of_the_callers),
        cmocka_unit_test(too_little_memory),
        cmocka_unit_test(limits_that_cannot_be),
        cmocka_unit_test(idle_connections_are_small),
        cmocka_unit_test(connections_are_limited),
        cmocka_unit_test(as_many_connections_as_memory_holds),
        cmocka_unit_test(nothing_is_lost_when_memory_ends),
        cmocka_unit_test(the_seed_decides),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
