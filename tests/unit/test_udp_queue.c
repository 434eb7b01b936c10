/* test_udp_queue.c - what waits to be read or sent: bounds, turns, parking, and every page given
 * back (RFC 768, RFC 1122 4.1.3). */
#include "ip_help.h"

#include "udp/udp.h"
#include "wire/udp.h"

enum { PAGES = 120 };

static struct host host;
static struct udp u;
static uint8_t text[66000], back[66000];
static struct aksu_endpoint here, there;

static int setup(void **state)
{
    (void)state;
    uint64_t seed = 3;
    chance_fill(&seed, text, sizeof text);
    host_init(&host, PAGES, 34);
    udp_init(&u, &host.pool, 3, 1000, text, false);
    here = endpoint_of("10.0.0.2", 53);
    there = endpoint_of("10.0.0.9", 1000);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    assert_int_equal(u.count, 0);
    assert_int_equal(host.pool.in_use, 0);
    host_fini(&host);
    return 0;
}

static aksu_udp must_open(uint16_t port, uint32_t queue)
{
    aksu_udp out;
    struct udp_open how = { .local = { here.ip, port }, .queue = queue };
    assert_int_equal(udp_open(&u, &how, &out), AKSU_OK);
    return out;
}

static enum udp_verdict comes(uint16_t port, size_t length)
{
    static uint8_t octet[66000];
    struct writer w = writer_of(octet, 8);
    struct udp_header h = { .source_port = there.port, .destination_port = port };
    wire_udp_build(&w, &there.ip, &here.ip, &h, text, length);
    memcpy(octet + 8, text, length);
    struct ip_packet p = { .source = there.ip, .destination = here.ip, .device = 1, .protocol = 17,
                           .length = (uint32_t)length + 8, .parts = 1,
                           .payload = { { octet, length + 8 } } };
    return udp_input(&u, &p).verdict;
}

static void the_receive_queue_is_bounded(void **state)
{
    (void)state;
    static const struct { uint32_t asked, most; } limits[] = {
        { 1, UDP_QUEUE_LEAST }, { 0, UDP_QUEUE_DEFAULT }, { 10000, 10000 },
        { UINT32_MAX, UDP_QUEUE_MOST },
    };
    for (unsigned i = 0; i < 4; i++) {
        aksu_udp h = must_open(53, limits[i].asked);
        assert_int_equal(udp_find(&u, h)->queue, limits[i].most);
        for (size_t length = 0; length < 2000; length += 600) {
            uint32_t taken = 0;
            while (taken < 3000 && comes(53, length) == UDP_QUEUED)
                taken++;
            if (i < 3 || length == 0)           /* else the pool is the bound */
                assert_int_equal(taken, i < 3 ? limits[i].most / (UDP_RECORD + length) : 3000);
            assert_true(udp_find(&u, h)->receive.length <= limits[i].most);
            for (uint32_t k = 0; k < taken; k++) {
                assert_int_equal(udp_receive(&u, h, NULL, NULL, back, sizeof back), length);
                assert_memory_equal(back, text, length);
            }
            assert_int_equal(udp_find(&u, h)->receive.pages, 0);
        }
        assert_true(i == 3 || udp_find(&u, h)->dropped == 4);
        assert_int_equal(udp_close(&u, h), AKSU_OK);
    }
}

static void the_pool_runs_dry(void **state)
{
    (void)state;
    aksu_udp h = must_open(53, UDP_QUEUE_MOST);
    uint32_t taken = 0;
    while (comes(53, 3000) == UDP_QUEUED)
        taken++;
    assert_true(pool_left(&host.pool) <= 1 && taken > 100);
    assert_int_equal(udp_find(&u, h)->dropped, 1);
    uint32_t pages = host.pool.in_use;
    for (unsigned i = 0; i < 50; i++)           /* what is refused leaves nothing behind */
        assert_int_equal(comes(53, 5000), UDP_DROPPED);
    assert_true(host.pool.in_use <= pages);
    assert_int_equal(udp_send(&u, h, NULL, &there, text, 30000), AKSU_NO_RESOURCES);
    aksu_udp more;
    struct udp_open how = { .local = { here.ip, 99 } };
    for (unsigned i = 0; i < 200 && udp_open(&u, &how, &more) == AKSU_OK; i++)
        how.local.port++;
    for (uint32_t i = 0; i < taken; i++) {
        assert_int_equal(udp_receive(&u, h, NULL, NULL, back, sizeof back), 3000);
        assert_memory_equal(back, text, 3000);
    }
    assert_int_equal(comes(53, 3000), UDP_QUEUED);
    assert_int_equal(udp_close(&u, h), AKSU_OK);
    for (uint16_t port = 99; port < how.local.port; port++) {
        struct aksu_endpoint local = { here.ip, port };
        for (slab_ref ref = u.port[port % UDP_BUCKETS]; ref != 0;) {
            const struct udp_endpoint *e = slab_at(&u.slab, ref);
            aksu_udp handle = { e->self, e->generation };
            ref = e->next;
            assert_true(ip_eq(&e->local.ip, &local.ip));
            assert_int_equal(udp_close(&u, handle), AKSU_OK);
        }
    }
}

static void a_refusal_takes_no_page(void **state)
{
    (void)state;
    aksu_udp h = must_open(53, 0);
    page_ref pages[PAGES + 2];
    uint32_t held = 0;
    while (pool_left(&host.pool) > 9)
        pages[held++] = pool_take(&host.pool);
    assert_int_equal(udp_send(&u, h, NULL, &there, text, 100), AKSU_OK);
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(udp_send(&u, h, NULL, &there, text, 60000), AKSU_NO_RESOURCES);
        assert_int_equal(comes(53, 60000), UDP_DROPPED);
        assert_int_equal(pool_left(&host.pool), 8);
    }
    while (held > 0)
        pool_give(&host.pool, pages[--held]);
    assert_int_equal(udp_send(&u, h, NULL, &there, text, 60000), AKSU_OK);
    udp_close(&u, h);
}

/* RFC 768: a checksum that comes out as zero is sent as all ones. */
static void a_checksum_of_zero(void **state)
{
    (void)state;
    aksu_udp h = must_open(53, 0);
    uint8_t header[8], two[2] = { 0, 0 };
    struct udp_datagram d;
    udp_send(&u, h, NULL, &there, two, 2);
    assert_true(udp_next_datagram(&u, &d));
    udp_header_build(header, &d);
    udp_datagram_done(&u);
    memcpy(two, header + 6, 2);
    udp_send(&u, h, NULL, &there, two, 2);
    assert_true(udp_next_datagram(&u, &d));
    udp_header_build(header, &d);
    assert_int_equal(load_be16(header + 6), 0xffff);
    udp_close(&u, h);
}

static void what_cannot_be_sent(void **state)
{
    (void)state;
    aksu_udp h = must_open(53, 0), all, v4;
    struct udp_open how = { .any_port = true };
    struct aksu_endpoint six = endpoint_of("fe80::9", 9), nowhere = endpoint_of("10.0.0.9", 0);
    assert_int_equal(udp_open(&u, &how, &all), AKSU_OK);
    how = (struct udp_open){ .local = endpoint_of("0.0.0.0", 77) };
    assert_int_equal(udp_open(&u, &how, &v4), AKSU_OK);
    assert_int_equal(udp_send(&u, h, NULL, NULL, text, 1), AKSU_REMOTE_UNSPECIFIED);
    assert_int_equal(udp_send(&u, h, NULL, &nowhere, text, 1), AKSU_REMOTE_UNSPECIFIED);
    assert_int_equal(udp_send(&u, h, NULL, &six, text, 1), AKSU_INVALID);
    assert_int_equal(udp_send(&u, v4, NULL, &six, text, 1), AKSU_INVALID);
    assert_int_equal(udp_send(&u, all, NULL, &there, text, 1), AKSU_INVALID);
    assert_int_equal(udp_send(&u, h, NULL, &there, text, 65508), AKSU_TOO_LONG);
    struct udp_datagram d;
    assert_false(udp_next_datagram(&u, &d));
    assert_int_equal(udp_send(&u, all, &here, &there, text, 1), AKSU_OK);
    assert_int_equal(udp_send(&u, v4, NULL, &there, text, 0), AKSU_OK);
    assert_true(udp_next_datagram(&u, &d));
    assert_true(ip_eq(&d.local.ip, &here.ip) && d.local.port == 53);
    udp_datagram_done(&u);
    assert_true(udp_next_datagram(&u, &d));
    assert_true(ip_is_unspecified(&d.local.ip) && d.local.port == 77 && d.length == 0);
    udp_datagram_done(&u);
    assert_false(udp_next_datagram(&u, &d));
    udp_close(&u, h);
    udp_close(&u, all);
    udp_close(&u, v4);
}

/* The datagram as it would be on the wire is parsed again: header, checksum, text. */
static void sent_datagrams_are_right(void **state)
{
    (void)state;
    static uint8_t octet[66000];
    aksu_udp h = must_open(53, 0);
    for (size_t length = 0; length <= UDP_TEXT_MOST; length = length * 2 + 3) {
        if (length > UDP_TEXT_MOST / 2)
            length = UDP_TEXT_MOST;
        struct udp_datagram d;
        assert_int_equal(udp_send(&u, h, NULL, &there, text + length % 7, length), AKSU_OK);
        assert_true(udp_next_datagram(&u, &d));
        assert_true(d.parts <= UDP_OUT_PARTS && d.length == length);
        assert_true(d.from.index == h.index && d.from.generation == h.generation);
        udp_header_build(octet, &d);
        size_t at = 8;
        for (uint32_t i = 0; i < d.parts; i++) {
            memcpy(octet + at, d.text[i].data, d.text[i].length);
            at += d.text[i].length;
        }
        assert_int_equal(at, length + 8);
        assert_memory_equal(octet + 8, text + length % 7, length);
        struct reader r = reader_of(octet, at);
        struct udp_header header;
        assert_int_equal(wire_udp_parse(&r, &here.ip, &there.ip, false, &header), UDP_GOOD);
        assert_int_not_equal(header.checksum, 0);
        assert_int_equal(header.source_port, 53);
        assert_int_equal(header.destination_port, 1000);
        udp_datagram_done(&u);
        assert_int_equal(udp_find(&u, h)->send.pages, 0);
    }
    udp_close(&u, h);
}

static void endpoints_take_turns(void **state)
{
    (void)state;
    aksu_udp h[3];
    struct udp_datagram d;
    for (uint16_t i = 0; i < 3; i++) {
        h[i] = must_open((uint16_t)(100 + i), 0);
        for (unsigned k = 0; k < 3; k++)
            assert_int_equal(udp_send(&u, h[i], NULL, &there, text, 10 * i + k), AKSU_OK);
    }
    for (unsigned k = 0; k < 3; k++) {
        for (unsigned i = 0; i < 3; i++) {
            assert_true(udp_next_datagram(&u, &d) && d.local.port == 100 + i);
            assert_int_equal(d.length, 10 * i + k);
            udp_datagram_done(&u);
        }
    }
    assert_false(udp_next_datagram(&u, &d));
    for (unsigned i = 0; i < 3; i++)
        udp_close(&u, h[i]);
}

static void who_must_wait_is_parked(void **state)
{
    (void)state;
    aksu_udp a = must_open(100, 0), b = must_open(101, 0);
    struct udp_datagram d;
    udp_send(&u, a, NULL, &there, text, 1);
    udp_send(&u, b, NULL, &there, text, 2);
    assert_true(udp_next_datagram(&u, &d) && d.local.port == 100);
    udp_datagram_park(&u);
    assert_true(udp_next_datagram(&u, &d) && d.local.port == 101);
    udp_datagram_done(&u);
    assert_false(udp_next_datagram(&u, &d));
    udp_send(&u, a, NULL, &there, text, 3);         /* still parked */
    assert_false(udp_next_datagram(&u, &d));
    udp_unpark(&u);
    assert_true(udp_next_datagram(&u, &d) && d.length == 1);    /* in order, none lost */
    udp_datagram_done(&u);
    assert_true(udp_next_datagram(&u, &d) && d.length == 3);
    udp_datagram_park(&u);
    udp_close(&u, a);                               /* while parked */
    udp_unpark(&u);
    assert_false(udp_next_datagram(&u, &d));
    udp_send(&u, b, NULL, &there, text, 2);
    udp_close(&u, b);                               /* while its turn was to come */
    assert_false(udp_next_datagram(&u, &d));
}

static void done_without_a_datagram(void)
{
    udp_datagram_done(&u);
}

static void the_send_queue_is_bounded(void **state)
{
    (void)state;
    aksu_udp h = must_open(53, 0);
    assert_int_equal(udp_send(&u, h, NULL, &there, text, 65507), AKSU_OK);
    size_t left = UDP_SEND_QUEUE - 65507 - 2 * UDP_RECORD;
    assert_int_equal(udp_send(&u, h, NULL, &there, text, left + 1), AKSU_NO_RESOURCES);
    assert_int_equal(udp_send(&u, h, NULL, &there, text, left), AKSU_OK);
    assert_int_equal(udp_send(&u, h, NULL, &there, text, 0), AKSU_NO_RESOURCES);
    udp_close(&u, h);
    assert_true(is_bug(done_without_a_datagram));
}

/* Random calls: the lists, counts and pages stay true. */
static void a_storm(void **state)
{
    (void)state;
    uint64_t seed = 8;
    aksu_udp h[30] = { { 0, 0 } };
    for (unsigned round = 0; round < 100000; round++) {
        unsigned i = chance_below(&seed, 30);
        struct udp_datagram d;
        struct udp_open how = { .local = { here.ip, (uint16_t)(100 + i) }, .queue = 5000 };
        switch (chance_below(&seed, 8)) {
        case 0: udp_open(&u, &how, &h[i]); break;
        case 1: if (chance(&seed) % 8 == 0) udp_close(&u, h[i]); break;
        case 2: comes((uint16_t)(100 + i), chance_below(&seed, 3000)); break;
        case 3: udp_receive(&u, h[i], NULL, NULL, back, 4000); break;
        case 4: udp_send(&u, h[i], NULL, &there, text, chance_below(&seed, 9000)); break;
        case 5: case 6:
            if (udp_next_datagram(&u, &d)) {
                if (d.parts > 0)
                    assert_memory_equal(d.text[0].data, text, d.text[0].length);
                if (chance(&seed) % 3 == 0)
                    udp_datagram_park(&u);
                else
                    udp_datagram_done(&u);
            }
            break;
        case 7: if (chance(&seed) % 4 == 0) udp_unpark(&u); break;
        }
    }
    for (unsigned i = 0; i < 30; i++)
        udp_close(&u, h[i]);
    assert_int_equal(u.sending.first | u.sending.last | u.parked.first | u.parked.last, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_receive_queue_is_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(the_pool_runs_dry, setup, teardown),
        cmocka_unit_test_setup_teardown(a_refusal_takes_no_page, setup, teardown),
        cmocka_unit_test_setup_teardown(a_checksum_of_zero, setup, teardown),
        cmocka_unit_test_setup_teardown(what_cannot_be_sent, setup, teardown),
        cmocka_unit_test_setup_teardown(sent_datagrams_are_right, setup, teardown),
        cmocka_unit_test_setup_teardown(endpoints_take_turns, setup, teardown),
        cmocka_unit_test_setup_teardown(who_must_wait_is_parked, setup, teardown),
        cmocka_unit_test_setup_teardown(the_send_queue_is_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(a_storm, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
