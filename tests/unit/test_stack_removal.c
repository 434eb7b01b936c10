/* test_stack_removal.c - addresses and routes that go away again, and the list of addresses. */
#include "alone_help.h"

#include "base/bytes.h"

static bool reachable(struct alone *w, const char *ip)
{
    struct aksu_ip to = ip_of_text(ip);
    alone_forget(w);
    enum aksu_status status = aksu_echo_send(w->net, &to, 1, 1, "x", 1, 0, w->now);
    assert_true(status == AKSU_OK || status == AKSU_UNREACHABLE_NET);
    alone_collect(w);
    return status == AKSU_OK;
}

static unsigned addresses(const struct alone *w)
{
    struct aksu_address a;
    unsigned n = 0;
    while (aksu_address_at(w->net, n, &a))
        n++;
    return n;
}

static enum aksu_status removed(struct alone *w, unsigned device, const char *text)
{
    return aksu_address_remove(w->net, w->device[device], text);
}

static void an_address_goes_with_its_route(void **state)
{
    (void)state;
    struct alone w;
    struct aksu_address a;
    alone_init(&w, 1, 7);
    alone_add(&w, 0, "10.0.0.2/24");
    alone_add(&w, 1, "10.1.0.2/16");
    assert_int_equal(addresses(&w), 2);
    assert_true(reachable(&w, "10.0.0.9"));
    assert_true(aksu_address_at(w.net, 1, &a));
    struct aksu_ip wanted = ip_of_text("10.1.0.2");
    assert_memory_equal(&a.ip, &wanted, sizeof wanted);
    assert_int_equal(a.device.index, 2);
    assert_int_equal(a.bits, 16);
    assert_int_equal(a.state, AKSU_ADDRESS_PREFERRED);
    assert_false(a.autoconfigured);
    assert_true(a.valid_until == AKSU_NEVER);

    assert_int_equal(removed(&w, 1, "10.0.0.2/24"), AKSU_DOES_NOT_EXIST);
    assert_int_equal(removed(&w, 0, "10.0.0.3/24"), AKSU_DOES_NOT_EXIST);
    assert_int_equal(removed(&w, 0, "10.0.0"), AKSU_INVALID);
    assert_int_equal(aksu_address_remove(w.net, (aksu_device){ 9 }, "10.0.0.2"), AKSU_INVALID);
    assert_int_equal(removed(&w, 0, "10.0.0.2"), AKSU_OK);
    assert_int_equal(removed(&w, 0, "10.0.0.2"), AKSU_DOES_NOT_EXIST);
    assert_int_equal(addresses(&w), 1);
    assert_false(reachable(&w, "10.0.0.9"));
    assert_true(reachable(&w, "10.1.0.9"));
    alone_add(&w, 0, "10.0.0.2/24");
    assert_true(reachable(&w, "10.0.0.9"));
    alone_fini(&w);
}

static void a_route_that_others_need_stays(void **state)
{
    (void)state;
    struct alone w;
    alone_init(&w, 1, 7);
    alone_add(&w, 0, "10.0.0.2/24");
    alone_add(&w, 0, "10.0.0.3/24");
    alone_add(&w, 1, "10.0.0.4/24");
    assert_int_equal(removed(&w, 0, "10.0.0.2"), AKSU_OK);
    assert_true(reachable(&w, "10.0.0.9"));
    assert_int_equal(w.frame[0].device, 1);
    assert_int_equal(removed(&w, 0, "10.0.0.3"), AKSU_OK);
    assert_true(reachable(&w, "10.0.0.9"));
    assert_int_equal(w.frame[0].device, 2);
    /* a route that was given in the place of the connected one is not an address's */
    assert_int_equal(aksu_route_add(w.net, w.device[1], "10.0.0.0/24", "10.0.0.1"), AKSU_OK);
    alone_add(&w, 1, "10.9.0.4/24");
    assert_int_equal(removed(&w, 1, "10.0.0.4"), AKSU_OK);
    assert_true(reachable(&w, "10.0.0.9"));
    assert_memory_equal(w.frame[0].octet + 38, "\12\0\0\1", 4);
    alone_fini(&w);
}

static void routes_go(void **state)
{
    (void)state;
    struct alone w;
    alone_init(&w, 1, 7);
    alone_add(&w, 0, "10.0.0.2/24");
    assert_int_equal(aksu_route_add(w.net, w.device[0], "0.0.0.0/0", "10.0.0.1"), AKSU_OK);
    assert_int_equal(aksu_route_add(w.net, w.device[0], "10.7.0.0/16", "10.0.0.7"), AKSU_OK);
    assert_int_equal(aksu_route_remove(w.net, w.device[1], "0.0.0.0/0"), AKSU_DOES_NOT_EXIST);
    assert_int_equal(aksu_route_remove(w.net, w.device[0], "0.0.0.0/1"), AKSU_DOES_NOT_EXIST);
    assert_int_equal(aksu_route_remove(w.net, w.device[0], "x"), AKSU_INVALID);
    assert_int_equal(aksu_route_remove(w.net, (aksu_device){ 0 }, "0.0.0.0/0"), AKSU_INVALID);
    assert_int_equal(aksu_route_remove(w.net, w.device[0], "10.7.9.9/16"), AKSU_OK);
    assert_true(reachable(&w, "10.7.0.1"));
    assert_memory_equal(w.frame[0].octet + 38, "\12\0\0\1", 4);
    assert_int_equal(aksu_route_remove(w.net, w.device[0], "0.0.0.0/0"), AKSU_OK);
    assert_false(reachable(&w, "10.7.0.1"));
    assert_true(reachable(&w, "10.0.0.9"));
    alone_fini(&w);
}

/* Nobody is asked for in the name of an address that is gone, nor is it answered for. */
static void an_address_that_is_gone_is_not_heard_of(void **state)
{
    (void)state;
    struct alone w;
    uint8_t arp[42] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 99, 1, 8, 6, 0, 1, 8, 0, 6,
                        4, 0, 1, 2, 0, 0, 0, 99, 1, 10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 10, 0, 0, 2 };
    alone_init(&w, 1, 7);
    alone_add(&w, 0, "10.0.0.2/24");
    assert_true(reachable(&w, "10.0.0.9"));             /* asks three times */
    assert_int_equal(w.frames, 1);
    alone_give(&w, 0, arp, sizeof arp);
    alone_collect(&w);
    assert_int_equal(w.frames, 2);
    assert_int_equal(removed(&w, 0, "10.0.0.2"), AKSU_OK);
    alone_forget(&w);
    alone_give(&w, 0, arp, sizeof arp);
    alone_wait(&w, AKSU_SECONDS(20));
    for (uint32_t i = 0; i < w.frames; i++)
        assert_memory_not_equal(w.frame[i].octet + 28, "\12\0\0\2", 4);
    alone_fini(&w);
}

/* RFC 9293 3.9.2: what a connection was bound to is not received any more, without harm. */
static void a_connection_lives_on(void **state)
{
    (void)state;
    struct alone w;
    aksu_conn c;
    struct aksu_info info;
    alone_init(&w, 1, 7);
    alone_add(&w, 0, "10.0.0.2/24");
    struct aksu_open how = { .remote = { ip_of_text("10.0.0.9"), 80 } };
    assert_int_equal(aksu_open(w.net, &how, &c, w.now), AKSU_OK);
    assert_int_equal(removed(&w, 0, "10.0.0.2"), AKSU_OK);
    alone_wait(&w, AKSU_SECONDS(30));
    assert_int_equal(aksu_status(w.net, c, &info), AKSU_OK);
    assert_int_equal(info.state, AKSU_TCP_SYN_SENT);
    assert_int_equal(aksu_abort(w.net, c, w.now), AKSU_OK);
    alone_fini(&w);
}

static void an_automatic_address_comes_back(void **state)
{
    (void)state;
    struct alone w;
    struct aksu_address a;
    struct advert ra;
    char text[AKSU_IP_TEXT];
    alone_init(&w, 1, 7);
    assert_int_equal(aksu_autoconfigure(w.net, w.device[0], w.now), AKSU_OK);
    advert_init(&ra, 1800);
    advert_prefix(&ra, "2001:db8::", 64, AUTONOMOUS, 1000, 1000);
    advert_give(&w, &ra);
    alone_wait(&w, AKSU_SECONDS(3));
    assert_true(address_of(&w, AKSU_ADDRESS_PREFERRED, "2001:db8:", &a));
    aksu_ip_format(&a.ip, text);
    assert_int_equal(removed(&w, 0, text), AKSU_OK);
    assert_int_equal(addresses(&w), 1);
    alone_wait(&w, AKSU_SECONDS(10));
    assert_int_equal(addresses(&w), 1);
    advert_give(&w, &ra);
    assert_int_equal(addresses(&w), 2);
    alone_add(&w, 0, text);                                   /* by hand, while it is asked for */
    alone_wait(&w, AKSU_SECONDS(5000));
    assert_true(address_of(&w, AKSU_ADDRESS_PREFERRED, "2001:db8:", &a));
    assert_false(a.autoconfigured);
    assert_int_equal(addresses(&w), 2);
    alone_fini(&w);
}

/* A table that is full takes no automatic address, and has room for it later. */
static void a_full_table(void **state)
{
    (void)state;
    struct alone w;
    struct aksu_address a;
    struct advert ra;
    char text[] = "10.0.0.10";
    alone_init(&w, 1, 7);
    for (unsigned i = 0; i < 16; i++) {
        text[8] = (char)('0' + i % 10);
        text[7] = (char)('1' + i / 10);
        alone_add(&w, 0, text);
    }
    assert_int_equal(aksu_autoconfigure(w.net, w.device[0], w.now), AKSU_OK);
    advert_init(&ra, 1800);
    advert_prefix(&ra, "2001:db8::", 64, AUTONOMOUS, 1000, 1000);
    advert_give(&w, &ra);
    assert_int_equal(addresses(&w), 18);
    alone_wait(&w, AKSU_SECONDS(3));
    assert_true(alone_logged(&w, "not added 2001:db8:"));
    assert_int_equal(addresses(&w), 16);
    assert_int_equal(removed(&w, 0, text), AKSU_OK);
    advert_give(&w, &ra);
    alone_wait(&w, AKSU_SECONDS(3));
    assert_true(address_of(&w, AKSU_ADDRESS_PREFERRED, "2001:db8:", &a));
    alone_fini(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_goes_with_its_route),
        cmocka_unit_test(a_route_that_others_need_stays),
        cmocka_unit_test(routes_go),
        cmocka_unit_test(an_address_that_is_gone_is_not_heard_of),
        cmocka_unit_test(a_connection_lives_on),
        cmocka_unit_test(an_automatic_address_comes_back),
        cmocka_unit_test(a_full_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
