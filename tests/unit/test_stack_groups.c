/* test_stack_groups.c - multicast listener discovery for solicited-node groups (RFC 3810 5.1,
 * 5.2, 6.2, RFC 2710 4): so that snooping switches let solicitations through. */
#include "alone_help.h"

#include "base/bytes.h"
#include "ip/route.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"

static void start(struct alone *w)
{
    alone_init(w, 1, 7);
    assert_int_equal(aksu_autoconfigure(w->net, w->device[0], w->now), AKSU_OK);
}

struct query {
    const char *source;
    uint8_t hop_limit;
    bool no_alert, v1;
    uint16_t code;
    uint32_t length;                /* of the message; 0: what the version has */
};

static void ask(struct alone *w, const struct query *q)
{
    uint8_t octets[8 + 64] = { IP_PROTOCOL_ICMPV6, 0, 5, 2, 0, 0, 1, 0 }, body[32] = { 0 };
    uint32_t length = q->length != 0 ? q->length : q->v1 ? 24 : 28;
    struct packet_out p = { .source = ip_of_text(q->source), .destination = ip_of_text("ff02::1"),
                            .hop_limit = q->hop_limit, .payload = octets };
    struct icmp_message m = { .kind = ICMP_OTHER, .type = 130, .body = body,
                              .body_length = length - 8, .pointer = (uint32_t)q->code << 16 };
    struct writer out = writer_of(octets + 8, sizeof octets - 8);
    wire_icmpv6_build(&out, &p.source, &p.destination, &m);
    p.protocol = q->no_alert ? IP_PROTOCOL_ICMPV6 : IPV6_NEXT_HOP_BY_HOP;
    p.payload = q->no_alert ? octets + 8 : octets;
    p.length = (uint32_t)(writer_length(&out) + (q->no_alert ? 0 : 8));
    alone_packet(w, 0, 1, &p);
}

/* Hop limit 1, router alert, a good checksum; the records are what was expected. */
static void good_report(const struct sent *f, const uint8_t *icmp, const char *source)
{
    struct aksu_ip from, to;
    memcpy(from.octet, f->octet + 14 + 8, 16);
    memcpy(to.octet, f->octet + 14 + 24, 16);
    assert_memory_equal(f->octet + 14 + 40, "\x3a\0\5\2\0\0\1\0", 8);
    assert_int_equal(f->octet[14 + 7], 1);
    char text[AKSU_IP_TEXT];
    aksu_ip_format(&from, text);
    assert_memory_equal(text, source, strlen(source));
    struct reader r = reader_of(icmp, (size_t)(f->octet + f->length - icmp));
    struct icmp_message m;
    assert_int_equal(wire_icmpv6_parse(&r, &from, &to, 1, &m), ICMP_GOOD);
}

static void a_new_group_is_reported_before_it_is_used(void **state)
{
    (void)state;
    struct alone w;
    struct aksu_address a;
    const uint8_t *icmp;
    start(&w);
    assert_true(aksu_address_at(w.net, 0, &a));
    struct aksu_ip group = route_solicited_node(&a.ip);
    alone_wait(&w, AKSU_SECONDS(1));
    assert_int_equal(w.frames, 2);
    assert_ptr_equal(alone_sent(&w, REPORT_V2, 0, &icmp), &w.frame[0]);     /* then the question */
    good_report(&w.frame[0], icmp, "::");
    assert_memory_equal(w.frame[0].octet, "\x33\x33\0\0\0\x16", 6);
    assert_memory_equal(icmp + 4, "\0\0\0\1\4\0\0\0", 8);       /* CHANGE_TO_EXCLUDE, of nobody */
    assert_memory_equal(icmp + 12, group.octet, 16);
    alone_wait(&w, AKSU_SECONDS(1));
    const struct sent *again = alone_sent(&w, REPORT_V2, 1, &icmp);
    assert_non_null(again);
    good_report(again, icmp, "fe80::");
    assert_memory_equal(icmp + 4, "\0\0\0\1\2\0\0\0", 8);
    alone_fini(&w);
}

static void a_query_is_answered_within_its_time(void **state)
{
    (void)state;
    static const struct { uint16_t code; uint32_t most; } time[] = {
        { 0, 0 }, { 1000, 1000 }, { 0x7fff, 0x7fff }, { 0x8000, 0x8000 }, { 0x9001, 0x10010 },
    };
    struct alone w;
    const uint8_t *icmp;
    start(&w);
    assert_int_equal(aksu_address_add(w.net, w.device[0], "2001:db8::5/64"), AKSU_OK);
    assert_int_equal(aksu_address_add(w.net, w.device[0], "2001:db8:1::5/64"), AKSU_OK);
    assert_int_equal(aksu_address_add(w.net, w.device[0], "10.0.0.5/24"), AKSU_OK);
    assert_int_equal(aksu_address_add(w.net, w.device[1], "2001:db8::6/64"), AKSU_OK);
    alone_wait(&w, AKSU_SECONDS(20));
    for (unsigned i = 0; i < sizeof time / sizeof time[0]; i++) {
        alone_forget(&w);
        ask(&w, &(struct query){ .source = "fe80::1", .hop_limit = 1, .code = time[i].code });
        assert_true(alone_logged(&w, "taken"));
        aksu_time due = aksu_next_timeout(w.net);
        assert_true(due >= w.now && due <= w.now + AKSU_MS(time[i].most));
        alone_wait(&w, AKSU_MS(time[i].most));
        assert_int_equal(w.frames, 1);
        const struct sent *f = alone_sent(&w, REPORT_V2, 0, &icmp);
        assert_non_null(f);
        good_report(f, icmp, "fe80::");
        assert_int_equal(load_be16(icmp + 6), 2);       /* of three addresses, two share a group */
        assert_int_equal(icmp[8], 2);
    }
    alone_forget(&w);
    alone_wait(&w, AKSU_SECONDS(1000));
    assert_int_equal(w.frames, 0);
    alone_fini(&w);
}

/* RFC 2710 4: each group in a message to itself. */
static void version_1_is_answered_in_version_1(void **state)
{
    (void)state;
    struct alone w;
    const uint8_t *icmp;
    struct aksu_ip group = ip_of_text("ff02::1:ff00:5");
    start(&w);
    assert_int_equal(aksu_address_add(w.net, w.device[0], "2001:db8::5/64"), AKSU_OK);
    alone_wait(&w, AKSU_SECONDS(20));
    alone_forget(&w);
    ask(&w, &(struct query){ .source = "fe80::1", .hop_limit = 1, .v1 = true, .code = 0x9000 });
    alone_wait(&w, AKSU_MS(0x9000));
    assert_int_equal(alone_count(&w, REPORT_V2), 0);
    assert_int_equal(alone_count(&w, REPORT_V1), 2);
    unsigned seen = 0;
    for (unsigned i = 0; i < 2; i++) {
        const struct sent *f = alone_sent(&w, REPORT_V1, i, &icmp);
        good_report(f, icmp, "fe80::");
        assert_memory_equal(f->octet + 14 + 24, icmp + 8, 16);
        seen += memcmp(icmp + 8, group.octet, 16) == 0;
    }
    assert_int_equal(seen, 1);
    alone_fini(&w);
}

/* RFC 3810 6.2 */
static void queries_that_are_not_valid(void **state)
{
    (void)state;
    static const struct query bad[] = {
        { .source = "2001:db8::1", .hop_limit = 1 },
        { .source = "fe80::1", .hop_limit = 2 },
        { .source = "fe80::1", .hop_limit = 1, .no_alert = true },
        { .source = "fe80::1", .hop_limit = 1, .length = 27 },
    };
    struct alone w;
    start(&w);
    alone_wait(&w, AKSU_SECONDS(20));
    alone_forget(&w);
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ask(&w, &bad[i]);
    alone_wait(&w, AKSU_SECONDS(20));
    assert_int_equal(w.frames, 0);
    alone_fini(&w);

    alone_init(&w, 1, 7);                               /* nothing was started here */
    ask(&w, &(struct query){ .source = "fe80::1", .hop_limit = 1 });
    alone_wait(&w, AKSU_SECONDS(20));
    assert_int_equal(w.frames, 0);
    alone_fini(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_group_is_reported_before_it_is_used),
        cmocka_unit_test(a_query_is_answered_within_its_time),
        cmocka_unit_test(version_1_is_answered_in_version_1),
        cmocka_unit_test(queries_that_are_not_valid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
