/* test_tcp_ao_vectors.c - the KDFs and MACs of TCP-AO (RFC 5926) against the test vectors of
 * RFC 9235: traffic keys and whole segments, both algorithms, both IP versions, with and without
 * other options covered. The MAC functions are the tests' own; those of the program are the same
 * (test_cli_ao.c). */
#include "help.h"

#include "base/ip_addr.h"
#include "tcp/ao.h"
#include "tests/peer/mac.h"
#include "wire/ipv4.h"

enum { SYN_OUT, SYN_IN, TEXT_OUT, TEXT_IN, KINDS };     /* as the client sees them */

struct vector {
    const char *key, *header;       /* traffic key; TCP header with options, hexadecimal */
};

static const struct scenario {
    const char *name;
    enum aksu_ao_algorithm algorithm;
    bool without_options, v6;
    uint32_t client_isn, server_isn;
    struct vector vector[KINDS];
} scenarios[] = {
    { "RFC 9235 4.1", AKSU_AO_SHA1, false, false, 0xfbfbab5a, 0x11c14261, {
        { "6d63ef1b02fe1509d4b1402707fd7b0416abb74f",
          "e9d700b3fbfbab5a00000000e002ffffcac40000020405b4010303080402080a00155ab7000000001d10"
          "3d542ee437c6f8ede6d7c4d602e7" },
        { "d9e217e4834a80ca2f3fd8de2e41b8e6797fea96",
          "00b3e9d711c14261fbfbab5be012ffff37760000020405b4010303080402080a84a50beb00155ab71d10"
          "543deeab0fe24c3010815116b3be" },
        { "d2e59c65ffc7b1a39347656463b70edc24a13d71",
          "e9d700b3fbfbab5b11c14262c0180104a16200000101080a00155ac184a50beb1d103d547064cf998cc6"
          "c315c2c2e2bf" },
        { "d9e217e4834a80ca2f3fd8de2e41b8e6797fea96",
          "00b3e9d711c14262fbfbab9ec0180100400c00000101080a84a50bf500155ac11d10543da63f0ecbbb2e"
          "635c954deac7" },
    } },
    { "RFC 9235 4.2", AKSU_AO_SHA1, true, false, 0xcb0efbee, 0xacd5b5e1, {
        { "30eaa1560cf0be57dab5c045229fb10a423cd7ea",
          "ff1200b3cb0efbee00000000e002ffff541f0000020405b4010303080402080a00024cce000000001d10"
          "3d5480af3cfeb85368937b8f9ec2" },
        { "b5b2896bb3664e8176b0edc6e799524101a8307f",
          "00b3ff12acd5b5e1cb0efbefe012ffff388e0000020405b4010303080402080a576772f300024cce1d10"
          "543d09306f9acea63a8c68cb9a70" },
        { "f3db1793d7910ecd806c34f155ea1f00345953e3",
          "ff1200b3cb0efbefacd5b5e2c01801046c4500000101080a00024cce576772f31d103d54710608cc696c"
          "03a271c93aa5" },
        { "b5b2896bb3664e8176b0edc6e799524101a8307f",
          "00b3ff12acd5b5e2cb0efc32c018010046b600000101080a576772f300024cce1d10543d97766e48ac26"
          "2de9ae61b4f9" },
    } },
    { "RFC 9235 5.1", AKSU_AO_AES128, false, false, 0x787a1ddf, 0xfadd6de9, {
        { "f5b8b3d5f34fdbb6eb8d4ab9660e60e3",
          "c4fa00b3787a1ddf00000000e002ffff5a0f0000020405b4010303080402080a00017ed0000000001d10"
          "3d54e477e99c8040765498e55091" },
        { "4bc7571a486f3264bbd888474066b4b1",
          "00b3c4fafadd6de9787a1de0e012fffff3f20000020405b4010303080402080a93f4e9e800017ed01d10"
          "543dd6ada7bc4cdd536d1769db5f" },
        { "8c8ae0e8371ec5cbb97ea79d90418391",
          "c4fa00b3787a1de0fadd6deac0180104950500000101080a00017ed093f4e9e81d103d5477412742fa4d"
          "c433eff0973e" },
        { "4bc7571a486f3264bbd888474066b4b1",
          "00b3c4fafadd6dea787a1e23c0180100e7db00000101080a93f4e9e800017ed01d10543df6d965a78382"
          "a74845f72dac" },
    } },
    { "RFC 9235 5.2", AKSU_AO_AES128, true, false, 0x389bed71, 0xd3844a6f, {
        { "2cdbae1392c49449fa92c4509735d50e",
          "da1c00b3389bed7100000000e002ffff70bf0000020405b4010303080402080a000185e1000000001d10"
          "3d54c44e60cb31f7c0b1de3d2749" },
        { "3ce67a551869506b6347b633c50a624a",
          "00b3da1cd3844a6f389bed72e012ffffe4450000020405b4010303080402080ace459838000185e11d10"
          "543d3a6abb207e49b1be7136db90" },
        { "035bc400a341ffe595f59f58005006ca",
          "da1c00b3389bed72d3844a70c0180104885100000101080a000185e1ce4598381d103d547585e9e9d5c3"
          "ec857b96f837" },
        { "3ce67a551869506b6347b633c50a624a",
          "00b3da1cd3844a70389bed72c0180100044900000101080ace459838000185e11d10543d5c040fd92333"
          "04765c0982f4" },
    } },
    { "RFC 9235 6.1", AKSU_AO_SHA1, false, true, 0x176a833f, 0x3f51994b, {
        { "625ec09d575836edc9b6428418bbf06989a361bb",
          "f7e400b3176a833f00000000e002ffff47210000020405a0010303080402080a0041d087000000001d10"
          "3d549033ec3d7334b64c5edd039f" },
        { "e4a37ada2a0afca8711434913fe138c771ebcb4a",
          "00b3f7e43f51994b176a8340e012ffffbfec0000020405a0010303080402080abd33129b0041d0871d10"
          "543df1cba346c3526163f71f1f55" },
        { "1ed82975f4ea444c61580c5bd90dbd61bbc91b7e",
          "f7e400b3176a83403f51994cc0180100329c00000101080a0041d091bd33129b1d103d54bf0805feb4ac"
          "7b163d6fcdf2" },
        { "e4a37ada2a0afca8711434913fe138c771ebcb4a",
          "00b3f7e43f51994c176a8383c0180100ee6e00000101080abd3312a50041d0911d10543d6c48125c1133"
          "5bab9a07a797" },
    } },
    { "RFC 9235 6.2", AKSU_AO_SHA1, true, true, 0x020c1e69, 0xeba3734d, {
        { "31a3faf69effae52931b7f845467315c270a4edc",
          "c6cd00b3020c1e6900000000e002ffffa41a0000020405a0010303080402080a009db95b000000001d10"
          "3d54885698b0530ed4d5a15f8346" },
        { "405108947f996575e7bdbc26d40216a2c7fa91bd",
          "00b3c6cdeba3734d020c1e6ae012ffff774d0000020405a0010303080402080a5ec99b70009db95b1d10"
          "543d3c546bad9743f12df8b8010d" },
        { "b34eed6a9396a669f1c4f4f57618f3656f52c7ab",
          "c6cd00b3020c1e6aeba3734ec018010083e600000101080a009db9655ec99b701d103d5448bd093b1924"
          "e001192f5bf0" },
        { "405108947f996575e7bdbc26d40216a2c7fa91bd",
          "00b3c6cdeba3734e020c1eadc0180100716a00000101080a5ec99b7a009db9651d10543d559a819445b4"
          "fde98d9e1317" },
    } },
    { "RFC 9235 7.1", AKSU_AO_AES128, false, true, 0x193cccec, 0xa6744ecb, {
        { "fa5a2108882d39d0c71929175ab1b7b8",
          "f85a00b3193cccec00000000e002ffffde5d0000020405a0010303080402080a13e4ab99000000001d10"
          "3d5459b588107481ac6dc3927040" },
        { "cf1b1e225e06a63616764a067b46f4b1",
          "00b3f85aa6744ecb193cccede012ffffeabb0000020405a0010303080402080a71daabc813e4ab991d10"
          "543ddc2843a84e78a6bcfdc5ed80" },
        { "6174c3557abed27574dba37185f00300",
          "f85a00b3193ccceda6744eccc0180100328000000101080a13e4aba371daabc81d103d547b6a455c0d4f"
          "5f01835baab3" },
        { "cf1b1e225e06a63616764a067b46f4b1",
          "00b3f85aa6744ecc193ccd30c018010052f400000101080a71daabd313e4aba31d10543dc1069b7dfd3d"
          "693a6df3f289" },
    } },
    { "RFC 9235 7.2", AKSU_AO_AES128, true, true, 0xb01da74a, 0xa6246145, {
        { "a94f511263e4093d35dd818c13bbbf53",
          "f28800b3b01da74a00000000e002ffff75ff0000020405a0010303080402080a14275b3b000000001d10"
          "3d543d45b4342de8bb1530847898" },
        { "92dea5bbc78b1d9f5b2952e9cd30642a",
          "00b3f288a6246145b01da74be012ffffa70c0000020405a0010303080402080a1782245b14275b3b1d10"
          "543d1d01f6c87c6f93acffa9d4b5" },
        { "4fb2086e402c679079ed65d4bf97693d",
          "f28800b3b01da74ba6246146c0180100c36d00000101080a14275b4f1782245b1d103d54290cf414ccb4"
          "7a333276e7f8" },
        { "92dea5bbc78b1d9f5b2952e9cd30642a",
          "00b3f288a6246146b01da78ec0180100345100000101080a1782246514275b4f1d10543d99515ffcd540"
          "3499f619fd1b" },
    } },
};
enum { SCENARIOS = sizeof scenarios / sizeof scenarios[0] };

/* The same message of an application, but for its autonomous system and identifier. */
static const char *const text_of[2][2] = {
    { "ffffffffffffffffffffffffffffffff00430104dabf00b40a0b0c0d2602060104000100010202800002020200"
      "02024200020641040000dabf02084006006400010100",
      "ffffffffffffffffffffffffffffffff00430104dac000b4ac1b1c1d2602060104000100010202800002020200"
      "02024200020641040000dac002084006006400010100" },
    { "ffffffffffffffffffffffffffffffff00430104fde800b4010101792602060104000100010202800002020200"
      "02024200020641040000fde802084006006400010100",
      "ffffffffffffffffffffffffffffffff00430104fde800b40101017a2602060104000100010202800002020200"
      "02024200020641040000fde802084006006400010100" },
};

static size_t octets_of(const char *hex, uint8_t *out)
{
    size_t n = strlen(hex) / 2;
    for (size_t i = 0; i < n; i++) {
        char two[3] = { hex[2 * i], hex[2 * i + 1], 0 };
        out[i] = (uint8_t)strtoul(two, NULL, 16);
    }
    return n;
}

/* One of the 32 segments, and all that goes into its MAC. */
struct sample {
    struct ao_env env;
    struct ao_key key;
    struct aksu_ip ip[2];
    struct ao_context context;
    uint8_t octets[200], want[AKSU_AO_MAC_MOST];
    size_t header, length, key_length;
    struct tcp_segment seg;
};

static void prepare(struct sample *s, const struct scenario *from, unsigned kind)
{
    static const char *const text[2][2] = { { "10.11.12.13", "172.27.28.29" },
                                            { "fd00::1", "fd00::2" } };
    bool client = kind == SYN_OUT || kind == TEXT_OUT;
    *s = (struct sample){ .env.config = { .mac = peer_mac } };
    s->key = (struct ao_key){ .algorithm = (uint8_t)from->algorithm, .key_length = 10,
                              .without_options = from->without_options };
    memcpy(s->key.key, "testvector", 10);
    for (unsigned i = 0; i < 2; i++)
        assert_true(aksu_ip_parse(text[from->v6][client ? i : 1 - i], &s->ip[i]));
    s->header = octets_of(from->vector[kind].header, s->octets);
    s->length = s->header;
    if (kind >= TEXT_OUT)
        s->length += octets_of(text_of[from->v6][kind - TEXT_OUT], s->octets + s->header);
    s->key_length = octets_of(from->vector[kind].key, s->want);
    uint32_t source = client ? from->client_isn : from->server_isn;
    uint32_t destination = client ? from->server_isn : from->client_isn;
    s->context = (struct ao_context){ &s->ip[0], &s->ip[1], load_be16(s->octets),
        load_be16(s->octets + 2), seq_of(source), seq_of(kind == SYN_OUT ? 0 : destination) };
}

/* As it arrives; its text in two pieces, cut at `cut`. */
static bool is_good(struct sample *s, const uint8_t key[AKSU_AO_MAC_MOST], size_t cut, uint32_t sne)
{
    struct aksu_slice rest = { s->octets + s->header + cut, s->length - s->header - cut };
    if (wire_tcp_parse(s->octets, s->header + cut, &rest, 1, &s->ip[0], &s->ip[1], true, &s->seg)
            != TCP_GOOD
        || (s->seg.options.has & (HAS_AO | HAS_AO_FAULT)) != HAS_AO)
        return false;
    return ao_mac_is_good(&s->env, &s->key, key, &s->context, sne, s->octets, &s->seg);
}

static void traffic_keys_are_those_of_the_vectors(void **state)
{   /* RFC 5925 5.2, RFC 5926 3.1.1, R5925-5.2-a, R5926-2.2-a */
    (void)state;
    for (unsigned i = 0; i < SCENARIOS * KINDS; i++) {
        uint8_t key[AKSU_AO_MAC_MOST];
        struct sample s;
        prepare(&s, &scenarios[i / KINDS], i % KINDS);
        assert_int_equal(s.key_length, scenarios[i / KINDS].algorithm == AKSU_AO_SHA1 ? 20 : 16);
        assert_true(ao_traffic_key(&s.env, &s.key, &s.context, key));
        assert_memory_equal(key, s.want, s.key_length);
    }
}

static void segments_of_the_vectors_are_good(void **state)  /* RFC 5925 5.1, R5926-2.2-a */
{
    (void)state;
    for (unsigned i = 0; i < SCENARIOS * KINDS; i++) {
        struct sample s;
        prepare(&s, &scenarios[i / KINDS], i % KINDS);
        for (size_t cut = 0; cut <= s.length - s.header; cut++)
            assert_true(is_good(&s, s.want, cut, 0));
        assert_false(is_good(&s, s.want, 0, 1));    /* RFC 5925 6.2: SNE is in it */
        s.want[0] ^= 1;
        assert_false(is_good(&s, s.want, 0, 0));
    }
}

/* Where other options are not covered they may change; the checksum may in any case. */
static bool may_change(const struct scenario *from, const struct sample *s, size_t at)
{
    size_t ao = wire_tcp_ao_at(s->octets);
    bool option = at >= TCP_HEADER && at < s->header && !(at >= ao && at < ao + AO_OPTION);
    return (at >= 16 && at < 18) || (option && from->without_options);
}

static void any_other_octet_is_noticed(void **state)        /* RFC 5925 3.1, 5.1 */
{
    (void)state;
    for (unsigned i = 0; i < SCENARIOS * KINDS; i++) {
        const struct scenario *from = &scenarios[i / KINDS];
        struct sample s, fresh;
        prepare(&fresh, from, i % KINDS);
        for (size_t at = 0; at < fresh.length; at++) {
            s = fresh;
            s.context.source = &s.ip[0];
            s.context.destination = &s.ip[1];
            s.octets[at] ^= 0x10;
            bool kind_or_length = at >= TCP_HEADER && at < s.header;
            if (!may_change(from, &fresh, at))
                assert_false(is_good(&s, s.want, 0, 0));
            else if (!kind_or_length)
                assert_true(is_good(&s, s.want, 0, 0));
        }
    }
}

static void unprotected_options_may_change(void **state)    /* RFC 5925 3.1 */
{
    (void)state;
    for (unsigned i = 0; i < SCENARIOS; i++) {
        struct sample s;
        prepare(&s, &scenarios[i], TEXT_OUT);
        s.octets[24] ^= 1;                      /* TSval */
        assert_int_equal(is_good(&s, s.want, 0, 0), scenarios[i].without_options);
    }
}

static void addresses_and_isns_are_in_the_key(void **state) /* RFC 5925 5.2 */
{
    (void)state;
    for (unsigned i = 0; i < SCENARIOS; i++) {
        for (unsigned what = 0; what < 6; what++) {
            uint8_t key[AKSU_AO_MAC_MOST];
            struct sample s;
            prepare(&s, &scenarios[i], TEXT_OUT);
            s.ip[0].octet[15] ^= what == 0;
            s.ip[1].octet[15] ^= what == 1;
            s.context.source_port ^= what == 2;
            s.context.destination_port ^= what == 3;
            s.context.source_isn.n ^= what == 4;
            s.context.destination_isn.n ^= what == 5;
            assert_true(ao_traffic_key(&s.env, &s.key, &s.context, key));
            assert_memory_not_equal(key, s.want, s.key_length);
        }
    }
}

/* RFC 5926 3.1.1.2: with 16 octets the master key is the key of AES as it is. For 15 and 17 the
 * vectors' ten octets stand; what is left is that 16 are not made into others first. */
static void sixteen_octets_are_the_key_of_aes(void **state)
{
    (void)state;
    uint8_t key[AKSU_AO_MAC_MOST], derived[AKSU_AO_MAC_MOST];
    static const uint8_t zeros[16];
    struct aksu_slice ten = { (const uint8_t *)"testvector", 10 };
    struct sample s;
    prepare(&s, &scenarios[2], SYN_OUT);
    assert_true(peer_mac(NULL, AKSU_AO_AES128, zeros, 16, &ten, 1, derived));
    memcpy(s.key.key, derived, 16);
    s.key.key_length = 16;
    assert_true(ao_traffic_key(&s.env, &s.key, &s.context, key));
    assert_memory_equal(key, s.want, 16);
}

/* RFC 5925 6.2 */
static void sequence_numbers_go_on_beyond_2_32(void **state)
{
    (void)state;
    struct ao_extended x = { .seq = seq_of(0xffffff00) };
    assert_int_equal(ao_extend(&x, seq_of(0xffffff01), seq_of(0xffffff01)), 0);
    assert_int_equal(ao_extend(&x, seq_of(0xfffffff0), seq_of(0x10)), 1);
    assert_int_equal(x.sne, 0);
    assert_int_equal(ao_extend(&x, seq_of(0x10), seq_of(0xfffffff0)), 0);   /* it comes again */
    assert_int_equal(x.sne, 1);
    assert_int_equal(ao_extend(&x, seq_of(0x10), seq_of(0x11)), 1);
    for (uint32_t turn = 2; turn < 6; turn++) {
        for (uint32_t quarter = 1; quarter < 4; quarter++)
            assert_int_equal(ao_extend(&x, seq_of(quarter << 30), seq_of(quarter << 30)), turn - 1);
        assert_int_equal(ao_extend(&x, seq_of(5), seq_of(5)), turn);
        assert_int_equal(ao_extend(&x, seq_of(5), seq_of(0x80000006)), turn - 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(traffic_keys_are_those_of_the_vectors),
        cmocka_unit_test(segments_of_the_vectors_are_good),
        cmocka_unit_test(any_other_octet_is_noticed),
        cmocka_unit_test(unprotected_options_may_change),
        cmocka_unit_test(addresses_and_isns_are_in_the_key),
        cmocka_unit_test(sixteen_octets_are_the_key_of_aes),
        cmocka_unit_test(sequence_numbers_go_on_beyond_2_32),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
