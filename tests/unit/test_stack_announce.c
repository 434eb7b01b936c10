/* test_stack_announce.c - a new address is told to the link twice, 2 s apart: ARP announcements
 * (RFC 5227 2.3), unsolicited neighbour advertisements (RFC 4861 7.2.6). */
#include "alone_help.h"

#include <stdio.h>

#include "stack_help.h"
#include "wire/ethernet.h"

static void add(struct alone *w, unsigned device, const char *text)
{
    assert_int_equal(aksu_address_add(w->net, w->device[device], text), AKSU_OK);
}

/* RFC 5227 2.3: a request for the address, from it, to everybody. */
static void an_ipv4_address(void **state)
{
    (void)state;
    static const uint8_t announcement[42] = {
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 7, 2, 8, 6,
        0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 7, 2, 10, 0, 0, 2,
        0, 0, 0, 0, 0, 0, 10, 0, 0, 2,
    };
    struct alone w;
    alone_init(&w, 1, 7);
    aksu_time start = w.now;
    add(&w, 1, "10.0.0.2/24");
    assert_true(aksu_next_timeout(w.net) == AKSU_NEVER);        /* it is owed, not awaited */
    alone_wait(&w, AKSU_SECONDS(100));
    assert_int_equal(w.frames, 2);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(w.frame[i].device, 2);
        assert_true(w.frame[i].at == start + AKSU_SECONDS(2) * i);
        assert_int_equal(w.frame[i].length, sizeof announcement);
        assert_memory_equal(w.frame[i].octet, announcement, sizeof announcement);
    }
    assert_true(aksu_next_timeout(w.net) == AKSU_NEVER);
    alone_fini(&w);
}

/* RFC 4861 7.2.6, 4.4: to all nodes, not solicited, overriding. */
static void an_ipv6_address(void **state)
{
    (void)state;
    static const uint8_t header[14] = { 0x33, 0x33, 0, 0, 0, 1, 2, 0, 0, 0, 7, 1, 0x86, 0xdd };
    struct aksu_ip own = ip_of_text("fd00::2"), all = ip_of_text("ff02::1");
    struct alone w;
    alone_init(&w, 1, 7);
    aksu_time start = w.now;
    add(&w, 0, "fd00::2/64");
    alone_wait(&w, AKSU_SECONDS(100));
    assert_int_equal(w.frames, 2);
    for (unsigned i = 0; i < 2; i++) {
        const struct sent *s = &w.frame[i];
        struct reader r = reader_of(s->octet + 54, s->length - 54);
        struct icmp_message m;
        assert_true(s->at == start + AKSU_SECONDS(2) * i);
        assert_memory_equal(s->octet, header, sizeof header);
        assert_memory_equal(s->octet + 22, own.octet, 16);
        assert_memory_equal(s->octet + 38, all.octet, 16);
        assert_int_equal(wire_icmpv6_parse(&r, &own, &all, s->octet[21], &m), ICMP_GOOD);
        assert_int_equal(m.kind, ICMP_NEIGHBOR_ADVERTISEMENT);
        assert_memory_equal(&m.target, &own, sizeof own);
        assert_true(!m.solicited && m.override && !m.router && m.has_link_address);
        assert_memory_equal(m.link_address, header + 6, 6);
    }
    alone_fini(&w);
}

static void an_address_that_goes_away(void **state)
{
    (void)state;
    struct alone w;
    alone_init(&w, 1, 7);
    add(&w, 0, "10.0.0.2/24");
    add(&w, 0, "10.0.0.3/24");
    assert_int_equal(aksu_address_remove(w.net, w.device[0], "10.0.0.2"), AKSU_OK);
    alone_collect(&w);
    assert_int_equal(w.frames, 1);
    assert_int_equal(w.frame[0].octet[31], 3);
    assert_int_equal(aksu_address_remove(w.net, w.device[0], "10.0.0.3"), AKSU_OK);
    alone_wait(&w, AKSU_SECONDS(100));
    assert_int_equal(w.frames, 1);
    assert_true(aksu_next_timeout(w.net) == AKSU_NEVER);

    alone_forget(&w);
    add(&w, 0, "10.0.0.2/24");
    alone_wait(&w, AKSU_SECONDS(1));
    assert_int_equal(aksu_address_remove(w.net, w.device[0], "10.0.0.2"), AKSU_OK);
    add(&w, 0, "10.0.0.2/24");                  /* it is new again */
    alone_wait(&w, AKSU_SECONDS(100));
    assert_int_equal(w.frames, 3);
    assert_true(w.frame[1].at == w.frame[0].at + AKSU_SECONDS(1));
    assert_true(w.frame[2].at == w.frame[0].at + AKSU_SECONDS(3));
    alone_fini(&w);
}

static void as_many_as_there_can_be(void **state)
{
    (void)state;
    unsigned told[17] = { 0 };
    struct alone w;
    alone_init(&w, 1, 7);
    for (unsigned i = 1; i <= 16; i++) {
        char text[16];
        snprintf(text, sizeof text, "10.0.0.%u/24", i);
        add(&w, i % 3, text);
    }
    assert_int_equal(aksu_address_add(w.net, w.device[0], "10.0.0.5/24"), AKSU_NO_RESOURCES);
    alone_wait(&w, AKSU_SECONDS(100));
    assert_int_equal(w.frames, 32);
    for (unsigned i = 0; i < w.frames; i++) {
        unsigned last = w.frame[i].octet[31];
        assert_true(last >= 1 && last <= 16);
        assert_int_equal(w.frame[i].device, last % 3 + 1);
        told[last]++;
    }
    for (unsigned i = 1; i <= 16; i++)
        assert_int_equal(told[i], 2);
    alone_fini(&w);
}

static void nobody_is_told(void **state)
{
    (void)state;
    struct alone w;
    struct two bare;
    struct aksu_frame f;
    alone_init(&w, 1, 7);
    add(&w, 0, "127.0.0.5/8");                  /* RFC 1122 3.2.1.3: not seen outside */
    add(&w, 0, "::1");
    assert_int_equal(aksu_address_add(w.net, w.device[0], "10.0.0.2/33"), AKSU_INVALID);
    alone_wait(&w, AKSU_SECONDS(100));
    assert_int_equal(w.frames, 0);
    alone_fini(&w);

    two_init(&bare, NULL);                      /* no link layer */
    assert_false(take_frame(&bare, CLIENT, &f));
    assert_true(aksu_next_timeout(bare.net[CLIENT]) == AKSU_NEVER);
    two_fini(&bare);
}

/* What it is for: a program starts again with another hardware address. */
static void a_peer_learns_the_new_hardware_address(void **state)
{
    (void)state;
    for (unsigned v6 = 0; v6 < 2; v6++) {
        struct alone w, again;
        const char *own = v6 ? "fd00::1/64" : "10.0.0.1/24";
        const char *theirs = v6 ? "fd00::2/64" : "10.0.0.2/24";
        const char *to = v6 ? "fd00::2" : "10.0.0.2";
        alone_init(&w, 1, 7);
        add(&w, 0, own);
        assert_true(alone_reachable(&w, to));
        alone_init(&again, 2, 9);
        add(&again, 0, theirs);
        alone_collect(&again);                  /* the first one is lost: not the answer */
        alone_give(&again, 0, w.frame[w.frames - 1].octet, w.frame[w.frames - 1].length);
        alone_forget(&again);
        alone_collect(&again);
        alone_give(&w, 0, again.frame[0].octet, again.frame[0].length);
        alone_collect(&w);
        assert_int_equal(w.frame[w.frames - 1].octet[4], 9);
        alone_fini(&again);

        alone_init(&again, 2, 11);
        add(&again, 0, theirs);
        alone_collect(&again);
        alone_give(&w, 0, again.frame[0].octet, again.frame[0].length);
        assert_true(alone_reachable(&w, to));
        assert_int_equal(w.frame[w.frames - 1].octet[4], 11);
        alone_fini(&again);
        alone_fini(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_ipv4_address),
        cmocka_unit_test(an_ipv6_address),
        cmocka_unit_test(an_address_that_goes_away),
        cmocka_unit_test(as_many_as_there_can_be),
        cmocka_unit_test(nobody_is_told),
        cmocka_unit_test(a_peer_learns_the_new_hardware_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
