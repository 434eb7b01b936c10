/* test_host_dhcp.c - how a DHCP client gets a lease: the messages, what is repeated and when, what
 * is not taken (RFC 2131 3.1, 4.1, 4.4.1; RFC 2132 9). */
#include "dhcp_help.h"

static uint64_t ms_between(unsigned a, unsigned b)
{
    return (hw.seen[b].at - hw.seen[a].at) / AKSU_MS(1);
}

static void a_lease(void **state)
{
    (void)state;
    static const struct dhcp_message none;
    dhcp_bound();
    assert_int_equal(hw.count, 2);
    const struct dhcp_seen *discover = &hw.seen[0], *request = &hw.seen[1];
    assert_int_equal(discover->m.type, DHCP_DISCOVER);
    for (const struct dhcp_seen *s = discover; s <= request; s++) {
        struct aksu_ip zero = ip_text("0.0.0.0");
        assert_memory_equal(&s->from.ip, &zero, sizeof zero);
        assert_int_equal(s->from.port, 68);
        assert_true(!s->unicast && s->m.broadcast);
        assert_memory_equal(s->m.ciaddr, none.ciaddr, 4);
        assert_memory_equal(s->client, "\1\2\0\0\0\0\1", 7);
        assert_int_equal(s->m.max_size, 1472);
        assert_int_equal(s->parameters, 8);
        assert_int_equal(s->m.lease, 0);
    }
    assert_memory_equal(discover->m.requested, none.requested, 4);
    assert_memory_equal(discover->m.server, none.server, 4);
    assert_int_equal(request->m.type, DHCP_REQUEST);
    assert_memory_equal(request->m.requested, hw.reply.yiaddr, 4);
    assert_memory_equal(request->m.server, hw.reply.server, 4);
    assert_int_equal(request->m.xid, discover->m.xid);

    const struct aksu_dhcp_lease *lease = &hw.dhcp.lease;
    struct aksu_ip address = ip_text("10.0.0.7"), router = ip_text("10.0.0.1");
    assert_memory_equal(&lease->address, &address, 16);
    assert_memory_equal(&lease->router, &router, 16);
    assert_memory_equal(&lease->server, &router, 16);
    assert_memory_equal(&lease->resolver[0], &router, 16);
    assert_int_equal(lease->bits, 24);
    assert_int_equal(lease->resolvers, 2);
    assert_int_equal(lease->mtu, 1400);
    assert_int_equal(lease->end, hw.two.now + AKSU_SECONDS(1000));
    assert_true(dhcp_in_stack("10.0.0.7", 24));
    assert_true(dhcp_reaches("10.0.0.200") && dhcp_reaches("8.8.8.8"));
}

static void nobody_answers(void **state)
{
    (void)state;
    static const unsigned wait[] = { 1, 4, 8, 16, 32, 64, 64, 64 };
    hw.silent = true;
    dhcp_begin();
    dhcp_pass(AKSU_SECONDS(265));
    assert_in_range(hw.count, 9, 10);
    uint64_t odd = 0;
    for (unsigned i = 0; i < 8; i++) {
        uint64_t ms = ms_between(i, i + 1), margin = i == 0 ? 250 : 1000;
        assert_in_range(ms, wait[i] * 1000 - margin, wait[i] * 1000 + margin);
        odd += ms % 1000 != 0;
        assert_int_equal(hw.seen[i + 1].m.xid, hw.seen[0].m.xid);
        assert_int_equal(hw.seen[i + 1].m.type, DHCP_DISCOVER);
        assert_int_equal(hw.seen[i + 1].m.secs, ms_between(0, i + 1) / 1000);
    }
    assert_true(odd >= 6);                  /* at random */
    assert_int_equal(hw.dhcp.state, AKSU_DHCP_SELECTING);
    assert_false(hw.news);
    hw.silent = false;                      /* late is not too late */
    dhcp_pass(AKSU_SECONDS(65));
    assert_int_equal(hw.dhcp.state, AKSU_DHCP_BOUND);
}

static void requests_are_repeated_then_all_begins_anew(void **state)
{
    (void)state;
    static const unsigned wait[] = { 1, 4, 8, 16, 32 };
    hw.silent_to = DHCP_REQUEST;
    dhcp_begin();
    dhcp_pass(AKSU_SECONDS(66));
    for (unsigned i = 1; i <= 5; i++) {
        uint64_t ms = ms_between(i, i + 1), expected = wait[i - 1] * 1000;
        assert_int_equal(hw.seen[i].m.type, DHCP_REQUEST);
        assert_int_equal(hw.seen[i].m.xid, hw.seen[0].m.xid);
        assert_int_equal(hw.seen[i].m.secs, hw.seen[0].m.secs);
        assert_in_range(ms, expected - 1000, expected + 1000);
    }
    assert_int_equal(hw.seen[6].m.type, DHCP_DISCOVER);
    assert_int_not_equal(hw.seen[6].m.xid, hw.seen[0].m.xid);
    assert_int_equal(hw.seen[6].m.secs, 0);
    hw.silent_to = 0;
    dhcp_pass(AKSU_SECONDS(5));
    assert_int_equal(hw.dhcp.state, AKSU_DHCP_BOUND);
}

/* The lease counts from the first DHCPREQUEST, not from its answer. */
static void a_late_answer(void **state)
{
    (void)state;
    hw.silent_to = DHCP_REQUEST;
    dhcp_begin();
    aksu_time start = hw.two.now;
    dhcp_pass(AKSU_SECONDS(3));
    hw.silent_to = 0;
    dhcp_pass(AKSU_SECONDS(4));
    assert_int_equal(hw.dhcp.state, AKSU_DHCP_BOUND);
    assert_int_equal(hw.dhcp.lease.end, start + AKSU_SECONDS(1000));
}

/* --- lies --- */

static void other_xid(struct dhcp_message *r) { r->xid ^= 1; }
static void other_mac(struct dhcp_message *r) { r->chaddr[5] ^= 1; }
static void a_request(struct dhcp_message *r) { r->reply = false; }
static void an_ack(struct dhcp_message *r) { r->type = DHCP_ACK; }
static void a_nak(struct dhcp_message *r) { r->type = DHCP_NAK; }
static void unknown_type(struct dhcp_message *r) { r->type = 77; }
static void no_server(struct dhcp_message *r) { memset(r->server, 0, 4); }
static void no_time(struct dhcp_message *r) { r->lease = 0; }
static void no_address(struct dhcp_message *r) { memset(r->yiaddr, 0, 4); }
static void this_net(struct dhcp_message *r) { r->yiaddr[0] = 0; }
static void loopback(struct dhcp_message *r) { r->yiaddr[0] = 127; }
static void group(struct dhcp_message *r) { r->yiaddr[0] = 224; }
static void reserved(struct dhcp_message *r) { r->yiaddr[0] = 250; }
static void everybody(struct dhcp_message *r) { memset(r->yiaddr, 255, 4); }
static void subnet(struct dhcp_message *r) { r->yiaddr[3] = 0; }
static void subnet_broadcast(struct dhcp_message *r) { r->yiaddr[3] = 255; }
static void group_server(struct dhcp_message *r) { r->server[0] = 239; }

static void what_is_no_offer(void **state)
{
    (void)state;
    static void (*const lies[])(struct dhcp_message *) = {
        other_xid, other_mac, a_request, an_ack, a_nak, unknown_type, no_server, no_time,
        no_address, this_net, loopback, group, reserved, everybody, subnet,
        subnet_broadcast, group_server };
    dhcp_begin();
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        uint32_t before = hw.count;
        hw.lie = lies[i];
        dhcp_pass(AKSU_SECONDS(66));
        assert_true(hw.count > before);
        assert_int_equal(hw.dhcp.state, AKSU_DHCP_SELECTING);
    }
    assert_false(hw.news);
    hw.lie = NULL;
    dhcp_pass(AKSU_SECONDS(66));
    assert_int_equal(hw.dhcp.state, AKSU_DHCP_BOUND);
}

static void (*lie_in_the_ack)(struct dhcp_message *r);

static void only_the_ack(struct dhcp_message *r)
{
    if (r->type == DHCP_ACK)
        lie_in_the_ack(r);
}

static void an_offer(struct dhcp_message *r) { r->type = DHCP_OFFER; }
static void other_server(struct dhcp_message *r) { r->server[3] = 9; }
static void other_server_refuses(struct dhcp_message *r) { other_server(r); a_nak(r); }
static void other_address(struct dhcp_message *r) { r->yiaddr[3] = 8; }

static void what_is_no_ack(void **state)
{
    (void)state;
    static void (*const lies[])(struct dhcp_message *) = {
        other_xid, other_mac, a_request, an_offer, unknown_type, no_server, no_time, no_address,
        other_server, other_server_refuses, other_address };
    hw.lie = only_the_ack;
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        lie_in_the_ack = lies[i];
        dhcp_begin();
        dhcp_pass(AKSU_SECONDS(20));
        assert_int_equal(hw.dhcp.state, AKSU_DHCP_REQUESTING);
        assert_false(hw.news);
        assert_false(dhcp_in_stack("10.0.0.7", 24));
        aksu_dhcp_stop(&hw.dhcp, hw.two.now);
    }
}

/* --- refused --- */

static void a_refusal_is_not_answered_faster_and_faster(void **state)
{
    (void)state;
    static const unsigned wait[] = { 0, 2, 4, 8, 16, 32, 64, 64 };
    hw.nak = true;
    dhcp_begin();
    dhcp_pass(AKSU_SECONDS(192));
    assert_int_equal(hw.count, 2 * 9);
    for (unsigned i = 0; i < 8; i++)
        assert_int_equal(ms_between(2 * i, 2 * i + 2), 1000 * wait[i]);
    hw.nak = false;
    dhcp_pass(AKSU_SECONDS(65));
    assert_int_equal(hw.dhcp.state, AKSU_DHCP_BOUND);
    assert_int_equal(hw.dhcp.naks, 0);
}

/* --- calls --- */

static void starting(void **state)
{
    (void)state;
    static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 1 }, none[6];
    struct aksu *net = hw.two.net[CLIENT];
    aksu_device device = hw.two.pair.device[CLIENT], wrong = { 7 }, zero = { 0 };
    aksu_time now = hw.two.now;
    aksu_dhcp_stop(&hw.dhcp, now);
    assert_false(aksu_dhcp_work(&hw.dhcp, now));
    assert_int_equal(aksu_dhcp_next_timeout(&hw.dhcp), AKSU_NEVER);
    assert_int_equal(aksu_dhcp_start(&hw.dhcp, net, device, none, 1, now), AKSU_INVALID);
    assert_int_equal(aksu_dhcp_start(&hw.dhcp, net, zero, mac, 1, now), AKSU_INVALID);
    assert_int_equal(aksu_dhcp_start(&hw.dhcp, net, wrong, mac, 1, now), AKSU_INVALID);
    assert_int_equal(hw.dhcp.state, AKSU_DHCP_OFF);
    assert_int_equal(aksu_dhcp_next_timeout(&hw.dhcp), AKSU_NEVER);
    struct aksu_dhcp second;
    dhcp_begin();
    assert_int_equal(hw.dhcp.state, AKSU_DHCP_SELECTING);
    assert_int_equal(aksu_dhcp_start(&second, net, device, mac, 1, now), AKSU_ALREADY_EXISTS);
    aksu_dhcp_stop(&hw.dhcp, now);
    assert_int_equal(aksu_dhcp_next_timeout(&hw.dhcp), AKSU_NEVER);
    assert_int_equal(aksu_dhcp_start(&second, net, device, mac, 1, now), AKSU_OK);
}

static void which_readiness_is_ours(void **state)
{
    (void)state;
    struct aksu_ready r, other = { .udp = { 3, 99 } };
    dhcp_begin();
    assert_false(aksu_dhcp_owns(&hw.dhcp, &other));
    assert_false(aksu_dhcp_owns(&hw.dhcp, &(struct aksu_ready){ 0 }));
    dhcp_pass(0);
    assert_true(aksu_next_ready(hw.two.net[CLIENT], &r));
    assert_true(aksu_dhcp_owns(&hw.dhcp, &r));
    assert_false(aksu_next_ready(hw.two.net[CLIENT], &r));
}

static void names_of_the_states(void **state)
{
    (void)state;
    static const char *const name[] = { "OFF", "INIT", "SELECTING", "REQUESTING", "BOUND",
                                        "RENEWING", "REBINDING" };
    for (unsigned i = 0; i < 7; i++)
        assert_string_equal(aksu_dhcp_state_name((enum aksu_dhcp_state)i), name[i]);
}

/* --- anything --- */

static uint64_t chaos;

static void mutate(uint8_t *text, size_t *length)
{
    for (unsigned n = 1 + chance_below(&chaos, 4); n > 0; n--) {
        uint32_t at = chance_below(&chaos, 3) == 0 ? chance_below(&chaos, (uint32_t)*length)
                                                   : 236 + chance_below(&chaos, 64);
        text[at] = (uint8_t)chance(&chaos);
    }
    if (chance_below(&chaos, 8) == 0)
        *length = chance_below(&chaos, (uint32_t)*length);
}

/* Whatever a server says: the client is in one of its states, and when it is bound the stack has
 * the address that it says it has. */
static void mutated_servers(void **state)
{
    (void)state;
    unsigned bound = 0;
    struct aksu_address a;
    hw.damage = mutate;
    for (unsigned i = 0; i < 3000; i++) {
        uint32_t count = 0;
        dhcp_begin();
        dhcp_pass(AKSU_SECONDS(30));
        while (aksu_address_at(hw.two.net[CLIENT], count, &a))
            count++;
        bool has = hw.dhcp.state >= AKSU_DHCP_BOUND;
        assert_int_equal(count, has);
        if (has)
            assert_memory_equal(&a.ip, &hw.dhcp.lease.address, sizeof a.ip);
        bound += has;
        aksu_dhcp_stop(&hw.dhcp, hw.two.now);
        dhcp_pass(AKSU_SECONDS(2));
        assert_false(aksu_address_at(hw.two.net[CLIENT], 0, &a));
    }
    assert_in_range(bound, 1000, 3000);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, dhcp_setup, dhcp_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_lease), TEST(nobody_answers), TEST(requests_are_repeated_then_all_begins_anew),
        TEST(a_late_answer), TEST(what_is_no_offer), TEST(what_is_no_ack),
        TEST(a_refusal_is_not_answered_faster_and_faster), TEST(starting),
        TEST(which_readiness_is_ours), TEST(names_of_the_states), TEST(mutated_servers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
