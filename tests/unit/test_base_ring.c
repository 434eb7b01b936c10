/* test_base_ring.c - the byte queue against a flat map of what was written where. */
#include "help.h"

#include "base/ring.h"

enum { MAP = 1 << 23, ONE_TABLE = 1024 * POOL_PAGE };

/* The world counts octets from 0 and never moves them; `front` is the ring's position 0 in it. */
struct model {
    struct pool pool;
    struct ring ring;
    uint8_t *memory, *value;
    bool *known;
    uint64_t front, high, seed;     /* high: the end of what was written beyond the queue */
};

static struct model *model_of(unsigned pages, uint64_t seed)
{
    struct model *m = calloc(1, sizeof *m);
    m->memory = malloc((size_t)(pages + 4) * POOL_PAGE);
    m->value = calloc(MAP, 1);
    m->known = calloc(MAP, sizeof *m->known);
    m->seed = seed;
    assert_true(pool_init(&m->pool, m->memory, (size_t)(pages + 4) * POOL_PAGE));
    return m;
}

static void model_free(struct model *m)
{
    ring_clear(&m->ring, &m->pool);
    assert_int_equal(m->pool.in_use, 0);
    free(m->memory);
    free(m->value);
    free(m->known);
    free(m);
}

static uint32_t beyond(const struct model *m)
{
    return m->high > m->front ? (uint32_t)(m->high - m->front) : 0;
}

static void write_at(struct model *m, uint32_t at, uint32_t length)
{
    uint8_t *text = calloc(1, length + 1);
    chance_fill(&m->seed, text, length);
    uint32_t written = ring_write(&m->ring, &m->pool, at, text, length);
    assert_true(written <= length);
    if (written < length)
        assert_true(pool_left(&m->pool) <= 1);   /* 1: a table page, given back */
    for (uint32_t i = 0; i < written; i++) {
        uint64_t place = (m->front + at + i) % MAP;
        m->value[place] = text[i];
        m->known[place] = true;
    }
    if (written > 0 && m->front + at + written > m->high)
        m->high = m->front + at + written;
    free(text);
}

/* Over what is known to be written behind the end. */
static void extend(struct model *m)
{
    uint32_t run = 0, length = m->ring.length;
    while (m->known[(m->front + length + run) % MAP])
        run++;
    if (run > 0)
        ring_extend(&m->ring, chance_below(&m->seed, 4) == 0 ? chance_below(&m->seed, run) : run);
}

static void check_octets(const struct model *m, uint32_t at, const uint8_t *data, size_t length)
{
    for (size_t i = 0; i < length; i++)
        assert_int_equal(data[i], m->value[(m->front + at + i) % MAP]);
}

static void read_some(struct model *m)
{
    uint32_t at = chance_below(&m->seed, m->ring.length + 1);
    uint32_t length = chance_below(&m->seed, m->ring.length - at + 1);
    uint8_t *copy = malloc(length + 1);
    ring_read(&m->ring, &m->pool, at, copy, length);
    check_octets(m, at, copy, length);
    free(copy);

    struct aksu_slice slice[8];
    unsigned most = chance_below(&m->seed, 9);
    unsigned count = ring_slices(&m->ring, &m->pool, at, length, slice, most);
    uint32_t covered = 0;
    for (unsigned i = 0; i < count; i++) {
        assert_true(slice[i].length > 0);
        check_octets(m, at + covered, slice[i].data, slice[i].length);
        covered += (uint32_t)slice[i].length;
    }
    assert_true(count <= most && (covered == length || (count == most && covered < length)));
}

static void forget(struct model *m, uint64_t from, uint64_t to)
{
    for (; from < to; from++)
        m->known[from % MAP] = false;
}

static void consume(struct model *m, uint32_t length)
{
    uint32_t all = m->ring.length, high = beyond(m);
    uint32_t keep = high > all ? high - length : 0;
    ring_consume(&m->ring, &m->pool, length, keep);
    assert_int_equal(m->ring.length, all - length);
    forget(m, m->front, m->front + length);
    m->front += length;
    if (m->ring.length == 0 && keep == 0) {
        assert_int_equal(m->ring.pages, 0);
        assert_int_equal(m->pool.in_use, 0);
    }
}

static void trim(struct model *m)
{
    uint32_t from = m->ring.length + chance_below(&m->seed, 5000);
    ring_trim(&m->ring, &m->pool, from);
    if (m->front + from < m->high) {
        forget(m, m->front + from, m->high);
        m->high = m->front + from;
    }
    if (from == 0)
        assert_int_equal(m->pool.in_use, 0);
}

static void reserve(struct model *m)
{
    struct aksu_space space[4];
    uint32_t wanted = chance_below(&m->seed, 20000), got = 0;
    unsigned most = 1 + chance_below(&m->seed, 4);
    unsigned count = ring_reserve(&m->ring, &m->pool, wanted, space, most);
    assert_true(count <= most);
    for (unsigned i = 0; i < count; i++) {
        chance_fill(&m->seed, space[i].data, space[i].length);
        for (size_t k = 0; k < space[i].length; k++, got++) {
            uint64_t place = (m->front + m->ring.length + got) % MAP;
            m->value[place] = space[i].data[k];
            m->known[place] = true;
        }
    }
    assert_true(got == wanted || count == most || pool_left(&m->pool) <= 1);
    assert_true(got <= wanted);
    if (m->front + m->ring.length + got > m->high)
        m->high = m->front + m->ring.length + got;
    ring_extend(&m->ring, got);
}

/* No page more than the octets from the front to `high` can stand on, and the table. */
static void check_pages(const struct model *m)
{
    uint32_t high = beyond(m) > m->ring.length ? beyond(m) : m->ring.length;
    uint32_t most = high == 0 ? 0 : (high + 2 * POOL_PAGE - 2) / POOL_PAGE;
    assert_true(m->ring.pages <= most + 1);     /* + 1: a page that a trim cut only in part */
    assert_int_equal(m->pool.in_use, m->ring.pages + m->ring.tables);
}

static void one_step(struct model *m)
{
    switch (chance_below(&m->seed, 16)) {
    case 0: case 1: case 2: case 3: case 4:
        write_at(m, m->ring.length, chance_below(&m->seed, 3000));
        extend(m);
        break;
    case 5: case 6:
        write_at(m, m->ring.length + chance_below(&m->seed, 20000), chance_below(&m->seed, 3000));
        break;
    case 7: case 8:
        read_some(m);
        break;
    case 9:
        reserve(m);
        break;
    case 10: case 11: case 12:
        consume(m, chance_below(&m->seed, m->ring.length + 1));
        break;
    case 13:
        consume(m, m->ring.length);
        break;
    case 14:
        extend(m);
        break;
    case 15:
        trim(m);
        break;
    }
}

static void ring_agrees_with_a_map(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 24; seed++) {
        struct model *m = model_of(seed % 2 ? 60 : 9, seed);
        for (unsigned step = 0; step < 3000; step++) {
            one_step(m);
            check_pages(m);
        }
        assert_true(m->front > 1000000);
        model_free(m);
    }
}

/* One octet always stays, so that the front goes more than once round the circle. */
static void the_front_goes_round(void **state)
{
    (void)state;
    struct model *m = model_of(40, 77);
    while (m->front < 2 * (uint64_t)ONE_TABLE + 12345) {
        write_at(m, m->ring.length, 1 + chance_below(&m->seed, 60000));
        ring_extend(&m->ring, beyond(m) - m->ring.length);
        read_some(m);
        consume(m, m->ring.length - 1);
        check_pages(m);
    }
    model_free(m);
}

static void a_ring_has_an_end(void **state)
{
    (void)state;
    size_t size = (size_t)(RING_MOST / POOL_PAGE + 200) * POOL_PAGE;
    uint8_t *memory = malloc(size + POOL_PAGE), *text = calloc(1, RING_MOST);
    struct pool p;
    struct ring r = { 0 };
    pool_init(&p, memory, size + POOL_PAGE);
    assert_int_equal(ring_write(&r, &p, 0, text, RING_MOST), RING_MOST);
    ring_extend(&r, RING_MOST);
    assert_int_equal(ring_write(&r, &p, RING_MOST, text, 1), 0);
    assert_int_equal(ring_write(&r, &p, RING_MOST - 1, text, 2), 1);
    ring_consume(&r, &p, 100, 0);
    /* the front's own page */
    assert_int_equal(ring_write(&r, &p, RING_MOST - 100, text, 1), 0);
    ring_consume(&r, &p, 4000, 0);
    assert_int_equal(ring_write(&r, &p, RING_MOST - 4100, text, 9000), 4096);
    ring_clear(&r, &p);
    assert_int_equal(p.in_use, 0);
    free(memory);
    free(text);
}

/* --- longer than one table: the octet at each place follows from the place --- */

static uint8_t octet_at(uint64_t place)
{
    return (uint8_t)(place * 31 + (place >> 12) * 17 + (place >> 22) * 101);
}

struct stream {
    struct pool pool;
    struct ring ring;
    uint8_t *memory;
    uint64_t front;
};

static struct stream *stream_of(unsigned pages)
{
    struct stream *s = calloc(1, sizeof *s);
    s->memory = malloc((size_t)(pages + 4) * POOL_PAGE);
    assert_true(pool_init(&s->pool, s->memory, (size_t)(pages + 4) * POOL_PAGE));
    return s;
}

static void stream_free(struct stream *s)
{
    ring_clear(&s->ring, &s->pool);
    assert_int_equal(s->pool.in_use, 0);
    free(s->memory);
    free(s);
}

static uint32_t stream_write(struct stream *s, uint32_t at, uint32_t length)
{
    static uint8_t text[1 << 20];
    uint32_t done = 0, wrote, n;
    do {
        n = length - done < sizeof text ? length - done : (uint32_t)sizeof text;
        for (uint32_t i = 0; i < n; i++)
            text[i] = octet_at(s->front + at + done + i);
        wrote = ring_write(&s->ring, &s->pool, at + done, text, n);
        done += wrote;
    } while (done < length && wrote == n);
    return done;
}

static void stream_check(const struct stream *s, uint32_t at, uint32_t length)
{
    static uint8_t text[1 << 16];
    assert_true(length <= sizeof text);
    ring_read(&s->ring, &s->pool, at, text, length);
    for (uint32_t i = 0; i < length; i++)
        if (text[i] != octet_at(s->front + at + i))
            assert_int_equal(text[i], octet_at(s->front + at + i));
}

static void stream_consume(struct stream *s, uint32_t length, uint32_t keep)
{
    ring_consume(&s->ring, &s->pool, length, keep);
    s->front += length;
    assert_int_equal(s->pool.in_use, s->ring.pages + s->ring.tables);
}

/* Twice round the circle, some text ahead of a hole that is filled later. */
static void a_long_queue(void **state)
{
    (void)state;
    enum { LONG = ONE_TABLE + ONE_TABLE / 2, STEP = 700001, HOLE = 50000 };
    struct stream *s = stream_of(LONG / POOL_PAGE + 600);
    uint64_t seed = 5;
    assert_int_equal(stream_write(s, 0, LONG), LONG);
    ring_extend(&s->ring, LONG);
    while (s->front < 2 * (uint64_t)RING_MOST + 12345) {
        uint32_t end = s->ring.length;
        assert_int_equal(stream_write(s, end + HOLE, STEP - HOLE), STEP - HOLE);
        assert_int_equal(stream_write(s, end, HOLE), HOLE);
        ring_extend(&s->ring, STEP);
        stream_check(s, chance_below(&seed, LONG), 60000);
        stream_check(s, 0, 60000);
        stream_check(s, s->ring.length - 60000, 60000);
        stream_consume(s, STEP, 0);
        assert_true(s->ring.pages <= LONG / POOL_PAGE + 2 && s->ring.tables <= 4);
    }
    stream_consume(s, s->ring.length - 1, 0);
    assert_int_equal(s->ring.tables, 0);                /* short again: cheap again */
    stream_check(s, 0, 1);
    stream_free(s);
}

/* The queue stands over the end of the first circle when it outgrows it. */
static void a_closed_circle_grows(void **state)
{
    (void)state;
    for (uint32_t front = 0; front <= ONE_TABLE; front += ONE_TABLE / 4) {
        struct stream *s = stream_of(3 * 1024 + 64);
        assert_int_equal(stream_write(s, 0, 9000), 9000);       /* with one page it begins anew */
        ring_extend(&s->ring, 9000);
        for (uint32_t moved = 0; moved < front + 77; moved += 5000) {
            assert_int_equal(stream_write(s, s->ring.length, 5000), 5000);
            ring_extend(&s->ring, 5000);
            stream_consume(s, 5000, 0);
        }
        assert_int_equal(stream_write(s, 9000, ONE_TABLE - 15000), ONE_TABLE - 15000);
        ring_extend(&s->ring, ONE_TABLE - 15000);
        assert_int_equal(s->ring.tables, 1);
        assert_int_equal(stream_write(s, s->ring.length, 2 * ONE_TABLE), 2 * ONE_TABLE);
        ring_extend(&s->ring, 2 * ONE_TABLE);
        assert_int_equal(s->pool.in_use, s->ring.pages + s->ring.tables);
        for (uint32_t at = 0; at + 60000 < s->ring.length; at += 60000)
            stream_check(s, at, 60000);
        stream_free(s);
    }
}

/* Far ahead of the front, and taken away again. */
static void text_far_ahead(void **state)
{
    (void)state;
    struct stream *s = stream_of(64);
    assert_int_equal(stream_write(s, 0, 1), 1);
    ring_extend(&s->ring, 1);
    assert_int_equal(stream_write(s, RING_MOST - POOL_PAGE, 10), 10);
    assert_int_equal(stream_write(s, RING_MOST / 2, 10), 10);
    assert_int_equal(s->ring.pages, 3);
    assert_int_equal(s->pool.in_use, s->ring.pages + s->ring.tables);
    ring_trim(&s->ring, &s->pool, RING_MOST / 2 + 10);
    assert_int_equal(s->ring.pages, 2);
    assert_int_equal(s->pool.in_use, s->ring.pages + s->ring.tables);
    ring_trim(&s->ring, &s->pool, 1);
    assert_int_equal(s->pool.in_use, 1);
    stream_check(s, 0, 1);
    assert_int_equal(stream_write(s, RING_MOST / 2, 10), 10);
    stream_free(s);                                     /* all of it */
}

/* However little memory is left, a table that leads nowhere is not kept. */
static void a_long_queue_without_memory(void **state)
{
    (void)state;
    for (unsigned left = 0; left < 6; left++) {
        struct stream *s = stream_of(1100 + 64);
        page_ref taken[1200];
        unsigned count = 0;
        assert_int_equal(stream_write(s, 0, ONE_TABLE), ONE_TABLE);
        ring_extend(&s->ring, ONE_TABLE);
        while (pool_left(&s->pool) > left)
            taken[count++] = pool_take(&s->pool);
        uint32_t wrote = stream_write(s, ONE_TABLE, 5 * POOL_PAGE);
        assert_int_equal(wrote, left < 3 ? 0 : (left - 2) * POOL_PAGE);
        assert_int_equal(s->pool.in_use, s->ring.pages + s->ring.tables + count);
        ring_extend(&s->ring, wrote);
        stream_check(s, s->ring.length - 60000, 60000);
        stream_check(s, 0, 60000);
        while (count > 0)
            pool_give(&s->pool, taken[--count]);
        stream_free(s);
    }
}

static void pages_are_held_only_for_text(void **state)
{
    (void)state;
    struct model *m = model_of(20, 3);
    assert_int_equal(m->pool.in_use, 0);
    write_at(m, 0, 4096);
    ring_extend(&m->ring, 4096);
    assert_int_equal(m->pool.in_use, 1);
    write_at(m, 4096, 1);
    ring_extend(&m->ring, 1);
    assert_int_equal(m->pool.in_use, 3);        /* two and the table */
    consume(m, 4096);
    assert_int_equal(m->pool.in_use, 1);
    write_at(m, 10000, 10);                     /* out of order */
    consume(m, 1);
    assert_int_equal(m->ring.length, 0);
    assert_int_equal(m->pool.in_use, 3);
    ring_trim(&m->ring, &m->pool, 0);
    assert_int_equal(m->pool.in_use, 0);
    model_free(m);
}

static void neighbours_become_one_slice(void **state)
{
    (void)state;
    struct model *m = model_of(20, 3);
    struct aksu_slice slice[4];
    write_at(m, 0, 10);                         /* the table will stand after the first page */
    write_at(m, 10, 16000);
    ring_extend(&m->ring, 16010);
    assert_int_equal(ring_slices(&m->ring, &m->pool, 0, 16010, slice, 4), 2);
    assert_int_equal(slice[0].length, POOL_PAGE);
    assert_int_equal(slice[1].length, 16010 - POOL_PAGE);
    assert_int_equal(ring_slices(&m->ring, &m->pool, 100, 16010 - 100, slice, 1), 1);
    assert_int_equal(slice[0].length, POOL_PAGE - 100);
    model_free(m);
}

static void without_memory_nothing_is_kept(void **state)
{
    (void)state;
    struct model *m = model_of(4, 3);
    page_ref taken[8];
    unsigned count = 0;
    while (pool_left(&m->pool) > 1)
        taken[count++] = pool_take(&m->pool);
    write_at(m, 5000, 10);                      /* a table could be had, but then no page */
    assert_int_equal(m->ring.pages, 0);
    assert_int_equal(pool_left(&m->pool), 1);
    write_at(m, 0, 5000);
    assert_int_equal(beyond(m), 4096);
    struct aksu_space space[2];
    ring_extend(&m->ring, 4096);
    assert_int_equal(ring_reserve(&m->ring, &m->pool, 100, space, 2), 0);
    while (count > 0)
        pool_give(&m->pool, taken[--count]);
    model_free(m);
}

static void read_past_the_end(void)
{
    struct model *m = model_of(4, 3);
    uint8_t octet[11];
    write_at(m, 0, 20);
    ring_extend(&m->ring, 10);
    ring_read(&m->ring, &m->pool, 0, octet, 11);
}

static void consume_past_the_end(void)
{
    struct model *m = model_of(4, 3);
    write_at(m, 0, 20);
    ring_extend(&m->ring, 10);
    ring_consume(&m->ring, &m->pool, 11, 0);
}

static void broken_promises_are_bugs(void **state)
{
    (void)state;
    assert_true(is_bug(read_past_the_end));
    assert_true(is_bug(consume_past_the_end));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ring_agrees_with_a_map),
        cmocka_unit_test(the_front_goes_round),
        cmocka_unit_test(a_ring_has_an_end),
        cmocka_unit_test(a_long_queue),
        cmocka_unit_test(a_closed_circle_grows),
        cmocka_unit_test(text_far_ahead),
        cmocka_unit_test(a_long_queue_without_memory),
        cmocka_unit_test(pages_are_held_only_for_text),
        cmocka_unit_test(neighbours_become_one_slice),
        cmocka_unit_test(without_memory_nothing_is_kept),
        cmocka_unit_test(broken_promises_are_bugs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
