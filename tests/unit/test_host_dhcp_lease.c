/* test_host_dhcp_lease.c - what becomes of a DHCP lease: renewed, rebound, refused, run out, given
 * back; and what it does to the stack (RFC 2131 4.4.5, 4.4.6; RFC 2132 3.3, 9). */
#include "dhcp_help.h"

static const struct dhcp_seen *last(void)
{
    assert_true(hw.count > 0 && hw.count <= DHCP_SEEN);
    return &hw.seen[hw.count - 1];
}

static void pass_until(aksu_time at)
{
    assert_true(at >= hw.two.now);
    dhcp_pass(at - hw.two.now);
}

/* --- renewing --- */

static void renewed_by_its_server(void **state)
{
    (void)state;
    dhcp_bound();
    aksu_time start = hw.two.now, fuzz = AKSU_SECONDS(1000) / 64;
    for (unsigned i = 1; i <= 3; i++) {
        aksu_time t1 = hw.dhcp.lease.t1, t2 = hw.dhcp.lease.t2;
        assert_in_range(t1, start + AKSU_SECONDS(500) - fuzz, start + AKSU_SECONDS(500));
        assert_in_range(t2, start + AKSU_SECONDS(875) - fuzz, start + AKSU_SECONDS(875));
        assert_int_equal(aksu_dhcp_next_timeout(&hw.dhcp), t1);
        pass_until(t1 - 1);
        assert_int_equal(hw.count, 1 + i);
        assert_false(hw.news);
        uint32_t xid = last()->m.xid;
        dhcp_pass(1);
        start = hw.two.now;
        const struct dhcp_seen *s = last();
        struct aksu_ip address = ip_text("10.0.0.7");
        assert_int_equal(hw.count, 2 + i);
        assert_true(s->unicast && !s->m.broadcast && s->m.type == DHCP_REQUEST);
        assert_memory_equal(&s->from.ip, &address, sizeof address);
        assert_memory_equal(s->m.ciaddr, hw.reply.yiaddr, 4);
        assert_memory_equal(s->m.requested, "\0\0\0\0", 4);
        assert_memory_equal(s->m.server, "\0\0\0\0", 4);
        assert_int_not_equal(s->m.xid, xid);
        assert_int_equal(hw.dhcp.state, AKSU_DHCP_BOUND);
        assert_int_equal(hw.dhcp.lease.end, start + AKSU_SECONDS(1000));
        assert_true(hw.news);
        hw.news = false;
    }
}

/* RFC 2131 4.4.5: half of what is left, but at least a minute. */
static void the_server_vanishes_and_another_takes_over(void **state)
{
    (void)state;
    dhcp_bound();
    const struct aksu_dhcp_lease lease = hw.dhcp.lease;
    hw.silent = true;
    pass_until(lease.t2 - 1);
    aksu_time left = lease.t2 - lease.t1, at = lease.t1;
    unsigned i = 2;
    for (; at < lease.t2; i++) {
        assert_int_equal(hw.seen[i].at, at);
        assert_true(hw.seen[i].unicast && hw.seen[i].m.type == DHCP_REQUEST);
        assert_int_equal(hw.seen[i].m.secs, (at - lease.t1) / AKSU_SECONDS(1));
        at += left / 2 > AKSU_SECONDS(60) ? left / 2 : AKSU_SECONDS(60);
        left = lease.t2 > at ? lease.t2 - at : 0;
    }
    assert_int_equal(hw.count, i);
    assert_int_equal(hw.dhcp.state, AKSU_DHCP_RENEWING);
    assert_int_equal(aksu_dhcp_next_timeout(&hw.dhcp), lease.t2);
    dhcp_pass(1);
    assert_int_equal(hw.dhcp.state, AKSU_DHCP_REBINDING);
    struct aksu_ip address = ip_text("10.0.0.7"), other = ip_text("10.0.0.9");
    assert_true(!last()->unicast && last()->m.type == DHCP_REQUEST);
    assert_memory_equal(&last()->from.ip, &address, sizeof address);
    assert_memory_equal(last()->m.ciaddr, hw.reply.yiaddr, 4);
    assert_memory_equal(last()->m.server, "\0\0\0\0", 4);
    left = lease.end - lease.t2;
    aksu_time wait = left / 2 > AKSU_SECONDS(60) ? left / 2 : AKSU_SECONDS(60);
    assert_int_equal(aksu_dhcp_next_timeout(&hw.dhcp), lease.t2 + wait);

    hw.silent = false;
    hw.reply.server[3] = 9;
    pass_until(lease.t2 + wait);
    assert_int_equal(hw.dhcp.state, AKSU_DHCP_BOUND);
    assert_memory_equal(&hw.dhcp.lease.server, &other, sizeof other);
    assert_int_equal(hw.dhcp.lease.end, hw.two.now + AKSU_SECONDS(1000));
    assert_true(dhcp_in_stack("10.0.0.7", 24));
}

static void a_lease_runs_out(void **state)
{
    (void)state;
    dhcp_bound();
    aksu_time end = hw.dhcp.lease.end;
    hw.silent = true;
    pass_until(end - 1);
    assert_int_equal(hw.dhcp.state, AKSU_DHCP_REBINDING);
    assert_true(dhcp_in_stack("10.0.0.7", 24) && dhcp_reaches("8.8.8.8"));
    assert_false(hw.news);
    dhcp_pass(1);
    assert_true(hw.news);
    assert_int_equal(hw.dhcp.state, AKSU_DHCP_SELECTING);
    assert_false(dhcp_in_stack("10.0.0.7", 24));
    assert_false(dhcp_reaches("10.0.0.1") || dhcp_reaches("8.8.8.8"));
    assert_int_equal(last()->m.type, DHCP_DISCOVER);
    assert_int_equal(hw.dhcp.lease.resolvers, 0);
    hw.silent = false;
    dhcp_pass(AKSU_SECONDS(2));
    assert_int_equal(hw.dhcp.state, AKSU_DHCP_BOUND);
    assert_true(dhcp_reaches("8.8.8.8"));
}

/* Nobody called for a day, as when a computer sleeps. */
static void a_long_sleep(void **state)
{
    (void)state;
    dhcp_bound();
    hw.two.now += AKSU_SECONDS(86400);
    assert_true(aksu_dhcp_work(&hw.dhcp, hw.two.now));
    assert_int_equal(hw.dhcp.state, AKSU_DHCP_SELECTING);
    assert_false(dhcp_in_stack("10.0.0.7", 24));
}

static void for_ever(void **state)
{
    (void)state;
    hw.reply.lease = UINT32_MAX;
    hw.reply.t1 = 7;
    hw.reply.t2 = 8;
    dhcp_bound();
    assert_int_equal(aksu_dhcp_next_timeout(&hw.dhcp), AKSU_NEVER);
    assert_int_equal(hw.dhcp.lease.end, AKSU_NEVER);
    dhcp_pass(AKSU_SECONDS(100000));
    assert_int_equal(hw.count, 2);
    hw.two.now = AKSU_NEVER - 5;
    assert_false(aksu_dhcp_work(&hw.dhcp, hw.two.now));
    assert_int_equal(hw.dhcp.state, AKSU_DHCP_BOUND);
}

static void refused_while_renewing(void **state)
{
    (void)state;
    dhcp_bound();
    hw.nak = true;
    hw.silent_to = DHCP_DISCOVER;
    pass_until(hw.dhcp.lease.t1);
    assert_true(hw.news);
    assert_int_equal(hw.dhcp.state, AKSU_DHCP_SELECTING);
    assert_false(dhcp_in_stack("10.0.0.7", 24));
}

/* Only the address that we have can be renewed. */
static void another_address_while_renewing(void **state)
{
    (void)state;
    dhcp_bound();
    hw.reply.yiaddr[3] = 8;
    pass_until(hw.dhcp.lease.t1);
    assert_int_equal(hw.dhcp.state, AKSU_DHCP_RENEWING);
    assert_true(dhcp_in_stack("10.0.0.7", 24));
    assert_false(hw.news);
}

static void times_that_were_told(void **state)
{
    (void)state;
    static const struct {
        uint32_t lease, t1, t2, t1_becomes, t2_becomes;         /* seconds */
    } times[] = {
        { 1000, 0, 0, 500, 875 }, { 1000, 100, 200, 100, 200 }, { 1000, 100, 0, 100, 875 },
        { 1000, 0, 300, 150, 300 }, { 1000, 0, 600, 500, 600 }, { 1000, 900, 950, 900, 950 },
        { 1000, 900, 0, 500, 875 }, { 1000, 500, 500, 250, 500 }, { 1000, 100, 1000, 100, 875 },
        { 1000, 2000, 3000, 500, 875 }, { 1000, UINT32_MAX, UINT32_MAX, 500, 875 },
        { 8, 0, 0, 4, 7 }, { 100000, 1, 0, 1, 87500 },
        { 8000, 0, 0, 4000, 7000 }, { 80000000, 0, 0, 40000000, 70000000 },
    };
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        hw.reply.lease = times[i].lease;
        hw.reply.t1 = times[i].t1;
        hw.reply.t2 = times[i].t2;
        dhcp_bound();
        aksu_time now = hw.two.now, fuzz = AKSU_SECONDS(times[i].lease) / 64;
        aksu_time least = AKSU_SECONDS(times[i].t1_becomes) / 32;
        fuzz = fuzz < least ? fuzz : least;
        fuzz = fuzz < AKSU_SECONDS(60) ? fuzz : AKSU_SECONDS(60);
        assert_in_range(hw.dhcp.lease.t1, now + AKSU_SECONDS(times[i].t1_becomes) - fuzz,
                        now + AKSU_SECONDS(times[i].t1_becomes));
        assert_in_range(hw.dhcp.lease.t2, now + AKSU_SECONDS(times[i].t2_becomes) - fuzz,
                        now + AKSU_SECONDS(times[i].t2_becomes));
        assert_true(hw.dhcp.lease.t1 <= hw.dhcp.lease.t2);
        assert_int_equal(hw.dhcp.lease.end, now + AKSU_SECONDS(times[i].lease));
        aksu_dhcp_stop(&hw.dhcp, now);
        dhcp_pass(AKSU_SECONDS(1));
    }
}

/* --- in the stack --- */

static void masks(void **state)
{
    (void)state;
    static const struct {
        uint8_t mask[4], first, bits;
    } masks[] = {
        { { 255, 255, 255, 255 }, 10, 32 }, { { 255, 255, 255, 254 }, 10, 31 },
        { { 255, 255, 255, 252 }, 10, 30 }, { { 255, 255, 254, 0 }, 10, 23 },
        { { 128, 0, 0, 0 }, 10, 1 }, { { 0, 0, 0, 0 }, 10, 8 }, { { 0, 0, 0, 0 }, 130, 16 },
        { { 0, 0, 0, 0 }, 200, 24 }, { { 255, 0, 255, 0 }, 10, 8 }, { { 0, 0, 0, 255 }, 200, 24 },
        { { 255, 255, 255, 1 }, 130, 16 },
    };
    char text[AKSU_IP_TEXT];
    for (size_t i = 0; i < sizeof masks / sizeof *masks; i++) {
        memcpy(hw.reply.mask, masks[i].mask, 4);
        hw.reply.yiaddr[0] = masks[i].first;
        hw.reply.yiaddr[3] = 6;
        dhcp_bound();
        assert_int_equal(hw.dhcp.lease.bits, masks[i].bits);
        aksu_ip_format(&hw.dhcp.lease.address, text);
        assert_true(dhcp_in_stack(text, masks[i].bits));
        assert_true(dhcp_reaches("8.8.8.8"));
        aksu_dhcp_stop(&hw.dhcp, hw.two.now);
        dhcp_pass(AKSU_SECONDS(5));
        assert_false(dhcp_in_stack(text, masks[i].bits));
        assert_false(dhcp_reaches("8.8.8.8") || dhcp_reaches("10.0.0.1"));
        hw.news = false;
    }
}

static void routers(void **state)
{
    (void)state;
    static const struct {
        uint8_t router[4];
        bool taken;
    } routers[] = {
        { { 10, 0, 0, 1 }, true }, { { 192, 168, 7, 1 }, true }, { { 169, 254, 1, 1 }, true },
        { { 0, 0, 0, 0 }, false }, { { 127, 0, 0, 1 }, false }, { { 224, 0, 0, 1 }, false },
        { { 255, 255, 255, 255 }, false }, { { 10, 0, 0, 7 }, false },
    };
    for (size_t i = 0; i < sizeof routers / sizeof *routers; i++) {
        memcpy(hw.reply.router, routers[i].router, 4);
        hw.reply.resolver[1][0] = routers[i].router[0];     /* only hosts are resolvers, too */
        dhcp_bound();
        assert_int_equal(dhcp_reaches("8.8.8.8"), routers[i].taken);
        assert_int_equal(hw.dhcp.lease.resolvers, routers[i].taken || i == 7 ? 2 : 1);
        assert_true(dhcp_reaches("10.0.0.200"));
        aksu_dhcp_stop(&hw.dhcp, hw.two.now);
        dhcp_pass(AKSU_SECONDS(1));
        assert_false(dhcp_reaches("192.168.7.1"));
    }
}

/* The datagram arrives: a router of another subnet is asked for on the link. */
static void a_router_outside_the_subnet(void **state)
{
    (void)state;
    aksu_udp to, from;
    char text[8];
    struct aksu_udp_open server = { .local = { ip_text("192.168.7.1"), 99 } };
    struct aksu_udp_open client = { .remote = { ip_text("192.168.7.1"), 99 } };
    memset(hw.reply.mask, 255, 4);
    memcpy(hw.reply.router, (const uint8_t[]){ 192, 168, 7, 1 }, 4);
    dhcp_bound();
    assert_int_equal(aksu_udp_open(hw.two.net[SERVER], &server, &to), AKSU_OK);
    assert_int_equal(aksu_udp_open(hw.two.net[CLIENT], &client, &from), AKSU_OK);
    assert_int_equal(aksu_udp_send(hw.two.net[CLIENT], from, NULL, "hello", 5, hw.two.now),
                     AKSU_OK);
    move(&hw.two);
    assert_int_equal(aksu_udp_receive(hw.two.net[SERVER], to, NULL, text, sizeof text), 5);
}

static void a_renewal_with_another_router_and_mask(void **state)
{
    (void)state;
    dhcp_bound();
    hw.reply.router[3] = 9;
    memcpy(hw.reply.mask, (const uint8_t[]){ 255, 255, 0, 0 }, 4);
    pass_until(hw.dhcp.lease.t1);
    assert_true(hw.news);
    assert_int_equal(hw.dhcp.state, AKSU_DHCP_BOUND);
    assert_true(dhcp_in_stack("10.0.0.7", 16) && !dhcp_in_stack("10.0.0.7", 24));
    assert_true(dhcp_reaches("8.8.8.8"));
    memset(hw.reply.router, 0, 4);
    pass_until(hw.dhcp.lease.t1);
    assert_true(dhcp_in_stack("10.0.0.7", 16));
    assert_false(dhcp_reaches("8.8.8.8"));
}

static void an_address_given_by_hand(void **state)
{
    (void)state;
    assert_int_equal(aksu_address_add(hw.two.net[CLIENT], hw.two.pair.device[CLIENT],
                                      "10.0.0.7/24"), AKSU_OK);
    dhcp_bound();
    pass_until(hw.dhcp.lease.t1);
    assert_int_equal(hw.dhcp.state, AKSU_DHCP_BOUND);
    aksu_dhcp_stop(&hw.dhcp, hw.two.now);
    dhcp_pass(AKSU_SECONDS(2));
    assert_true(dhcp_in_stack("10.0.0.7", 24));
}

static void a_stack_with_no_room(void **state)
{
    (void)state;
    char text[] = "10.1.0.00";
    unsigned added = 0;
    for (unsigned i = 0; i < 40; i++) {
        text[7] = (char)('1' + i / 10);
        text[8] = (char)('0' + i % 10);
        added += aksu_address_add(hw.two.net[CLIENT], hw.two.pair.device[CLIENT], text) == AKSU_OK;
    }
    assert_int_equal(added, 16);
    dhcp_begin();
    dhcp_pass(0);
    assert_int_equal(hw.dhcp.state, AKSU_DHCP_INIT);
    assert_int_equal(hw.count, 2);
    dhcp_pass(AKSU_SECONDS(10) - 1);
    assert_int_equal(hw.count, 2);
    assert_int_equal(aksu_address_remove(hw.two.net[CLIENT], hw.two.pair.device[CLIENT],
                                         "10.1.0.10"), AKSU_OK);
    dhcp_pass(1);
    assert_int_equal(hw.dhcp.state, AKSU_DHCP_BOUND);
}

/* --- the end --- */

static void given_back(void **state)
{
    (void)state;
    struct aksu_counters counters;
    dhcp_bound();
    dhcp_pass(AKSU_SECONDS(100));
    aksu_dhcp_stop(&hw.dhcp, hw.two.now);
    assert_int_equal(hw.dhcp.state, AKSU_DHCP_OFF);
    dhcp_pass(AKSU_SECONDS(1) - 1);
    assert_int_equal(hw.count, 3);
    struct aksu_ip address = ip_text("10.0.0.7");
    assert_true(last()->unicast && last()->m.type == DHCP_RELEASE);
    assert_memory_equal(&last()->from.ip, &address, sizeof address);
    assert_memory_equal(last()->m.ciaddr, hw.reply.yiaddr, 4);
    assert_memory_equal(last()->m.server, hw.reply.server, 4);
    assert_memory_equal(last()->m.requested, "\0\0\0\0", 4);
    assert_true(last()->parameters == 0 && last()->m.max_size == 0);
    assert_int_not_equal(last()->m.xid, hw.seen[1].m.xid);
    assert_true(dhcp_in_stack("10.0.0.7", 24));
    dhcp_pass(1);
    assert_false(dhcp_in_stack("10.0.0.7", 24) || dhcp_reaches("8.8.8.8"));
    assert_int_equal(aksu_dhcp_next_timeout(&hw.dhcp), AKSU_NEVER);
    aksu_counters(hw.two.net[CLIENT], &counters);
    assert_int_equal(counters.udp, 0);
    aksu_dhcp_stop(&hw.dhcp, hw.two.now);
    hw.silent = true;                       /* without a lease there is nothing to give back */
    dhcp_begin();
    dhcp_pass(AKSU_MS(100));
    uint32_t before = hw.count;
    aksu_dhcp_stop(&hw.dhcp, hw.two.now);
    dhcp_pass(AKSU_SECONDS(5));
    assert_int_equal(hw.count, before);
}

static void somebody_else_has_it(void **state)
{
    (void)state;
    hw.silent = true;
    dhcp_begin();
    assert_int_equal(aksu_dhcp_decline(&hw.dhcp, hw.two.now), AKSU_ILLEGAL);
    hw.silent = false;
    dhcp_pass(AKSU_SECONDS(2));
    assert_int_equal(hw.dhcp.state, AKSU_DHCP_BOUND);
    uint32_t before = hw.count;
    assert_int_equal(aksu_dhcp_decline(&hw.dhcp, hw.two.now), AKSU_OK);
    assert_false(dhcp_in_stack("10.0.0.7", 24));
    dhcp_pass(AKSU_SECONDS(10) - 1);
    assert_int_equal(hw.count, before + 1);
    struct aksu_ip zero = ip_text("0.0.0.0");
    assert_true(!last()->unicast && last()->m.type == DHCP_DECLINE);
    assert_memory_equal(&last()->from.ip, &zero, sizeof zero);
    assert_memory_equal(last()->m.requested, hw.reply.yiaddr, 4);
    assert_memory_equal(last()->m.server, hw.reply.server, 4);
    assert_memory_equal(last()->m.ciaddr, "\0\0\0\0", 4);
    assert_true(last()->parameters == 0 && last()->m.max_size == 0);
    dhcp_pass(1);
    assert_int_equal(hw.dhcp.state, AKSU_DHCP_BOUND);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, dhcp_setup, dhcp_teardown)
    const struct CMUnitTest tests[] = {
        TEST(renewed_by_its_server), TEST(the_server_vanishes_and_another_takes_over),
        TEST(a_lease_runs_out), TEST(a_long_sleep), TEST(for_ever), TEST(refused_while_renewing),
        TEST(another_address_while_renewing), TEST(times_that_were_told), TEST(masks),
        TEST(routers), TEST(a_router_outside_the_subnet),
        TEST(a_renewal_with_another_router_and_mask), TEST(an_address_given_by_hand),
        TEST(a_stack_with_no_room), TEST(given_back), TEST(somebody_else_has_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
