/* test_event_ladder_datagram.c - datagrams and ICMP messages in the diagram, compared with files
 * that were looked at. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "event_feed.h"

#include <string.h>

enum { S = AKSU_SYN, P = AKSU_PSH, A = AKSU_ACK, TCP = 6, UDP = 17 };

static struct kept_text kept;
static _Alignas(16) char memory[1 << 16];

static struct aksu_ladder *ladder_with(struct aksu_ladder_config config)
{
    config.writer = kept_writer(&kept);
    config.memory = memory;
    config.memory_length = sizeof memory;
    struct aksu_ladder *l = aksu_ladder_init(&config);
    assert_non_null(l);
    return l;
}

/* A datagram that `side` sends, and one that it gets. */
static void sends(struct feed *f, unsigned side, uint32_t len, uint16_t sum)
{
    FEED(f, side, udp_out, .local = f->end[side], .remote = f->end[1 - side], .len = len,
         .sum = sum);
}

static void gets(struct feed *f, unsigned side, uint32_t len, uint16_t sum)
{
    FEED(f, side, udp_in, .local = f->end[side], .remote = f->end[1 - side], .len = len,
         .sum = sum);
}

static void drops(struct feed *f, unsigned side, uint32_t len, uint16_t sum, const char *why)
{
    FEED(f, side, udp_dropped, .local = f->end[side], .remote = f->end[1 - side], .len = len,
         .sum = sum, .why = why);
}

/* An error about what `side` sent. */
static void hears(struct feed *f, unsigned side, struct aksu_ip from, uint8_t code,
                  const char *verdict, uint8_t protocol)
{
    FEED(f, side, icmp_in, .from = from, .type = 3, .code = code, .verdict = verdict,
         .protocol = protocol, .local = f->end[side], .remote = f->end[1 - side],
         .mtu = code == 4 ? 1400 : 0);
}

static void tells(struct feed *f, unsigned side, uint8_t code, uint8_t protocol)
{
    FEED(f, side, icmp_out, .to = f->end[1 - side].ip, .type = 3, .code = code,
         .protocol = protocol, .local = f->end[side], .remote = f->end[1 - side]);
}

static struct aksu_ip ip(const char *text)
{
    struct aksu_ip out;
    assert_true(aksu_ip_parse(text, &out));
    return out;
}

/* One comes, one is lost, one overtakes another, one is damaged, one finds nobody; the client is
 * told. */
static void few_datagrams(struct feed *f)
{
    sends(f, 0, 5, 1);
    f->at += AKSU_MS(10);
    gets(f, 1, 5, 1);
    sends(f, 0, 5, 2);
    f->at += AKSU_MS(1);
    sends(f, 0, 5, 3);
    f->at += AKSU_MS(1);
    sends(f, 0, 1000, 4);
    f->at += AKSU_MS(8);
    gets(f, 1, 1000, 4);
    f->at += AKSU_MS(1);
    gets(f, 1, 5, 3);
    sends(f, 1, 0, 0xffff);
    f->at += AKSU_MS(10);
    gets(f, 0, 0, 0xffff);
    sends(f, 0, 7, 5);
    f->at += AKSU_MS(10);
    drops(f, 1, 7, 6, "UDP checksum");
    f->at += AKSU_MS(10);
    sends(f, 0, 8, 7);
    f->at += AKSU_MS(10);
    drops(f, 1, 8, 7, "no such UDP port");
    tells(f, 1, 3, UDP);
    f->at += AKSU_MS(10);
    hears(f, 0, f->end[1].ip, 3, "taken", UDP);
}

static void draws_datagrams(void **state)
{
    (void)state;
    struct aksu_ladder *l = ladder_with((struct aksu_ladder_config){ .fold = 0 });
    struct feed f = two_sides(l);

    few_datagrams(&f);
    gets(&f, 1, 3, 9);
    aksu_ladder_finish(l);
    assert_true(golden_is("ladder_datagrams", &kept));
}

static void draws_datagrams_with_unicode(void **state)
{
    (void)state;
    struct aksu_ladder *l = ladder_with((struct aksu_ladder_config){ .utf8 = true });
    struct feed f = two_sides(l);

    few_datagrams(&f);
    aksu_ladder_finish(l);
    assert_true(golden_is("ladder_datagrams_utf8", &kept));
}

/* Of two of one length the one that came has the same sum, though the other one would have taken as
 * long as the one before it. */
static void tells_datagrams_by_their_sum(void **state)
{
    (void)state;
    struct aksu_ladder *l = ladder_with((struct aksu_ladder_config){ .fold = 0 });
    struct feed f = two_sides(l);

    sends(&f, 0, 5, 1);
    f.at += AKSU_MS(10);
    gets(&f, 1, 5, 1);
    sends(&f, 0, 5, 2);
    f.at += AKSU_MS(1);
    sends(&f, 0, 5, 3);
    f.at += AKSU_MS(7);
    gets(&f, 1, 5, 3);
    aksu_ladder_finish(l);
    assert_non_null(strstr(kept.text, "|-- UDP len 5 -------------X"));
    assert_non_null(strstr(kept.text, "   11.000              |-- UDP len 5 ---------------------"
                                      "-----."));
}

/* With one stack what it sends is all that is known. */
static void draws_one_stack(void **state)
{
    (void)state;
    struct aksu_ladder *l = ladder_with((struct aksu_ladder_config){ .fold = 0 });
    struct feed f = feed_of(aksu_ladder_side(l, 0, "client"), NULL);

    sends(&f, 0, 40, 1);
    f.at += AKSU_MS(9);
    gets(&f, 0, 120, 2);
    sends(&f, 0, 40, 1);
    f.at += AKSU_MS(9);
    hears(&f, 0, f.end[1].ip, 3, "taken", UDP);
    aksu_ladder_finish(l);
    assert_null(strstr(kept.text, " lost"));
    assert_null(strstr(kept.text, "not sent"));
    assert_true(golden_is("ladder_datagrams_one_stack", &kept));
}

/* The damaged ports are of nobody: nothing is drawn for them. */
static void draws_nothing_for_damaged_ports(void **state)
{
    (void)state;
    struct aksu_ladder *l = ladder_with((struct aksu_ladder_config){ .fold = 0 });
    struct feed f = two_sides(l);

    drops(&f, 1, 7, 6, "UDP checksum");
    aksu_ladder_finish(l);
    assert_int_equal(kept.length, 0);
}

/* A long train is folded as a run of data is, and what is lost of it is counted. */
static void folds_a_train(void **state)
{
    (void)state;
    struct aksu_ladder *l = ladder_with((struct aksu_ladder_config){ .fold = 0 });
    struct feed f = two_sides(l);

    for (uint16_t i = 0; i < 100; i++, f.at += AKSU_MS(20)) {
        sends(&f, 0, 100, i);
        if (i != 40)
            gets(&f, 1, 100, i);
    }
    aksu_ladder_finish(l);
    assert_non_null(strstr(kept.text, "client: 100 datagrams, 10,000 octets; "
                                      "server: 0 datagrams, 0 octets; 1 lost\n"));
    assert_true(golden_is("ladder_datagrams_fold", &kept));
}

/* Flows have numbers of their own; half a minute of silence is the end of one. */
static void ends_a_flow_after_a_while(void **state)
{
    (void)state;
    struct aksu_ladder *l = ladder_with((struct aksu_ladder_config){ .fold = 0 });
    struct feed f = two_sides(l);

    feed_handshake(&f, 0);
    sends(&f, 0, 1, 1);
    f.at += AKSU_SECONDS(29);
    sends(&f, 0, 2, 2);
    f.at += AKSU_SECONDS(29);
    sends(&f, 0, 3, 3);
    assert_int_equal(kept.length, 0);
    f.at += AKSU_SECONDS(31);
    sends(&f, 0, 4, 4);
    assert_non_null(strstr(kept.text, "UDP flow 1  10.0.0.2:49152"));
    assert_non_null(strstr(kept.text, "client: 3 datagrams, 6 octets"));
    aksu_ladder_finish(l);
    assert_non_null(strstr(kept.text, "connection 1  10.0.0.2:49152"));
    assert_non_null(strstr(kept.text, "UDP flow 2  10.0.0.2:49152"));
}

/* In the diagram of a connection: from a router, with what came of it; from who says that it is the
 * peer; and one that ends it, sent by the peer. The arrow stands before what came of it. */
static void draws_icmp_about_a_connection(void **state)
{
    (void)state;
    struct aksu_ladder *l = ladder_with((struct aksu_ladder_config){ .fold = 0 });
    struct feed f = two_sides(l);
    struct seg data = { .ctl = P | A, .seq = 1, .ack = 1, .len = 77 };

    feed_handshake(&f, AKSU_MS(5));
    feed_out(&f, 0, data);
    f.at += AKSU_MS(3);
    FEED(&f, 0, soft_error, .status = AKSU_UNREACHABLE_HOST);
    hears(&f, 0, ip("10.0.0.254"), 1, "taken", TCP);
    f.at += AKSU_MS(100);
    hears(&f, 0, ip("2001:db8:0:1:2:3:4:254"), 1, "not believed", TCP);
    f.at += AKSU_MS(100);
    hears(&f, 0, f.end[1].ip, 4, "not believed", TCP);
    f.at += AKSU_MS(100);
    tells(&f, 1, 2, TCP);
    f.at += AKSU_MS(5);
    feed_state(&f, 0, AKSU_TCP_ESTABLISHED, AKSU_TCP_CLOSED);
    FEED(&f, 0, signal, .status = AKSU_UNREACHABLE_PORT, .what = "ICMP error");
    feed_deleted(&f, 0, AKSU_UNREACHABLE_PORT);
    hears(&f, 0, f.end[1].ip, 2, "taken", TCP);
    aksu_ladder_finish(l);
    assert_true(golden_is("ladder_icmp", &kept));
}

/* A capture tells which connection it is about, and no more. What is about none is not drawn. */
static void finds_the_connection_by_its_number(void **state)
{
    (void)state;
    for (unsigned known = 0; known < 2; known++) {
        struct aksu_ladder *l = ladder_with((struct aksu_ladder_config){ .fold = 0 });
        struct feed f = two_sides(l);

        feed_handshake(&f, 0);
        f.at += AKSU_MS(1);
        if (!known)
            f.conn[0] = 0;
        FEED(&f, 0, icmp_in, .from = ip("10.0.0.254"), .type = 11, .code = 0);
        aksu_ladder_finish(l);
        assert_int_equal(strstr(kept.text, "ICMP time exceeded") != NULL, known);
    }
}

static void names_the_messages(void **state)
{
    (void)state;
    static const struct {
        const char *from;
        uint8_t type, code;
        const char *said;
    } all[] = {
        { "10.0.0.254", 3, 0, "ICMP network unreachable" },
        { "10.0.0.254", 3, 13, "ICMP prohibited" },
        { "10.0.0.254", 3, 14, "ICMP unreachable" },
        { "10.0.0.254", 4, 0, "ICMP source quench" },
        { "10.0.0.254", 99, 7, "ICMP type 99 code 7" },
        { "fd00::1", 1, 4, "ICMP port unreachable" },
        { "fd00::1", 2, 0, "ICMP packet too big" },
        { "fd00::1", 4, 9, "ICMP parameter problem" },
        { "fd00::1", 3, 1, "ICMP time exceeded" },
        { "fd00::1", 1, 6, "ICMP unreachable" },
    };

    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        struct aksu_ladder *l = ladder_with((struct aksu_ladder_config){ .fold = 0 });
        struct feed f = two_sides(l);

        feed_handshake(&f, 0);
        FEED(&f, 0, icmp_in, .from = ip(all[i].from), .type = all[i].type, .code = all[i].code);
        aksu_ladder_finish(l);
        if (!strstr(kept.text, all[i].said))
            fail_msg("%s is not in\n%s", all[i].said, kept.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(draws_datagrams),
        cmocka_unit_test(draws_datagrams_with_unicode),
        cmocka_unit_test(tells_datagrams_by_their_sum),
        cmocka_unit_test(draws_one_stack),
        cmocka_unit_test(draws_nothing_for_damaged_ports),
        cmocka_unit_test(folds_a_train),
        cmocka_unit_test(ends_a_flow_after_a_while),
        cmocka_unit_test(draws_icmp_about_a_connection),
        cmocka_unit_test(finds_the_connection_by_its_number),
        cmocka_unit_test(names_the_messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
