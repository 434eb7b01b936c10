/* test_neighbor_packets.c - what ARP packets, solicitations and advertisements may change, and the
 * frames that are owed (RFC 826, RFC 4861 7.2). */
#include "ip_help.h"

#include <stdio.h>

#include "neighbor/neighbor.h"
#include "wire/ethernet.h"

static struct neighbor_cache n;
static struct aksu_ip ours, peer, ours6, peer6;
static const uint8_t our_mac[6] = { 2, 0, 0, 0, 0, 2 }, peer_mac[6] = { 2, 0, 0, 0, 0, 9 },
                     other_mac[6] = { 2, 0, 0, 0, 0, 7 }, group_mac[6] = { 3, 0, 0, 0, 0, 7 },
                     no_mac[6];

static int setup(void **state)
{
    (void)state;
    neighbor_init(&n, &(struct sipkey){ 1, 2 });
    ours = ip_of("10.0.0.2");
    peer = ip_of("10.0.0.9");
    ours6 = ip_of("fe80::2");
    peer6 = ip_of("fe80::aa:bbcc:9");
    return 0;
}

static struct arp_packet arp(uint16_t operation, const char *sender, const uint8_t mac[6])
{
    struct arp_packet a = { .operation = operation };
    struct aksu_ip ip = ip_of(sender);
    memcpy(a.sender_mac, mac, 6);
    memcpy(a.sender_ip, ip_v4(&ip), 4);
    memcpy(a.target_ip, ip_v4(&ours), 4);
    return a;
}

static enum neighbor_state state_of(const struct aksu_ip *ip)
{
    for (unsigned i = 0; i < NEIGHBOR_MOST; i++) {
        if (n.entry[i].state != NEIGHBOR_FREE && ip_eq(&n.entry[i].ip, ip))
            return (enum neighbor_state)n.entry[i].state;
    }
    return NEIGHBOR_FREE;
}

static void assert_known(const struct aksu_ip *ip, enum neighbor_state state, const uint8_t mac[6])
{
    assert_string_equal(neighbor_state_name(state_of(ip)), neighbor_state_name(state));
    for (unsigned i = 0; i < NEIGHBOR_MOST && mac != NULL; i++) {
        if (n.entry[i].state != NEIGHBOR_FREE && ip_eq(&n.entry[i].ip, ip))
            assert_memory_equal(n.entry[i].mac, mac, 6);
    }
}

static void requests_for_us_are_answered_and_remembered(void **state)
{
    (void)state;
    struct neighbor_packet p;
    struct arp_packet a = arp(ARP_REQUEST, "10.0.0.9", peer_mac);
    assert_null(neighbor_arp(&n, 1, &a, true, false, 0));
    assert_known(&peer, NEIGHBOR_STALE, peer_mac);
    assert_true(neighbor_next_packet(&n, &p, 0));
    assert_true(p.reply && p.device == 1);
    uint8_t frame[NEIGHBOR_FRAME_MOST];
    assert_int_equal(neighbor_build(&p, our_mac, frame, 41), 0);
    assert_int_equal(neighbor_build(&p, our_mac, frame, sizeof frame), 42);
    static const uint8_t want[42] = {
        2, 0, 0, 0, 0, 9, 2, 0, 0, 0, 0, 2, 8, 6, 0, 1, 8, 0, 6, 4, 0, 2,
        2, 0, 0, 0, 0, 2, 10, 0, 0, 2, 2, 0, 0, 0, 0, 9, 10, 0, 0, 9,
    };
    assert_memory_equal(frame, want, 42);
    assert_false(neighbor_next_packet(&n, &p, 0));
}

static void arp_that_changes_nothing(void **state)
{
    (void)state;
    static const struct {
        uint16_t operation;
        const char *sender;
        const uint8_t *mac;
        bool target, ours;
        const char *why;
    } cases[] = {
        { 3, "10.0.0.9", peer_mac, true, false, "ARP operation" },
        { 1, "10.0.0.2", peer_mac, true, true, "ARP from our own address" },
        { 1, "10.0.0.9", group_mac, true, false, "ARP sender's hardware address" },
        { 1, "10.0.0.9", no_mac, true, false, "ARP sender's hardware address" },
        { 1, "224.0.0.9", peer_mac, true, false, "ARP sender's address" },
        { 1, "255.255.255.255", peer_mac, true, false, "ARP sender's address" },
        { 2, "0.0.0.0", peer_mac, true, false, "ARP sender's address" },
        { 1, "10.0.0.9", peer_mac, false, false, "ARP for somebody else" },
        { 2, "10.0.0.9", peer_mac, true, false, "unsolicited ARP reply" },
        { 2, "10.0.0.9", peer_mac, false, false, "ARP for somebody else" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct arp_packet a = arp(cases[i].operation, cases[i].sender, cases[i].mac);
        const char *why = neighbor_arp(&n, 1, &a, cases[i].target, cases[i].ours, 0);
        assert_non_null(why);
        assert_string_equal(why, cases[i].why);
        assert_int_equal(n.count + n.replies, 0);
    }
    /* who has no address yet is answered but not remembered */
    struct arp_packet a = arp(ARP_REQUEST, "0.0.0.0", peer_mac);
    assert_null(neighbor_arp(&n, 1, &a, true, false, 0));
    assert_int_equal(n.count, 0);
    assert_int_equal(n.replies, 1);
}

/* The merge flag of RFC 826: any packet of a known sender updates its address. */
static void arp_updates_the_known(void **state)
{
    (void)state;
    uint8_t mac[6];
    neighbor_resolve(&n, 1, &peer, &ours, mac, 0);
    struct arp_packet a = arp(ARP_REQUEST, "10.0.0.9", peer_mac);
    assert_null(neighbor_arp(&n, 1, &a, false, false, 0));      /* asks for somebody else */
    assert_known(&peer, NEIGHBOR_STALE, peer_mac);
    a = arp(ARP_REPLY, "10.0.0.9", peer_mac);
    assert_null(neighbor_arp(&n, 1, &a, true, false, 0));
    assert_known(&peer, NEIGHBOR_STALE, peer_mac);              /* unasked: no proof */
    assert_int_equal(neighbor_resolve(&n, 1, &peer, &ours, mac, 0), NEIGHBOR_KNOWN);
    neighbor_confirm(&n, 1, &peer, 0);
    assert_null(neighbor_arp(&n, 1, &a, true, false, 0));
    assert_known(&peer, NEIGHBOR_REACHABLE, peer_mac);          /* the same: nothing */
    a = arp(ARP_REPLY, "10.0.0.9", other_mac);
    assert_null(neighbor_arp(&n, 1, &a, false, false, 0));
    assert_known(&peer, NEIGHBOR_STALE, other_mac);             /* must prove itself */
    assert_int_equal(n.replies, 0);
}

static struct icmp_message advertisement(bool solicited, bool override, const uint8_t *mac)
{
    struct icmp_message m = { .kind = ICMP_NEIGHBOR_ADVERTISEMENT, .target = peer6,
                              .solicited = solicited, .override = override,
                              .has_link_address = mac != NULL };
    if (mac != NULL)
        memcpy(m.link_address, mac, 6);
    return m;
}

/* Puts the neighbour into a state with peer_mac. */
static void bring(enum neighbor_state state)
{
    uint8_t mac[6];
    setup(NULL);
    neighbor_resolve(&n, 1, &peer6, &ours6, mac, 0);
    if (state == NEIGHBOR_INCOMPLETE)
        return;
    struct icmp_message m = advertisement(true, true, peer_mac);
    assert_null(neighbor_nd(&n, 1, &peer6, &ours6, &m, false, 0));
    if (state == NEIGHBOR_REACHABLE)
        return;
    neighbor_timeouts(&n, n.reachable_time);
    if (state == NEIGHBOR_STALE)
        return;
    neighbor_resolve(&n, 1, &peer6, &ours6, mac, n.reachable_time);
    if (state == NEIGHBOR_PROBE)
        neighbor_suspect(&n, 1, &peer6, n.reachable_time);
}

/* RFC 4861 7.2.5, row by row: state, S, O, address (0 none, 1 the same, 2 another), what comes of
 * it. */
static void advertisements(void **state)
{
    (void)state;
    enum { I = NEIGHBOR_INCOMPLETE, R = NEIGHBOR_REACHABLE, S = NEIGHBOR_STALE, D = NEIGHBOR_DELAY,
           P = NEIGHBOR_PROBE };
    static const struct {
        int from;
        uint8_t solicited, override, address;
        int to;
        uint8_t mac;
    } t[] = {
        { I, 1, 1, 0, I, 0 }, { I, 1, 0, 1, R, 1 }, { I, 0, 0, 1, S, 1 }, { I, 0, 1, 2, S, 2 },
        { R, 0, 0, 2, S, 1 }, { R, 1, 0, 2, S, 1 }, { S, 1, 0, 2, S, 1 }, { D, 0, 0, 2, D, 1 },
        { P, 1, 0, 2, P, 1 }, { R, 1, 1, 2, R, 2 }, { S, 1, 1, 2, R, 2 }, { P, 1, 1, 2, R, 2 },
        { R, 0, 1, 2, S, 2 }, { P, 0, 1, 2, S, 2 }, { R, 0, 1, 1, R, 1 }, { D, 0, 1, 1, D, 1 },
        { P, 1, 0, 1, R, 1 }, { S, 1, 0, 1, R, 1 }, { P, 1, 0, 0, R, 1 }, { D, 0, 0, 0, D, 1 },
        { S, 0, 0, 1, S, 1 }, { P, 0, 0, 0, P, 1 },
    };
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        const uint8_t *const macs[3] = { NULL, peer_mac, other_mac };
        bring((enum neighbor_state)t[i].from);
        struct icmp_message m = advertisement(t[i].solicited, t[i].override, macs[t[i].address]);
        neighbor_nd(&n, 1, &peer6, &ours6, &m, false, n.reachable_time);
        assert_known(&peer6, (enum neighbor_state)t[i].to, macs[t[i].mac]);
    }
}

static void advertisements_of_strangers(void **state)
{
    (void)state;
    struct icmp_message m = advertisement(true, true, peer_mac);
    assert_string_equal(neighbor_nd(&n, 1, &peer6, &ours6, &m, false, 0),
                        "advertisement of an unknown neighbour");
    assert_int_equal(n.count, 0);
    bring(NEIGHBOR_REACHABLE);
    m = advertisement(true, true, other_mac);
    assert_non_null(neighbor_nd(&n, 1, &peer6, &ours6, &m, true, 0));   /* of our own address */
    m = advertisement(true, true, group_mac);
    assert_non_null(neighbor_nd(&n, 1, &peer6, &ours6, &m, false, 0));
    assert_known(&peer6, NEIGHBOR_REACHABLE, peer_mac);
    m.kind = ICMP_ECHO_REQUEST;
    assert_non_null(neighbor_nd(&n, 1, &peer6, &ours6, &m, true, 0));
}

static struct icmp_message solicitation(const uint8_t *mac)
{
    struct icmp_message m = { .kind = ICMP_NEIGHBOR_SOLICITATION, .target = ours6,
                              .has_link_address = mac != NULL };
    if (mac != NULL)
        memcpy(m.link_address, mac, 6);
    return m;
}

/* Takes the packet owed, builds its frame and parses it again. */
static struct icmp_message owed_frame(struct ethernet_header *e, struct ipv6_header *h)
{
    struct neighbor_packet p;
    static uint8_t frame[NEIGHBOR_FRAME_MOST];
    struct icmp_message m = { 0 };
    assert_true(neighbor_next_packet(&n, &p, 0));
    size_t length = neighbor_build(&p, our_mac, frame, sizeof frame);
    assert_true(length > 0);
    struct reader r = reader_of(frame, length);
    assert_true(wire_ethernet_parse(&r, e));
    assert_int_equal(e->type, ETHERTYPE_IPV6);
    assert_memory_equal(e->source, our_mac, 6);
    assert_int_equal(wire_ipv6_parse(&r, h), IPV6_GOOD);
    assert_int_equal(wire_icmpv6_parse(&r, &h->source, &h->destination, h->hop_limit, &m),
                     ICMP_GOOD);
    assert_true(!m.has_link_address || memcmp(m.link_address, our_mac, 6) == 0);
    return m;
}

static void solicitations_are_answered(void **state)
{
    (void)state;
    struct ethernet_header e;
    struct ipv6_header h;
    struct aksu_ip group = ip_of("ff02::1:ff00:2"), nobody = ip_of("::");
    struct icmp_message m = solicitation(peer_mac);
    assert_non_null(neighbor_nd(&n, 1, &peer6, &group, &m, false, 0));
    assert_null(neighbor_nd(&n, 1, &peer6, &group, &m, true, 0));
    assert_known(&peer6, NEIGHBOR_STALE, peer_mac);
    struct icmp_message reply = owed_frame(&e, &h);
    assert_int_equal(reply.kind, ICMP_NEIGHBOR_ADVERTISEMENT);
    assert_true(reply.solicited && reply.override && !reply.router && reply.has_link_address);
    assert_true(ip_eq(&reply.target, &ours6) && ip_eq(&h.source, &ours6)
                && ip_eq(&h.destination, &peer6));
    assert_memory_equal(e.destination, peer_mac, 6);

    m = solicitation(NULL);             /* duplicate address detection: to all nodes */
    assert_null(neighbor_nd(&n, 1, &nobody, &group, &m, true, 0));
    reply = owed_frame(&e, &h);
    struct aksu_ip all = ip_of("ff02::1");
    assert_true(!reply.solicited && ip_eq(&h.destination, &all));
    assert_memory_equal(e.destination, ((const uint8_t[6]){ 0x33, 0x33, 0, 0, 0, 1 }), 6);

    assert_null(neighbor_nd(&n, 1, &peer6, &ours6, &m, true, 0));   /* to its known address */
    owed_frame(&e, &h);
    assert_memory_equal(e.destination, peer_mac, 6);
    struct aksu_ip stranger = ip_of("fe80::77");
    assert_non_null(neighbor_nd(&n, 1, &stranger, &ours6, &m, true, 0));
    assert_int_equal(n.count, 1);
}

static void solicitations_update_the_known(void **state)
{
    (void)state;
    struct aksu_ip group = ip_of("ff02::1:ff00:2");
    bring(NEIGHBOR_REACHABLE);
    struct icmp_message m = solicitation(peer_mac);
    neighbor_nd(&n, 1, &peer6, &group, &m, true, 0);
    assert_known(&peer6, NEIGHBOR_REACHABLE, peer_mac);
    m = solicitation(other_mac);
    neighbor_nd(&n, 1, &peer6, &group, &m, true, 0);
    assert_known(&peer6, NEIGHBOR_STALE, other_mac);
    bring(NEIGHBOR_INCOMPLETE);
    neighbor_nd(&n, 1, &peer6, &group, &m, true, 0);
    assert_known(&peer6, NEIGHBOR_STALE, other_mac);
}

static void our_solicitations(void **state)
{
    (void)state;
    struct ethernet_header e;
    struct ipv6_header h;
    bring(NEIGHBOR_INCOMPLETE);
    struct icmp_message m = owed_frame(&e, &h);
    struct aksu_ip group = ip_of("ff02::1:ffcc:9");
    assert_int_equal(m.kind, ICMP_NEIGHBOR_SOLICITATION);
    assert_true(ip_eq(&m.target, &peer6) && ip_eq(&h.destination, &group)
                && ip_eq(&h.source, &ours6) && m.has_link_address);
    assert_memory_equal(e.destination, ((const uint8_t[6]){ 0x33, 0x33, 0xff, 0xcc, 0, 9 }), 6);

    bring(NEIGHBOR_DELAY);
    struct neighbor_packet p;
    while (neighbor_next_packet(&n, &p, 0)) {
    }
    neighbor_suspect(&n, 1, &peer6, 0);
    m = owed_frame(&e, &h);
    assert_true(ip_eq(&m.target, &peer6) && ip_eq(&h.destination, &peer6));
    assert_memory_equal(e.destination, peer_mac, 6);

    setup(NULL);
    uint8_t mac[6], frame[NEIGHBOR_FRAME_MOST];
    neighbor_resolve(&n, 1, &peer, &ours, mac, 0);
    assert_true(neighbor_next_packet(&n, &p, 0));
    assert_int_equal(neighbor_build(&p, our_mac, frame, sizeof frame), 42);
    static const uint8_t want[42] = {
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 2, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1,
        2, 0, 0, 0, 0, 2, 10, 0, 0, 2, 0, 0, 0, 0, 0, 0, 10, 0, 0, 9,
    };
    assert_memory_equal(frame, want, 42);
}

/* Random packets and times: the counts stay true to the table, and nothing is owed for ever. */
static void a_storm(void **state)
{
    (void)state;
    uint64_t seed = 4;
    aksu_time now = 0;
    for (unsigned round = 0; round < 100000; round++) {
        char text[40];
        uint8_t mac[6];
        snprintf(text, sizeof text, "10.0.%u.%u", chance_below(&seed, 2), chance(&seed) & 255);
        struct aksu_ip ip = ip_of(text);
        chance_fill(&seed, mac, 6);
        struct arp_packet a = arp((uint16_t)(1 + chance(&seed) % 2), text, mac);
        struct neighbor_packet p;
        struct neighbor_news news;
        switch (chance_below(&seed, 6)) {
        case 0: neighbor_resolve(&n, 1, &ip, &ours, mac, now); break;
        case 1: neighbor_arp(&n, 1, &a, chance(&seed) & 1, false, now); break;
        case 2: neighbor_confirm(&n, 1, &ip, now); break;
        case 3: neighbor_suspect(&n, 1, &ip, now); break;
        case 4: neighbor_next_packet(&n, &p, now); break;
        case 5: neighbor_next_news(&n, &news); break;
        }
        now += MS(chance_below(&seed, 40));
        if (round % 3 == 0)
            neighbor_timeouts(&n, now);
        if (round % 100 == 0) {
            uint32_t count = 0, owed = 0, untold = 0;
            for (unsigned i = 0; i < NEIGHBOR_MOST; i++) {
                bool live = n.entry[i].state != NEIGHBOR_FREE;
                count += live;
                owed += live && n.entry[i].owed;
                untold += live && n.entry[i].news;
                assert_true(!live || n.deadline <= n.entry[i].until);
            }
            assert_int_equal(count, n.count);
            assert_int_equal(owed, n.owed);
            assert_int_equal(untold, n.news);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(requests_for_us_are_answered_and_remembered, setup),
        cmocka_unit_test_setup(arp_that_changes_nothing, setup),
        cmocka_unit_test_setup(arp_updates_the_known, setup),
        cmocka_unit_test_setup(advertisements, setup),
        cmocka_unit_test_setup(advertisements_of_strangers, setup),
        cmocka_unit_test_setup(solicitations_are_answered, setup),
        cmocka_unit_test_setup(solicitations_update_the_known, setup),
        cmocka_unit_test_setup(our_solicitations, setup),
        cmocka_unit_test_setup(a_storm, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
