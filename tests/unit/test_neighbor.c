/* test_neighbor.c - the states of a neighbour in virtual time (RFC 4861 7.3.2, RFC 826): asking,
 * failing, growing stale, probing; bounds of the cache. */
#include "ip_help.h"

#include "neighbor/neighbor.h"

static struct neighbor_cache n;
static struct aksu_ip ours, peer, ours6, peer6;
static const uint8_t peer_mac[6] = { 2, 0, 0, 0, 0, 9 }, other_mac[6] = { 2, 0, 0, 0, 0, 7 };

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

static enum neighbor_answer resolve(const struct aksu_ip *ip, uint8_t mac[6], aksu_time now)
{
    return neighbor_resolve(&n, 1, ip, ip_is_v4(ip) ? &ours : &ours6, mac, now);
}

/* What the peer answers, as ARP or as an advertisement. */
static const char *answer(const struct aksu_ip *from, const uint8_t mac[6], aksu_time now)
{
    if (ip_is_v4(from)) {
        struct arp_packet a = { .operation = ARP_REPLY };
        memcpy(a.sender_mac, mac, 6);
        memcpy(a.sender_ip, ip_v4(from), 4);
        memcpy(a.target_ip, ip_v4(&ours), 4);
        return neighbor_arp(&n, 1, &a, true, false, now);
    }
    struct icmp_message m = { .kind = ICMP_NEIGHBOR_ADVERTISEMENT, .target = *from,
                              .solicited = true, .override = true, .has_link_address = true };
    memcpy(m.link_address, mac, 6);
    return neighbor_nd(&n, 1, from, &ours6, &m, false, now);
}

static unsigned owed(aksu_time now)
{
    struct neighbor_packet p;
    unsigned count = 0;
    while (neighbor_next_packet(&n, &p, now))
        count++;
    return count;
}

static void assert_news(const struct aksu_ip *ip, enum neighbor_state state)
{
    struct neighbor_news news = { 0 };
    assert_true(neighbor_next_news(&n, &news));
    assert_true(ip_eq(&news.ip, ip) && news.device == 1);
    assert_string_equal(neighbor_state_name(news.state), neighbor_state_name(state));
    assert_false(neighbor_next_news(&n, &news));
}

static void nobody_answers(void **state)
{
    (void)state;
    const struct aksu_ip *const who[2] = { &peer, &peer6 };
    uint8_t mac[6];
    for (unsigned i = 0; i < 2; i++) {
        aksu_time t = SECONDS(100);
        assert_int_equal(resolve(who[i], mac, t), NEIGHBOR_PENDING);
        assert_news(who[i], NEIGHBOR_INCOMPLETE);
        for (unsigned asked = 0; asked < 3; asked++) {      /* three times, a second apart */
            assert_int_equal(owed(t), 1);
            assert_int_equal(resolve(who[i], mac, t), NEIGHBOR_PENDING);
            assert_int_equal(owed(t), 0);                   /* traffic asks no faster */
            t += SECONDS(1);
            assert_true(neighbor_next_timeout(&n) == t);
            neighbor_timeouts(&n, t - 1);
            assert_int_equal(owed(t - 1), 0);
            neighbor_timeouts(&n, t);
        }
        assert_int_equal(owed(t), 0);
        assert_news(who[i], NEIGHBOR_FAILED);
        assert_int_equal(resolve(who[i], mac, t), NEIGHBOR_UNREACHABLE);
        t += NEIGHBOR_FAILED_HOLD;
        neighbor_timeouts(&n, t - 1);
        assert_int_equal(resolve(who[i], mac, t - 1), NEIGHBOR_UNREACHABLE);
        neighbor_timeouts(&n, t);
        assert_int_equal(n.count, 0);
        assert_true(neighbor_next_timeout(&n) == AKSU_NEVER);
        assert_int_equal(resolve(who[i], mac, t), NEIGHBOR_PENDING);    /* a new try */
        assert_int_equal(owed(t), 1);
        assert_null(answer(who[i], peer_mac, t));
        assert_int_equal(resolve(who[i], mac, t), NEIGHBOR_KNOWN);
        assert_memory_equal(mac, peer_mac, 6);
        assert_news(who[i], NEIGHBOR_REACHABLE);
        setup(NULL);
    }
}

static void a_late_answer_heals_a_failure(void **state)
{
    (void)state;
    uint8_t mac[6];
    resolve(&peer, mac, 0);
    for (unsigned s = 1; s <= 3; s++)
        neighbor_timeouts(&n, SECONDS(s));
    assert_int_equal(resolve(&peer, mac, SECONDS(3)), NEIGHBOR_UNREACHABLE);
    assert_null(answer(&peer, peer_mac, SECONDS(4)));
    assert_int_equal(resolve(&peer, mac, SECONDS(4)), NEIGHBOR_KNOWN);
    neighbor_timeouts(&n, SECONDS(6));
    assert_int_equal(resolve(&peer, mac, SECONDS(6)), NEIGHBOR_KNOWN);
}

/* REACHABLE, STALE, DELAY, PROBE, then asked for anew by everybody, then FAILED. */
static void the_life_of_a_neighbour(void **state)
{
    (void)state;
    const struct aksu_ip *const who[2] = { &peer, &peer6 };
    for (unsigned i = 0; i < 2; i++) {
        struct neighbor_packet p;
        uint8_t mac[6];
        aksu_time t = SECONDS(50);
        resolve(who[i], mac, t);
        owed(t);
        answer(who[i], peer_mac, t);
        assert_news(who[i], NEIGHBOR_REACHABLE);
        assert_in_range(n.reachable_time, SECONDS(15), SECONDS(45));
        t += n.reachable_time;
        neighbor_timeouts(&n, t - 1);
        assert_false(n.news > 0);
        neighbor_timeouts(&n, t);
        assert_news(who[i], NEIGHBOR_STALE);
        assert_true(neighbor_next_timeout(&n) == AKSU_NEVER);   /* silent for as long as unused */
        t += SECONDS(5000);
        assert_int_equal(resolve(who[i], mac, t), NEIGHBOR_KNOWN);
        assert_news(who[i], NEIGHBOR_DELAY);
        assert_int_equal(owed(t), 0);
        t += NEIGHBOR_DELAY_FIRST;
        neighbor_timeouts(&n, t);
        assert_news(who[i], NEIGHBOR_PROBE);
        for (unsigned probe = 0; probe < 3; probe++) {
            assert_true(neighbor_next_packet(&n, &p, t));
            assert_memory_equal(p.mac, peer_mac, 6);            /* unicast */
            assert_true(ip_eq(&p.destination, who[i]) && !p.reply);
            assert_int_equal(resolve(who[i], mac, t), NEIGHBOR_KNOWN);
            t += NEIGHBOR_RETRANS;
            neighbor_timeouts(&n, t);
        }
        assert_news(who[i], NEIGHBOR_INCOMPLETE);
        assert_int_equal(resolve(who[i], mac, t), NEIGHBOR_PENDING);
        assert_true(neighbor_next_packet(&n, &p, t));
        assert_true(p.mac[0] & 1);
        answer(who[i], other_mac, t);                           /* it has moved */
        assert_int_equal(resolve(who[i], mac, t), NEIGHBOR_KNOWN);
        assert_memory_equal(mac, other_mac, 6);
        setup(NULL);
    }
}

static void advice_from_above(void **state)
{
    (void)state;
    uint8_t mac[6];
    aksu_time t = SECONDS(1);
    neighbor_confirm(&n, 1, &peer, t);          /* of nobody: nothing */
    neighbor_suspect(&n, 1, &peer, t);
    assert_int_equal(n.count, 0);
    resolve(&peer, mac, t);
    owed(t);
    neighbor_confirm(&n, 1, &peer, t);          /* no address yet */
    assert_int_equal(resolve(&peer, mac, t), NEIGHBOR_PENDING);
    answer(&peer, peer_mac, t);
    for (unsigned i = 0; i < 100; i++) {        /* progress keeps it REACHABLE: RFC 4861 7.3.1 */
        t += n.reachable_time - 1;
        neighbor_timeouts(&n, t);
        assert_int_equal(owed(t), 0);
        neighbor_confirm(&n, 1, &peer, t);
    }
    neighbor_timeouts(&n, t + n.reachable_time - 1);
    struct neighbor_news news;
    while (neighbor_next_news(&n, &news))
        assert_int_equal(news.state, NEIGHBOR_REACHABLE);
    neighbor_suspect(&n, 1, &peer, t);          /* negative advice asks at once */
    assert_news(&peer, NEIGHBOR_PROBE);
    assert_int_equal(owed(t), 1);
    neighbor_suspect(&n, 1, &peer, t);
    assert_int_equal(owed(t), 0);
    neighbor_confirm(&n, 1, &peer, t);
    assert_news(&peer, NEIGHBOR_REACHABLE);
    neighbor_timeouts(&n, t + SECONDS(1));
    assert_int_equal(owed(t), 0);
}

static void groups_are_mapped(void **state)
{
    (void)state;
    static const struct { const char *ip; uint8_t mac[6]; } cases[] = {
        { "255.255.255.255", { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } },
        { "224.0.0.1", { 0x01, 0x00, 0x5e, 0x00, 0x00, 0x01 } },
        { "239.129.2.3", { 0x01, 0x00, 0x5e, 0x01, 0x02, 0x03 } },
        { "ff02::1:ff12:3456", { 0x33, 0x33, 0xff, 0x12, 0x34, 0x56 } },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct aksu_ip ip = ip_of(cases[i].ip);
        uint8_t mac[6];
        assert_int_equal(resolve(&ip, mac, 0), NEIGHBOR_KNOWN);
        assert_memory_equal(mac, cases[i].mac, 6);
    }
    assert_int_equal(n.count, 0);
}

static void devices_are_apart(void **state)
{
    (void)state;
    uint8_t mac[6];
    struct neighbor_packet p;
    resolve(&peer, mac, 0);
    assert_int_equal(neighbor_resolve(&n, 2, &peer, &ours, mac, 0), NEIGHBOR_PENDING);
    answer(&peer, peer_mac, 0);
    assert_int_equal(neighbor_resolve(&n, 2, &peer, &ours, mac, 0), NEIGHBOR_PENDING);
    assert_int_equal(resolve(&peer, mac, 0), NEIGHBOR_KNOWN);
    assert_true(neighbor_next_packet(&n, &p, 0));
    assert_int_equal(p.device, 2);
    assert_false(neighbor_next_packet(&n, &p, 0));
}

static struct aksu_ip numbered(uint32_t i)
{
    uint8_t v4[4] = { 10, 1, (uint8_t)(i >> 8), (uint8_t)i };
    return ip_from_v4(v4);
}

static void use_up(uint32_t from, uint32_t to, aksu_time now)
{
    uint8_t mac[6];
    for (uint32_t i = from; i < to; i++) {
        struct aksu_ip ip = numbered(i);
        assert_int_equal(resolve(&ip, mac, now), NEIGHBOR_PENDING);
        answer(&ip, peer_mac, now);
    }
    owed(now);
}

static void those_in_use_stay(void **state)
{
    (void)state;
    uint8_t mac[6];
    use_up(0, NEIGHBOR_MOST, SECONDS(1));
    struct aksu_ip more = numbered(9999), first = numbered(0), second = numbered(1);
    assert_int_equal(resolve(&more, mac, SECONDS(2)), NEIGHBOR_FULL);
    assert_int_equal(resolve(&first, mac, SECONDS(2)), NEIGHBOR_KNOWN);
    neighbor_timeouts(&n, SECONDS(60));         /* all STALE now */
    /* one of those least recently used gives way: the second */
    assert_int_equal(resolve(&more, mac, SECONDS(62)), NEIGHBOR_PENDING);
    assert_int_equal(n.count, NEIGHBOR_MOST);
    assert_int_equal(resolve(&first, mac, SECONDS(62)), NEIGHBOR_KNOWN);
    assert_int_equal(resolve(&second, mac, SECONDS(62)), NEIGHBOR_PENDING);
}

static void strangers_do_not_push_out_the_used(void **state)
{
    (void)state;
    uint8_t mac[6];
    use_up(0, NEIGHBOR_MOST, SECONDS(1));
    neighbor_timeouts(&n, SECONDS(60));
    struct arp_packet a = { .operation = ARP_REQUEST, .sender_mac = { 2, 1, 1, 1, 1, 1 },
                            .sender_ip = { 10, 0, 0, 77 } };
    memcpy(a.target_ip, ip_v4(&ours), 4);
    assert_null(neighbor_arp(&n, 1, &a, true, false, SECONDS(61)));
    assert_int_equal(owed(SECONDS(61)), 1);     /* answered, but not remembered */
    for (uint32_t i = 0; i < NEIGHBOR_MOST; i++) {
        struct aksu_ip ip = numbered(i);
        assert_int_equal(resolve(&ip, mac, SECONDS(61)), NEIGHBOR_KNOWN);
    }
}

static void a_flood_of_requests(void **state)
{
    (void)state;
    uint8_t mac[6];
    use_up(0, 10, SECONDS(1));
    neighbor_timeouts(&n, SECONDS(60));
    struct arp_packet a = { .operation = ARP_REQUEST, .sender_mac = { 2, 1, 1, 1, 1, 1 } };
    memcpy(a.target_ip, ip_v4(&ours), 4);
    for (uint32_t i = 0; i < 5000; i++) {
        struct aksu_ip sender = numbered(1000 + i);
        memcpy(a.sender_ip, ip_v4(&sender), 4);
        const char *why = neighbor_arp(&n, 1, &a, true, false, SECONDS(61));
        assert_true((why == NULL) == (i < NEIGHBOR_REPLIES));
        if (why != NULL)
            assert_string_equal(why, "too many answers owed");
    }
    assert_true(n.count <= NEIGHBOR_MOST);
    assert_int_equal(owed(SECONDS(61)), NEIGHBOR_REPLIES);
    for (uint32_t i = 0; i < 10; i++) {         /* what we use is still known, though it is stale */
        struct aksu_ip ip = numbered(i);
        assert_int_equal(resolve(&ip, mac, SECONDS(62)), NEIGHBOR_KNOWN);
    }
    for (uint32_t i = 0; i < NEIGHBOR_MOST - 10; i++) {     /* the gleaned give way to us */
        struct aksu_ip ip = numbered(20000 + i);
        assert_int_equal(resolve(&ip, mac, SECONDS(62)), NEIGHBOR_PENDING);
    }
}

static void asking_for_many_who_are_not_there(void **state)
{
    (void)state;
    uint8_t mac[6];
    unsigned full = 0;
    aksu_time t = 0;
    for (uint32_t i = 0; i < 2000; i++, t += MS(5)) {
        struct aksu_ip ip = numbered(i);
        neighbor_timeouts(&n, t);
        enum neighbor_answer got = resolve(&ip, mac, t);
        assert_true(got == NEIGHBOR_PENDING || got == NEIGHBOR_FULL);
        full += got == NEIGHBOR_FULL;
        assert_true(owed(t) <= NEIGHBOR_MOST);
    }
    assert_true(full > 0);
    for (unsigned s = 11; s < 30; s++)
        neighbor_timeouts(&n, SECONDS(s));
    assert_int_equal(n.count, 0);
    assert_int_equal(n.news + n.owed, 0);
}

/* Only the end of a search is of use to those who wait: another one asked for is none, and neither
 * is an address that changes. */
static void only_an_answer_wakes(void **state)
{
    (void)state;
    uint8_t mac[6];
    assert_int_equal(resolve(&peer, mac, AKSU_SECONDS(1)), NEIGHBOR_PENDING);
    assert_int_equal(resolve(&peer6, mac, AKSU_SECONDS(1)), NEIGHBOR_PENDING);
    assert_false(n.wakes);
    (void)answer(&peer, peer_mac, AKSU_SECONDS(1));
    assert_true(n.wakes);
    n.wakes = false;
    (void)answer(&peer, other_mac, AKSU_SECONDS(1));
    assert_false(n.wakes);
    for (unsigned s = 2; s < 9; s++)
        neighbor_timeouts(&n, AKSU_SECONDS(s));
    assert_true(n.wakes);                       /* the other one was given up */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(only_an_answer_wakes, setup),
        cmocka_unit_test_setup(nobody_answers, setup),
        cmocka_unit_test_setup(a_late_answer_heals_a_failure, setup),
        cmocka_unit_test_setup(the_life_of_a_neighbour, setup),
        cmocka_unit_test_setup(advice_from_above, setup),
        cmocka_unit_test_setup(groups_are_mapped, setup),
        cmocka_unit_test_setup(devices_are_apart, setup),
        cmocka_unit_test_setup(those_in_use_stay, setup),
        cmocka_unit_test_setup(strangers_do_not_push_out_the_used, setup),
        cmocka_unit_test_setup(a_flood_of_requests, setup),
        cmocka_unit_test_setup(asking_for_many_who_are_not_there, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
