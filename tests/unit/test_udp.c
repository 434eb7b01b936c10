/* test_udp.c - UDP endpoints: who gets a datagram, ports, handles, queues and their bounds, ICMP
 * errors (RFC 768, RFC 1122 4.1, RFC 8200 8.1). */
#include "ip_help.h"

#include "udp/udp.h"
#include "wire/udp.h"

enum { PAGES = 120, MOST = 40 };

static struct host host;
static struct udp u;
static uint8_t text[66000], back[66000];
static const struct aksu_endpoint any;

static int setup(void **state)
{
    (void)state;
    uint64_t seed = 3;
    chance_fill(&seed, text, sizeof text);
    host_init(&host, PAGES, 34);
    udp_init(&u, &host.pool, 3, MOST, text, false);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    assert_int_equal(u.count, 0);
    assert_int_equal(host.pool.in_use, host.reassembly.pages);
    host_fini(&host);
    return 0;
}

static enum aksu_status opens(struct aksu_endpoint local, struct aksu_endpoint remote,
                              aksu_udp *out)
{
    struct udp_open how = { .local = local, .remote = remote, .cookie = 7 };
    return udp_open(&u, &how, out);
}

static aksu_udp must_open(struct aksu_endpoint local, struct aksu_endpoint remote)
{
    aksu_udp out;
    assert_int_equal(opens(local, remote, &out), AKSU_OK);
    return out;
}

static void close_it(aksu_udp handle)
{
    assert_int_equal(udp_close(&u, handle), AKSU_OK);
}

/* A datagram on its way to us, in one piece or, `parts` 2 or 3, in several. */
static struct udp_result comes(struct aksu_endpoint from, struct aksu_endpoint to, size_t length,
                               uint32_t parts, int damage)
{
    static uint8_t octet[66000];
    struct writer w = writer_of(octet, 8);
    struct udp_header h = { .source_port = from.port, .destination_port = to.port };
    wire_udp_build(&w, &from.ip, &to.ip, &h, text, length);
    memcpy(octet + 8, text, length);
    if (damage >= 0)
        octet[damage] ^= 0x20;
    struct ip_packet p = { .source = from.ip, .destination = to.ip, .device = 1, .protocol = 17,
                           .length = (uint32_t)length + 8, .parts = parts };
    size_t cuts[4] = { 0, length + 8, length + 8, length + 8 };
    for (uint32_t i = 1; i < parts; i++)
        cuts[i] = 8 + length * i / parts;
    for (uint32_t i = 0; i < parts; i++)
        p.payload[i] = (struct aksu_slice){ octet + cuts[i], cuts[i + 1] - cuts[i] };
    return udp_input(&u, &p);
}

static bool is(aksu_udp a, aksu_udp b)
{
    return a.index == b.index && a.generation == b.generation;
}

static void the_most_specific_gets_it(void **state)
{
    (void)state;
    struct aksu_endpoint here = endpoint_of("10.0.0.2", 53), there = endpoint_of("10.0.0.9", 1000);
    struct aksu_endpoint other = endpoint_of("10.0.0.9", 1001), v6 = endpoint_of("fe80::2", 53),
                         from6 = endpoint_of("fe80::9", 1000);
    struct udp_open all = { .any_port = true };
    aksu_udp h[6];
    assert_int_equal(comes(there, here, 10, 1, -1).verdict, UDP_NOBODY);
    assert_int_equal(udp_open(&u, &all, &h[0]), AKSU_OK);
    assert_true(is(comes(there, here, 10, 1, -1).to, h[0]));
    h[1] = must_open(endpoint_of("::", 53), any);
    assert_true(is(comes(there, here, 10, 1, -1).to, h[1]));
    h[2] = must_open(endpoint_of("0.0.0.0", 53), any);
    assert_true(is(comes(there, here, 10, 1, -1).to, h[2]));
    assert_true(is(comes(from6, v6, 10, 1, -1).to, h[1]));      /* 0.0.0.0 is IPv4 only */
    h[3] = must_open(here, any);
    assert_true(is(comes(there, here, 10, 1, -1).to, h[3]));
    h[4] = must_open(endpoint_of("::", 53), there);
    assert_true(is(comes(there, here, 10, 1, -1).to, h[4]));
    h[5] = must_open(here, there);
    assert_true(is(comes(there, here, 10, 1, -1).to, h[5]));
    assert_true(is(comes(other, here, 10, 1, -1).to, h[3]));
    struct udp_result r = comes(other, endpoint_of("10.0.0.2", 54), 10, 1, -1);
    assert_true(is(r.to, h[0]) && r.local.port == 54 && r.remote.port == 1001 && r.length == 10);
    for (unsigned i = 6; i-- > 0;) {    /* taken away one by one, the next best gets it */
        assert_true(is(comes(there, here, 10, 1, -1).to, h[i]));
        close_it(h[i]);
    }
    r = comes(there, here, 10, 1, -1);
    assert_int_equal(r.verdict, UDP_NOBODY);
    assert_non_null(r.why);
}

static void what_cannot_be_opened(void **state)
{
    (void)state;
    struct aksu_endpoint here = endpoint_of("10.0.0.2", 53), there = endpoint_of("10.0.0.9", 1000);
    aksu_udp a = must_open(here, any), b = must_open(here, there), c;
    assert_int_equal(opens(here, any, &c), AKSU_ALREADY_EXISTS);
    assert_int_equal(opens(here, there, &c), AKSU_ALREADY_EXISTS);
    assert_int_equal(opens(here, endpoint_of("10.0.0.9", 0), &c), AKSU_INVALID);
    assert_int_equal(opens(here, endpoint_of("fe80::9", 5), &c), AKSU_INVALID);
    struct udp_open how = { .any_port = true, .local = here };
    assert_int_equal(udp_open(&u, &how, &c), AKSU_INVALID);
    how = (struct udp_open){ .any_port = true };
    assert_int_equal(udp_open(&u, &how, &c), AKSU_OK);
    aksu_udp d;
    assert_int_equal(udp_open(&u, &how, &d), AKSU_ALREADY_EXISTS);
    close_it(a);
    close_it(b);
    close_it(c);
}

static void handles_go_stale(void **state)
{
    (void)state;
    struct aksu_endpoint here = endpoint_of("10.0.0.2", 53);
    aksu_udp old[200];
    for (unsigned i = 0; i < 200; i++) {
        old[i] = must_open(here, any);
        comes(endpoint_of("10.0.0.9", 5), here, 100, 1, -1);
        for (unsigned k = 0; k < i; k++) {
            assert_null(udp_find(&u, old[k]));
            assert_int_equal(udp_close(&u, old[k]), AKSU_DOES_NOT_EXIST);
            assert_int_equal(udp_send(&u, old[k], NULL, &here, text, 1), AKSU_DOES_NOT_EXIST);
            assert_int_equal(udp_receive(&u, old[k], NULL, NULL, back, 9), -AKSU_DOES_NOT_EXIST);
        }
        assert_non_null(udp_find(&u, old[i]));
        close_it(old[i]);
    }
    static const aksu_udp wild[] = { { 0, 0 }, { 0, 1 }, { UINT32_MAX, 1 }, { 1, 0 } };
    for (unsigned i = 0; i < 4; i++)
        assert_null(udp_find(&u, wild[i]));
}

static void a_closed_one_beside_a_live_one(void **state)
{
    (void)state;
    aksu_udp h[20];
    for (uint16_t i = 0; i < 20; i++)
        h[i] = must_open(endpoint_of("10.0.0.2", (uint16_t)(100 + i)), any);
    for (unsigned i = 0; i < 20; i++) {
        close_it(h[(i * 7) % 20]);
        for (unsigned k = 0; k < 20; k++)
            assert_int_equal(udp_find(&u, h[(k * 7) % 20]) != NULL, k > i);
    }
}

static void ephemeral_ports(void **state)
{
    (void)state;
    aksu_udp h[MOST], more;
    struct aksu_endpoint here = endpoint_of("10.0.0.2", 0), there = endpoint_of("10.0.0.9", 53);
    for (unsigned i = 0; i < MOST; i++) {
        h[i] = must_open(here, i % 2 ? there : any);
        uint16_t port = udp_find(&u, h[i])->local.port;
        assert_true(port >= PORTS_FIRST);
        for (unsigned k = 0; k < i; k++)
            assert_int_not_equal(port, udp_find(&u, h[k])->local.port);
    }
    assert_int_equal(opens(here, any, &more), AKSU_NO_RESOURCES);
    for (unsigned i = 0; i < MOST; i++)
        close_it(h[i]);
}

static void all_ports_are_used(void **state)
{
    (void)state;
    size_t size = 8000 * POOL_PAGE;
    void *memory = malloc(size);
    struct pool pool;
    assert_true(pool_init(&pool, memory, size));
    static struct udp many;
    static uint8_t seen[65536];
    udp_init(&many, &pool, 5, 70000, text, true);
    struct udp_open how = { .local = endpoint_of("10.0.0.2", 0) };
    aksu_udp h, last;
    for (unsigned i = 0; i < PORTS_COUNT; i++) {
        assert_int_equal(udp_open(&many, &how, &last), AKSU_OK);
        uint16_t port = udp_find(&many, last)->local.port;
        assert_false(seen[port]);
        seen[port] = 1;
    }
    assert_int_equal(udp_open(&many, &how, &h), AKSU_ALREADY_EXISTS);
    assert_int_equal(udp_close(&many, last), AKSU_OK);
    assert_int_equal(udp_open(&many, &how, &h), AKSU_OK);       /* the one that is free again */
    free(memory);
}

static void datagrams_arrive_whole(void **state)
{
    (void)state;
    struct aksu_endpoint here = endpoint_of("10.0.0.2", 53), there = endpoint_of("10.0.0.9", 1000);
    struct aksu_endpoint from, to;
    aksu_udp h = must_open(here, any);
    assert_int_equal(udp_receive(&u, h, &from, &to, back, 100), -AKSU_WOULD_BLOCK);
    for (uint32_t parts = 1; parts <= 3; parts++) {
        for (size_t length = 0; length < 65000; length = length * 2 + 7) {
            struct udp_result r = comes(there, here, length, parts, -1);
            assert_int_equal(r.verdict, UDP_QUEUED);
            assert_null(r.why);
            assert_true(is(r.to, h) && r.cookie == 7 && r.length == length);
            memset(back, 0, length + 1);
            assert_int_equal(udp_receive(&u, h, &from, &to, back, sizeof back), length);
            assert_memory_equal(back, text, length);
            assert_true(ip_eq(&from.ip, &there.ip) && from.port == 1000);
            assert_true(ip_eq(&to.ip, &here.ip) && to.port == 53);
        }
    }
    comes(there, here, 100, 1, -1);             /* cut to the room; the rest is gone */
    comes(there, here, 5, 1, -1);
    assert_int_equal(udp_receive(&u, h, NULL, NULL, back, 60), 60);
    assert_int_equal(udp_receive(&u, h, NULL, NULL, back, 60), 5);
    assert_int_equal(udp_receive(&u, h, NULL, NULL, back, 60), -AKSU_WOULD_BLOCK);
    assert_int_equal(udp_find(&u, h)->receive.pages, 0);
    close_it(h);
}

static void damaged_datagrams(void **state)
{
    (void)state;
    struct aksu_endpoint here = endpoint_of("10.0.0.2", 53), there = endpoint_of("10.0.0.9", 1000);
    aksu_udp h = must_open(endpoint_of("::", 53), any);
    for (uint32_t parts = 1; parts <= 3; parts++) {
        for (int i = 0; i < 58; i++)
            assert_int_equal(comes(there, here, 50, parts, i).verdict, UDP_DROPPED);
    }
    uint8_t d[16] = { 0x03, 0xe8, 0, 53, 0, 12, 0, 0, 1, 2, 3, 4, 99, 99 };     /* no checksum */
    struct ip_packet p = { .source = there.ip, .destination = here.ip, .length = 14, .parts = 1,
                           .payload = { { d, 14 } } };
    assert_int_equal(udp_input(&u, &p).verdict, UDP_QUEUED);
    assert_int_equal(udp_receive(&u, h, NULL, NULL, back, 99), 4);  /* its own length counts */
    p.parts = 2;
    p.payload[0].length = 10;
    p.payload[1] = (struct aksu_slice){ d + 10, 4 };
    assert_int_equal(udp_input(&u, &p).verdict, UDP_QUEUED);
    assert_int_equal(udp_receive(&u, h, NULL, NULL, back, 99), 4);
    assert_memory_equal(back, d + 8, 4);
    for (unsigned two = 1; two <= 2; two++) {
        p.parts = two;
        p.payload[0].length = two == 1 ? 14 : 10;
        d[5] = 7;                               /* less than its header, more than the packet */
        assert_string_equal(udp_input(&u, &p).why, "UDP length");
        d[5] = 15;
        assert_string_equal(udp_input(&u, &p).why, "UDP length");
        d[5] = 12;
        p.source = ip_of("fe80::9");
        p.destination = ip_of("fe80::2");
        assert_string_equal(udp_input(&u, &p).why, "no UDP checksum over IPv6");
        p.source = there.ip;
        p.destination = here.ip;
    }
    d[7] = 1;                                   /* a wrong checksum, but the device vouches */
    assert_string_equal(udp_input(&u, &p).why, "UDP checksum");
    p.checksum_verified = true;
    assert_int_equal(udp_input(&u, &p).verdict, UDP_QUEUED);
    for (size_t n = 0; n < 8; n++) {
        uint8_t *copy = exact_copy(d, n);
        p.parts = 1;
        p.length = (uint32_t)n;
        p.payload[0] = (struct aksu_slice){ copy, n };
        assert_string_equal(udp_input(&u, &p).why, "UDP header truncated");
        free(copy);
    }
    close_it(h);
}

static void icmp_errors_are_told_once(void **state)
{
    (void)state;
    struct aksu_endpoint here = endpoint_of("10.0.0.2", 53), there = endpoint_of("10.0.0.9", 1000);
    aksu_udp h = must_open(here, any), to;
    aksu_udp connected = must_open(endpoint_of("10.0.0.2", 99), there);
    uint64_t cookie = 0;
    struct icmp_error e = { .kind = ICMP_ERROR_HARD, .status = AKSU_UNREACHABLE_PORT,
                            .protocol = 17, .local = here, .remote = there };
    assert_true(udp_icmp(&u, &e, &to, &cookie));
    assert_true(is(to, h) && cookie == 7);
    comes(there, here, 5, 1, -1);
    assert_int_equal(udp_send(&u, h, NULL, &there, text, 3), AKSU_OK);  /* not to this one */
    assert_int_equal(udp_receive(&u, h, NULL, NULL, back, 9), -AKSU_UNREACHABLE_PORT);
    assert_int_equal(udp_receive(&u, h, NULL, NULL, back, 9), 5);
    e.local.port = 99;
    assert_true(udp_icmp(&u, &e, &to, &cookie));
    assert_true(is(to, connected));
    assert_int_equal(udp_send(&u, connected, NULL, NULL, text, 3), AKSU_UNREACHABLE_PORT);
    assert_int_equal(udp_send(&u, connected, NULL, NULL, text, 3), AKSU_OK);
    e.remote.port = 1001;               /* not its peer */
    assert_false(udp_icmp(&u, &e, &to, &cookie));
    e.local.port = 53;
    e.protocol = 6;
    assert_false(udp_icmp(&u, &e, &to, &cookie));
    e.protocol = 17;
    e.kind = ICMP_ERROR_MTU;                /* it is the endpoint's, and no error */
    assert_true(udp_icmp(&u, &e, &to, &cookie));
    e.kind = ICMP_ERROR_IGNORE;
    assert_false(udp_icmp(&u, &e, &to, &cookie));
    assert_int_equal(udp_receive(&u, h, NULL, NULL, back, 9), -AKSU_WOULD_BLOCK);
    udp_fail(&u, h, AKSU_UNREACHABLE_HOST);
    assert_int_equal(udp_receive(&u, h, NULL, NULL, back, 9), -AKSU_UNREACHABLE_HOST);
    close_it(h);
    close_it(connected);
    udp_fail(&u, h, AKSU_UNREACHABLE_HOST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_most_specific_gets_it, setup, teardown),
        cmocka_unit_test_setup_teardown(what_cannot_be_opened, setup, teardown),
        cmocka_unit_test_setup_teardown(handles_go_stale, setup, teardown),
        cmocka_unit_test_setup_teardown(a_closed_one_beside_a_live_one, setup, teardown),
        cmocka_unit_test_setup_teardown(ephemeral_ports, setup, teardown),
        cmocka_unit_test_setup_teardown(all_ports_are_used, setup, teardown),
        cmocka_unit_test_setup_teardown(datagrams_arrive_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(damaged_datagrams, setup, teardown),
        cmocka_unit_test_setup_teardown(icmp_errors_are_told_once, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
