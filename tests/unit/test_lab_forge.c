/* test_lab_forge.c - what scenarios forge (lab/forge.h) is taken by a stack that verifies every
 * checksum, for what it was meant to be; and each octet of it is covered. */
#include "lab/forge.h"

#include "stack_help.h"

static const char TEXT[] = "text of an odd length";

struct world {
    struct two two;
    struct aksu_endpoint client, server;
};

static struct world new_world(void)
{
    struct world w;
    two_init(&w.two, &(struct link_options){ 0 });
    (void)listen_on(&w.two, SERVER, 80, false);
    w.client = (struct aksu_endpoint){ ip_of(&w.two, CLIENT), 40000 };
    w.server = (struct aksu_endpoint){ ip_of(&w.two, SERVER), 80 };
    return w;
}

/* To the server, as from a link that vouches for nothing. */
static void arrives(struct world *w, const struct forge_frame *f)
{
    struct aksu_frame frame = { .parts = 1, .length = f->length };
    frame.part[0] = (struct aksu_slice){ f->octet, f->length };
    aksu_frame_in(w->two.net[SERVER], w->two.pair.device[SERVER], &frame, w->two.now);
}

/* It is taken as `kind`; with any bit of it turned over it is not. */
static void taken_as(struct world *w, const struct forge_frame *f, enum aksu_event_kind kind)
{
    uint64_t before = counted(w->two.net[SERVER], kind);
    for (unsigned bit = 0; bit < f->length * 8; bit++) {
        struct forge_frame damaged = *f;
        damaged.octet[bit / 8] ^= (uint8_t)(1u << bit % 8);
        arrives(w, &damaged);
        assert_int_equal(counted(w->two.net[SERVER], kind), before);
    }
    arrives(w, f);
    assert_int_equal(counted(w->two.net[SERVER], kind), before + 1);
}

static struct forge_frame a_syn(const struct world *w)
{
    static const uint8_t mss[] = { 2, 4, 0x05, 0xb4 };
    return forge_segment(&(struct forge_segment){
        .from = w->client, .to = w->server, .ctl = AKSU_SYN, .seq = 1000, .wnd = 65535,
        .options = mss, .options_length = sizeof mss, .text = TEXT, .length = sizeof TEXT - 1 });
}

static void segments(void **state)
{
    (void)state;
    struct world w = new_world();
    struct forge_frame f = a_syn(&w);
    assert_int_equal(f.length, 20 + 24 + sizeof TEXT - 1);
    taken_as(&w, &f, AKSU_EV_opened);
    two_fini(&w.two);
}

/* Options of three octets are filled up; what does not fit is nothing. */
static void lengths(void **state)
{
    (void)state;
    struct world w = new_world();
    static const uint8_t scale[] = { 3, 3, 7 }, many[44] = { 0 };
    static const char text[FORGE_MOST] = { 0 };
    struct forge_segment s = { .from = w.client, .to = w.server, .ctl = AKSU_SYN,
                               .options = scale, .options_length = sizeof scale };
    assert_int_equal(forge_segment(&s).length, 20 + 24);
    s.options = many;
    s.options_length = 41;
    assert_int_equal(forge_segment(&s).length, 0);
    s.options_length = 40;
    s.text = text;
    s.length = FORGE_MOST - 20 - 60;
    assert_int_equal(forge_segment(&s).length, FORGE_MOST);
    s.length++;
    assert_int_equal(forge_segment(&s).length, 0);
    assert_int_equal(forge_datagram(&w.client, &w.server, text, FORGE_MOST - 28).length,
                     FORGE_MOST);
    assert_int_equal(forge_datagram(&w.client, &w.server, text, FORGE_MOST - 27).length, 0);
    two_fini(&w.two);
}

static void datagrams(void **state)
{
    (void)state;
    struct world w = new_world();
    aksu_udp udp;
    assert_int_equal(aksu_udp_open(w.two.net[SERVER], &(struct aksu_udp_open){
        .local = { .port = 80 } }, &udp), AKSU_OK);
    struct forge_frame f = forge_datagram(&w.client, &w.server, TEXT, sizeof TEXT - 1);
    taken_as(&w, &f, AKSU_EV_udp_in);
    two_fini(&w.two);
}

/* About a SYN that the server really sent: it is told of it. */
static void icmp_errors(void **state)
{
    (void)state;
    struct world w = new_world();
    aksu_conn conn;
    struct aksu_frame syn;
    assert_int_equal(aksu_open(w.two.net[SERVER], &(struct aksu_open){ .remote = w.client }, &conn,
                               w.two.now), AKSU_OK);
    assert_true(take_frame(&w.two, SERVER, &syn));
    struct forge_frame quoted = { .length = syn.length };
    memcpy(quoted.octet, syn.part[0].data, syn.part[0].length);
    struct forge_frame f = forge_icmp(&w.client.ip, &w.server.ip, 3, 1, 0, &quoted);
    assert_int_equal(f.length, 20 + 8 + 28);
    taken_as(&w, &f, AKSU_EV_soft_error);
    two_fini(&w.two);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(segments),
        cmocka_unit_test(lengths),
        cmocka_unit_test(datagrams),
        cmocka_unit_test(icmp_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
