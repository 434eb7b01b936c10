/* test_stack_apart.c - what is done to one connection does not touch another: limits of answers,
 * ICMP errors, ports. And what belongs to one flow looks the same in all its packets. */
#include "stack_help.h"

#include "stack/stack.h"
#include "wire/ipv4.h"

static struct aksu_info info_of(struct aksu *net, aksu_conn c)
{
    struct aksu_info info;
    assert_int_equal(aksu_status(net, c, &info), AKSU_OK);
    return info;
}

/* A RST beside RCV.NXT, as if the server had sent it. True: the client answers with an ACK. */
static bool challenged(struct two *w, aksu_conn c, uint32_t n)
{
    uint8_t octets[IPV4_HEADER + TCP_HEADER];
    struct writer out = writer_of(octets, sizeof octets);
    struct aksu_info info = info_of(w->net[CLIENT], c);
    struct tcp_segment seg = { .source_port = info.remote.port, .ctl = CTL_RST,
                               .destination_port = info.local.port,
                               .seq = { info.rcv_nxt + 1 + n } };
    struct ip_out ip = { .source = info.remote.ip, .destination = info.local.ip,
                         .protocol = IP_PROTOCOL_TCP, .ttl = 64, .dont_fragment = true };
    ip_build(&out, &ip, TCP_HEADER);
    wire_tcp_build(&out, &ip.source, &ip.destination, &seg, false);
    struct aksu_frame f = { .parts = 1, .length = sizeof octets };
    f.part[0] = (struct aksu_slice){ octets, sizeof octets };
    aksu_frame_in(w->net[CLIENT], w->pair.device[CLIENT], &f, w->now);
    return take_frame(w, CLIENT, &f);
}

/* Who has spent the challenge ACKs of one connection learns nothing of any other: R5961-7-c. */
static void the_throttle_is_each_connections_own(void **state)      /* RFC 5961 7 */
{
    (void)state;
    struct two w;
    aksu_conn a[2], b[2];
    unsigned answers = 0;
    two_init(&w, NULL);
    aksu_listener l = listen_on(&w, SERVER, 80, false);
    connect_pair(&w, l, 80, a);
    connect_pair(&w, l, 80, b);
    for (uint32_t i = 0; i < 1000; i++)
        answers += challenged(&w, a[CLIENT], i);
    assert_int_equal(answers, 10);
    for (uint32_t i = 0; i < 10; i++)
        assert_true(challenged(&w, b[CLIENT], i));
    assert_false(challenged(&w, b[CLIENT], 10));
    two_fini(&w);
}

/* An ICMP error is for the connection that it quotes: R5927-5.2-b. */
static void an_icmp_error_is_for_one_connection(void **state)       /* RFC 5927 5.2 */
{
    (void)state;
    struct two w;
    struct aksu_frame f;
    aksu_conn c[2];
    uint8_t octets[600];
    two_init(&w, NULL);
    c[0] = open_to(&w, 80);
    c[1] = open_to(&w, 80);
    assert_true(take_frame(&w, CLIENT, &f));
    const uint16_t port = load_be16(f.part[0].data + IPV4_HEADER);
    const unsigned hit = info_of(w.net[CLIENT], c[1]).local.port == port;
    struct ip_out ip = { .source = ip_of(&w, SERVER), .destination = ip_of(&w, CLIENT), .ttl = 64,
                         .protocol = IP_PROTOCOL_ICMP };
    struct icmp_message m = { .kind = ICMP_UNREACHABLE, .code = 3, .body = f.part[0].data,
                              .body_length = 28 };
    struct writer out = writer_of(octets, sizeof octets);
    ip_build(&out, &ip, 8 + 28);
    wire_icmpv4_build(&out, &m);
    struct aksu_frame in = { .parts = 1, .length = (uint32_t)writer_length(&out) };
    in.part[0] = (struct aksu_slice){ octets, writer_length(&out) };
    aksu_frame_in(w.net[CLIENT], w.pair.device[CLIENT], &in, w.now);
    assert_int_equal(info_of(w.net[CLIENT], c[hit]).reason, AKSU_REFUSED);
    assert_int_equal(info_of(w.net[CLIENT], c[1 - hit]).reason, AKSU_OK);
    assert_int_equal(info_of(w.net[CLIENT], c[1 - hit]).soft_error, AKSU_OK);
    two_fini(&w);
}

/* R6056-3.2-a: nor is a port taken that somebody listens on. */
static void no_port_of_a_service_is_taken(void **state)             /* RFC 6056 3.2 */
{
    (void)state;
    struct two w;
    struct link_options o = { .config = { [CLIENT].no_port_randomization = true } };
    two_init(&w, &o);
    (void)listen_on(&w, CLIENT, 1024, false);
    (void)listen_on(&w, CLIENT, 1026, false);
    static const uint16_t expected[] = { 1025, 1027, 1028 };
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(info_of(w.net[CLIENT], open_to(&w, 80)).local.port, expected[i]);
    two_fini(&w);
}

/* R4987-4-b: the flow label of a SYN,ACK is that of what follows, whoever made it. */
static void a_flow_has_one_label(void **state)                      /* RFC 4987 4 */
{
    (void)state;
    for (unsigned by_cookie = 0; by_cookie < 2; by_cookie++) {
        struct two w;
        struct aksu_frame f;
        struct link_options o = { .v6 = true };
        o.config[SERVER].syn_cookies = by_cookie ? AKSU_SYN_COOKIES_ALWAYS
                                                 : AKSU_SYN_COOKIES_NEVER;
        two_init(&w, &o);
        aksu_listener l = listen_on(&w, SERVER, 80, false);
        aksu_conn got;
        uint32_t label = 0;
        (void)open_to(&w, 80);
        for (unsigned n = 0; n < 3; n++) {
            while (take_frame(&w, CLIENT, &f))
                aksu_frame_in(w.net[SERVER], w.pair.device[SERVER], &f, w.now);
            if (n == 1) {
                assert_int_equal(aksu_accept(w.net[SERVER], l, &got, w.now), AKSU_OK);
                (void)aksu_set(w.net[SERVER], got, AKSU_OPTION_NODELAY, 1, w.now);
            }
            if (n > 0)
                assert_int_equal(aksu_send(w.net[SERVER], got, "hello", 5, 0, w.now), 5);
            assert_true(take_frame(&w, SERVER, &f));
            uint32_t now = load_be32(f.part[0].data) & 0xfffff;
            assert_true(n == 0 || now == label);
            label = now;
            aksu_frame_in(w.net[CLIENT], w.pair.device[CLIENT], &f, w.now);
        }
        two_fini(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_throttle_is_each_connections_own),
        cmocka_unit_test(an_icmp_error_is_for_one_connection),
        cmocka_unit_test(no_port_of_a_service_is_taken),
        cmocka_unit_test(a_flow_has_one_label),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
