/* test_tcp_ao_keys.c - Master Key Tuples (RFC 5925 3.1): which connections they match, which can
 * stand beside each other, and that nothing is left of one that was removed. */
#include "ao_help.h"

#include "stack/stack.h"

static struct aksu_mkt mkt(const char *remote, uint8_t prefix, uint16_t port, uint8_t send,
                           uint8_t receive)
{
    struct aksu_mkt m = ao_mkt(CLIENT, AKSU_AO_SHA1, send, receive);
    m.remote.port = port;
    m.remote_prefix = prefix;
    if (remote != NULL)
        m.remote.ip = ip_text(remote);
    return m;
}

static enum aksu_status add(struct aksu *net, const struct aksu_mkt *m)
{
    aksu_ao_key key;
    return aksu_ao_add(net, m, &key);
}

static void what_cannot_be_a_key(void **state)      /* RFC 5926 3.1 */
{
    (void)state;
    static const uint8_t octets[AKSU_AO_KEY_MOST + 1] = { 1 };
    struct two w;
    aksu_conn none = { 0 };
    two_init(&w, NULL);
    struct aksu *net = w.net[CLIENT];
    struct aksu_mkt good = mkt("10.0.0.2", 0, 0, 0, 255), m = good;
    assert_int_equal(add(net, &m), AKSU_ILLEGAL);           /* no aksu_ao_setup */
    ao_setup(net);
    m.key_length = 0;
    assert_int_equal(add(net, &m), AKSU_INVALID);
    m = (struct aksu_mkt){ .key = octets, .key_length = sizeof octets };
    assert_int_equal(add(net, &m), AKSU_INVALID);
    m = good;
    m.algorithm = (enum aksu_ao_algorithm)2;
    assert_int_equal(add(net, &m), AKSU_INVALID);
    m = good;
    m.remote_prefix = 33;
    assert_int_equal(add(net, &m), AKSU_INVALID);
    m = (struct aksu_mkt){ .key = octets, .key_length = AKSU_AO_KEY_MOST };
    assert_int_equal(add(net, &m), AKSU_OK);
    assert_int_equal(aksu_ao_remove(net, (aksu_ao_key){ 0, 0 }), AKSU_DOES_NOT_EXIST);
    struct aksu_ao_info info;
    assert_int_equal(aksu_ao_status(net, none, &info), AKSU_DOES_NOT_EXIST);
    assert_int_equal(aksu_ao_select(net, none, NULL, NULL, w.now), AKSU_DOES_NOT_EXIST);
    two_fini(&w);
}

/* RFC 5925 3.1: any ID is good, 0 and 255 too; IDs are unique where the ends overlap. */
static void overlapping_keys_have_other_ids(void **state)   /* RFC 5925 3.1, R5925-3.1-a */
{
    (void)state;
    struct two w;
    two_init(&w, NULL);
    struct aksu *net = w.net[CLIENT];
    ao_setup(net);
    struct aksu_mkt m = mkt("10.1.0.0", 16, 0, 0, 255);
    assert_int_equal(add(net, &m), AKSU_OK);
    static const struct { const char *ip; uint8_t prefix; uint16_t port; uint8_t send, receive;
                          enum aksu_status is; } then[] = {
        { "10.1.2.3", 0, 0, 0, 1, AKSU_ALREADY_EXISTS },
        { "10.1.2.3", 0, 0, 1, 255, AKSU_ALREADY_EXISTS },
        { "10.1.2.3", 0, 80, 1, 255, AKSU_ALREADY_EXISTS },
        { "10.0.0.0", 8, 0, 0, 1, AKSU_ALREADY_EXISTS },
        { NULL, 0, 0, 0, 1, AKSU_ALREADY_EXISTS },
        { "10.2.0.0", 16, 0, 0, 255, AKSU_OK },             /* the neighbour */
        { "10.1.2.3", 0, 0, 255, 0, AKSU_OK },              /* crossed */
        { "fd00::", 8, 0, 0, 255, AKSU_OK },
        { "10.9.0.1", 0, 80, 0, 255, AKSU_OK },
        { "10.9.0.1", 0, 81, 0, 255, AKSU_OK },             /* other ports */
        { "10.9.0.1", 0, 0, 0, 7, AKSU_ALREADY_EXISTS },
    };
    for (unsigned i = 0; i < sizeof then / sizeof then[0]; i++) {
        m = mkt(then[i].ip, then[i].prefix, then[i].port, then[i].send, then[i].receive);
        assert_int_equal(add(net, &m), then[i].is);
    }
    two_fini(&w);
}

/* Whether the SYN to that port carries TCP-AO under this key. */
static bool covers(const struct aksu_mkt *m, bool v6, uint16_t port)
{
    struct two w;
    struct link_options o = { .v6 = v6 };
    two_init(&w, &o);
    ao_setup(w.net[CLIENT]);
    (void)ao_give(w.net[CLIENT], m);
    aksu_conn c = open_to(&w, port);
    bool on = ao_status(w.net[CLIENT], c).on;
    two_fini(&w);
    return on;
}

static void a_key_is_for_the_ends_it_names(void **state)    /* RFC 5925 3.1, 7.4 */
{
    (void)state;
    static const struct { const char *remote; uint8_t prefix; uint16_t port; bool v4, v6; } is[] = {
        { NULL, 0, 0, true, true }, { NULL, 0, 80, true, true }, { NULL, 0, 81, false, false },
        { "10.0.0.2", 0, 0, true, false }, { "10.0.0.2", 32, 80, true, false },
        { "10.0.0.3", 0, 0, false, false }, { "10.0.0.3", 31, 0, true, false },
        { "10.0.0.4", 30, 0, false, false }, { "10.0.0.4", 29, 0, true, false },
        { "10.0.1.9", 23, 0, true, false }, { "10.0.1.9", 24, 0, false, false },
        { "fd00::2", 0, 0, false, true }, { "fd00::3", 127, 80, false, true },
        { "fd00::4", 125, 0, false, true }, { "fd00::4", 126, 0, false, false },
        { "fe00::", 7, 0, false, false }, { "fe00::", 6, 0, false, true },
    };
    for (unsigned i = 0; i < sizeof is / sizeof is[0]; i++) {
        struct aksu_mkt m = mkt(is[i].remote, is[i].prefix, is[i].port, 1, 2);
        assert_int_equal(covers(&m, false, 80), is[i].v4);
        assert_int_equal(covers(&m, true, 80), is[i].v6);
    }
    struct aksu_mkt m = mkt(NULL, 0, 0, 1, 2);
    m.local = (struct aksu_endpoint){ ip_text("10.0.0.1"), 0 };
    assert_true(covers(&m, false, 80));
    assert_false(covers(&m, true, 80));
    m.local.ip = ip_text("10.0.0.9");
    assert_false(covers(&m, false, 80));
    m.local = (struct aksu_endpoint){ .port = 5 };  /* ours is ephemeral */
    assert_false(covers(&m, false, 80));
}

static bool contains(const uint8_t *in, size_t length, const uint8_t *what, size_t octets)
{
    for (size_t i = 0; i + octets <= length; i++)
        if (in[i] == what[0] && memcmp(in + i, what, octets) == 0)
            return true;
    return false;
}

/* The memory of the stack is the caller's: he can look whether a key or what was derived from it is
 * still there. */
static void nothing_is_left_of_a_removed_key(void **state)  /* RFC 5925 3.1 */
{
    (void)state;
    enum { SIZE = 1 << 20 };
    struct two w;
    aksu_conn c[2];
    aksu_ao_key key[2];
    uint8_t *memory = aligned_alloc(64, SIZE), derived[2][AKSU_AO_MAC_MOST];
    struct link_options o = { .config[CLIENT] = { .memory = memory, .memory_limit = SIZE } };
    assert_non_null(memory);
    ao_two(&w, &o, AKSU_AO_SHA1, key);
    aksu_listener l = listen_on(&w, SERVER, 80, false);
    c[CLIENT] = open_to(&w, 80);
    (void)ao_move(&w, NULL, NULL);
    assert_int_equal(aksu_accept(w.net[SERVER], l, &c[SERVER], w.now), AKSU_OK);
    ao_transfer(&w, c, CLIENT, 1000, NULL, NULL);
    struct aksu *net = w.net[CLIENT];
    const struct tcp_ao *ao = ao_of(&conn_find(net, c[CLIENT])->tcp);
    memcpy(derived[0], ao->send_key, sizeof derived[0]);
    memcpy(derived[1], ao->receive_key, sizeof derived[1]);
    struct aksu_mkt m = ao_mkt(CLIENT, AKSU_AO_SHA1, 1, 1);
    assert_true(contains(memory, SIZE, m.key, m.key_length));
    assert_int_equal(aksu_ao_remove(net, key[CLIENT]), AKSU_ILLEGAL);
    assert_int_equal(aksu_abort(net, c[CLIENT], w.now), AKSU_OK);
    (void)ao_move(&w, NULL, NULL);
    assert_int_equal(aksu_ao_remove(net, key[CLIENT]), AKSU_OK);
    assert_false(contains(memory, SIZE, m.key, m.key_length));
    for (unsigned i = 0; i < 2; i++)
        assert_false(contains(memory, SIZE, derived[i], sizeof derived[i]));
    aksu_conn again = open_to(&w, 80);
    assert_false(ao_status(net, again).on);
    two_fini(&w);
    free(memory);
}

static void a_key_is_chosen_for_its_connection_only(void **state)   /* R5925-7.1-a */
{
    (void)state;
    struct two w;
    aksu_ao_key key[2], other, elsewhere, stale = { 1, 77 };
    ao_two(&w, NULL, AKSU_AO_SHA1, key);
    struct aksu *net = w.net[CLIENT];
    struct aksu_mkt m = mkt("10.0.0.2", 0, 80, 1, 2);
    other = ao_give(net, &m);
    m = mkt("10.0.0.3", 0, 0, 3, 4);
    elsewhere = ao_give(net, &m);
    aksu_conn c = open_to(&w, 80);
    assert_int_equal(aksu_ao_select(net, c, &stale, NULL, w.now), AKSU_DOES_NOT_EXIST);
    assert_int_equal(aksu_ao_select(net, c, NULL, &elsewhere, w.now), AKSU_INVALID);
    assert_int_equal(ao_status(net, c).send_id, CLIENT_ID);     /* the one added first */
    assert_int_equal(aksu_ao_select(net, c, &other, NULL, w.now), AKSU_OK);
    assert_int_equal(ao_status(net, c).send_id, 1);
    assert_int_equal(ao_status(net, c).next_id, SERVER_ID);
    assert_int_equal(aksu_ao_remove(net, elsewhere), AKSU_OK);
    assert_int_equal(aksu_ao_remove(net, other), AKSU_ILLEGAL);
    aksu_conn plain;
    struct aksu_open how = { .remote = { ip_of(&w, CLIENT), 80 } };
    assert_int_equal(aksu_open(w.net[SERVER], &how, &plain, w.now), AKSU_OK);
    assert_int_equal(aksu_abort(w.net[SERVER], plain, w.now), AKSU_OK);
    assert_int_equal(aksu_ao_remove(w.net[SERVER], key[SERVER]), AKSU_ILLEGAL); /* its RST waits */
    (void)ao_move(&w, NULL, NULL);
    assert_int_equal(aksu_ao_remove(w.net[SERVER], key[SERVER]), AKSU_OK);
    assert_int_equal(aksu_open(w.net[SERVER], &how, &plain, w.now), AKSU_OK);
    assert_int_equal(aksu_ao_select(w.net[SERVER], plain, NULL, NULL, w.now), AKSU_ILLEGAL);
    two_fini(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_cannot_be_a_key),
        cmocka_unit_test(overlapping_keys_have_other_ids),
        cmocka_unit_test(a_key_is_for_the_ends_it_names),
        cmocka_unit_test(nothing_is_left_of_a_removed_key),
        cmocka_unit_test(a_key_is_chosen_for_its_connection_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
