/* test_cli_ao.c - TCP-AO in the program: libcrypto's MACs are those of the vectors' test, and what
 * --ao-key takes (RFC 5926 3.1). */
#include "help.h"

#include <stdio.h>

#include "cli/ao_option.h"
#include "tests/peer/mac.h"

static void libcrypto_gives_the_same_macs(void **state)     /* RFC 5926 3.2, R5926-2.2-a */
{
    (void)state;
    struct cli_ao_macs *macs = cli_ao_macs_new();
    uint64_t seed = 5926;
    assert_non_null(macs);
    for (unsigned i = 0; i < 2000; i++) {
        uint8_t key[AKSU_AO_KEY_MOST], text[400], one[AKSU_AO_MAC_MOST], other[AKSU_AO_MAC_MOST];
        enum aksu_ao_algorithm algorithm = i & 1 ? AKSU_AO_SHA1 : AKSU_AO_AES128;
        size_t key_length = i & 1 ? 1 + chance_below(&seed, AKSU_AO_KEY_MOST) : 16;
        size_t length = chance_below(&seed, sizeof text), cut = length / 3;
        chance_fill(&seed, key, key_length);
        chance_fill(&seed, text, length);
        struct aksu_slice part[2] = { { text, cut }, { text + cut, length - cut } };
        assert_true(cli_ao_mac(macs, algorithm, key, key_length, part, 2, one));
        assert_true(peer_mac(NULL, algorithm, key, key_length, part, 2, other));
        assert_memory_equal(one, other, i & 1 ? 20 : 16);
    }
    cli_ao_macs_free(macs);
}

/* A file with these octets; what --ao-key makes of `before` and its name. */
static bool take(const char *before, const void *text, size_t length, const char *behind,
                 uint8_t room[AKSU_AO_KEY_MOST], struct aksu_mkt *out)
{
    char name[] = "/tmp/aksu-key-XXXXXX", value[128];
    int fd = mkstemp(name);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, length), length);
    close(fd);
    snprintf(value, sizeof value, "%s%s%s", before, name, behind);
    bool good = cli_ao_take("get", value, room, out);
    unlink(name);
    return good;
}

static void a_key_is_ascii_or_hexadecimal(void **state)     /* RFC 5926 3.1 */
{
    (void)state;
    uint8_t room[AKSU_AO_KEY_MOST];
    struct aksu_mkt m;
    assert_true(take("61:sha1:", "testvector\n", 11, "", room, &m));
    assert_int_equal(m.send_id, 61);
    assert_int_equal(m.receive_id, 61);
    assert_int_equal(m.algorithm, AKSU_AO_SHA1);
    assert_int_equal(m.key_length, 10);
    assert_memory_equal(m.key, "testvector", 10);
    assert_true(take("0,255:aes128:", "0x00fFa1", 8, "@10.0.0.2", room, &m));
    assert_int_equal(m.send_id, 0);
    assert_int_equal(m.receive_id, 255);
    assert_int_equal(m.algorithm, AKSU_AO_AES128);
    assert_int_equal(m.key_length, 3);
    assert_memory_equal(m.key, "\x00\xff\xa1", 3);
    assert_int_equal(m.remote.ip.octet[15], 2);
    assert_int_equal(m.remote.ip.octet[12], 10);
    char most[2 + 2 * AKSU_AO_KEY_MOST + 2];
    memset(most, '1', sizeof most);
    assert_true(take("1:sha1:", most, AKSU_AO_KEY_MOST, "", room, &m));
    assert_int_equal(m.key_length, AKSU_AO_KEY_MOST);
    assert_false(take("1:sha1:", most, AKSU_AO_KEY_MOST + 1, "", room, &m));
    most[0] = '0';
    most[1] = 'x';
    assert_true(take("1:sha1:", most, sizeof most - 2, "", room, &m));
    assert_int_equal(m.key_length, AKSU_AO_KEY_MOST);
    assert_false(take("1:sha1:", most, sizeof most, "", room, &m));
}

static void what_is_no_key_is_refused(void **state)
{
    (void)state;
    static const char *const before[] = { "256:sha1:", "1,:sha1:", ",1:sha1:", "-1:sha1:",
                                          "x:sha1:", "1:md5:", "1:sha1", "1", "1,2,3:sha1:",
                                          " 1:sha1:" };
    uint8_t room[AKSU_AO_KEY_MOST];
    struct aksu_mkt m;
    for (unsigned i = 0; i < sizeof before / sizeof before[0]; i++)
        assert_false(take(before[i], "key", 3, "", room, &m));
    assert_false(take("1:sha1:", "", 0, "", room, &m));
    assert_false(take("1:sha1:", "\n", 1, "", room, &m));
    assert_false(take("1:sha1:", "0x1", 3, "", room, &m));
    assert_false(take("1:sha1:", "0xgg", 4, "", room, &m));
    assert_false(take("1:sha1:", "0x", 2, "", room, &m));
    assert_false(take("1:sha1:", "key", 3, "@nobody", room, &m));
    assert_false(cli_ao_take("get", "1:sha1:/nowhere/at/all", room, &m));
    assert_false(cli_ao_take("get", "1:sha1:", room, &m));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(libcrypto_gives_the_same_macs),
        cmocka_unit_test(a_key_is_ascii_or_hexadecimal),
        cmocka_unit_test(what_is_no_key_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
