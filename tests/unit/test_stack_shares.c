/* test_stack_shares.c - what belongs to no connection waits in one place until it leaves: resets,
 * cookies, echo replies, ICMP errors, and what we ask ourselves. A flood of one kind, which is not
 * drained meanwhile, leaves room for each of the others. */
#include "stack_help.h"

#include "aksu/ip.h"
#include "aksu/udp.h"

enum kind { COOKIE, RESET, ECHO_REPLY, ICMP_ERROR, PING, KINDS };
enum { FLOOD = 200, SOME = 16 };

static void set_up(struct two *w)
{
    struct link_options o = { .config = { [SERVER].syn_cookies = AKSU_SYN_COOKIES_ALWAYS } };
    two_init(w, &o);
    listen_on(w, SERVER, 80, false);
}

static void deliver(struct two *w)
{
    struct aksu_frame f;
    while (take_frame(w, CLIENT, &f))
        aksu_frame_in(w->net[SERVER], w->pair.device[SERVER], &f, w->now);
}

static void open_port(struct two *w, uint16_t port)
{
    (void)open_to(w, port);
    deliver(w);
}

static void datagram(struct two *w)
{
    struct aksu_endpoint to = { ip_of(w, SERVER), 4711 };
    aksu_udp udp;
    assert_int_equal(aksu_udp_open(w->net[CLIENT], &(struct aksu_udp_open){ .queue = 0 }, &udp),
                     AKSU_OK);
    assert_int_equal(aksu_udp_send(w->net[CLIENT], udp, &to, "?", 1, w->now), AKSU_OK);
    deliver(w);
    assert_int_equal(aksu_udp_close(w->net[CLIENT], udp), AKSU_OK);
}

static void ping(struct two *w, unsigned from)
{
    struct aksu_ip to = ip_of(w, 1 - from);
    (void)aksu_echo_send(w->net[from], &to, 1, 1, "ping", 4, 0, w->now);
    if (from == CLIENT)
        deliver(w);
}

/* The server owes one more packet of this kind. */
static void cause(struct two *w, enum kind kind)
{
    switch (kind) {
    case COOKIE:
        open_port(w, 80);
        return;
    case RESET:
        open_port(w, 81);
        return;
    case ECHO_REPLY:
        ping(w, CLIENT);
        return;
    case ICMP_ERROR:
        datagram(w);
        return;
    case PING:
        ping(w, SERVER);
        return;
    case KINDS:
        return;
    }
}

static enum kind kind_of(const uint8_t *ip)
{
    const uint8_t *payload = ip + 20;
    if (ip[9] == 6)
        return payload[13] & 2 ? COOKIE : RESET;
    assert_int_equal(ip[9], 1);
    return payload[0] == 0 ? ECHO_REPLY : payload[0] == 3 ? ICMP_ERROR : PING;
}

static void count_kinds(struct two *w, unsigned count[KINDS])
{
    struct aksu_frame f;
    memset(count, 0, KINDS * sizeof count[0]);
    while (take_frame(w, SERVER, &f))
        count[kind_of(f.part[0].data)]++;
}

static void flood_of(struct two *w, enum kind flood)
{
    unsigned count[KINDS];
    for (unsigned i = 0; i < FLOOD; i++)
        cause(w, flood);
    for (enum kind kind = COOKIE; kind < KINDS; kind++)
        for (unsigned i = 0; kind != flood && i < SOME; i++)
            cause(w, kind);
    count_kinds(w, count);
    for (enum kind kind = COOKIE; kind < KINDS; kind++)
        if (kind != flood)
            assert_int_equal(count[kind], SOME);
    if (flood == ICMP_ERROR)
        assert_in_range(count[flood], 32, 64);      /* those have a rate, too */
    else
        assert_int_equal(count[flood], 64);
}

static void a_flood_leaves_room_for_the_others(void **state)
{
    (void)state;
    for (enum kind flood = COOKIE; flood < KINDS; flood++) {
        struct two w;
        set_up(&w);
        for (unsigned i = 0; i < 3; i++, w.now += AKSU_SECONDS(2))
            flood_of(&w, flood);            /* what has left has left its room */
        two_fini(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_flood_leaves_room_for_the_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
