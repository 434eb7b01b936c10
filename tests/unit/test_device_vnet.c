/* test_device_vnet.c - the header before frames that Linux may cut and sum: what is written for
 * each kind of frame, and what is believed of one that arrives, in both byte orders. */
#include "help.h"

#include "device/vnet.h"
#include "wire/tcp.h"

static bool machine_is_little(void)
{
    const uint16_t one = 1;
    uint8_t first;
    memcpy(&first, &one, 1);
    return first == 1;
}

/* Ethernet, IP of either version with `options` octets of IPv4 options, TCP with 12 of options. */
static struct aksu_frame frame_of(uint8_t octets[200], bool v6, size_t link, size_t options,
                                  uint8_t control)
{
    size_t ip = v6 ? 40 : 20 + options;
    memset(octets, 0, 200);
    octets[link] = v6 ? 0x60 : (uint8_t)(0x40 | (20 + options) / 4);
    octets[link + ip + 12] = 8 << 4;
    octets[link + ip + 13] = control;
    struct aksu_frame f = { .parts = 1, .length = 200, .part = { { octets, 200 } } };
    return f;
}

static unsigned number(const uint8_t *at, bool little)
{
    return little ? (unsigned)at[0] | (unsigned)at[1] << 8 : (unsigned)at[0] << 8 | at[1];
}

static void what_is_written(void **state)
{
    (void)state;
    static const uint8_t zeros[VNET_HEADER];
    uint8_t octets[200], h[VNET_HEADER];
    for (unsigned kind = 0; kind < 16; kind++) {
        bool v6 = kind & 1, asked = kind & 2, little = asked || machine_is_little();
        size_t link = kind & 4 ? 14 : 0, options = kind & 8 ? 8 : 0, tcp = link + (v6 ? 40 : 20);
        tcp += v6 ? 0 : options;
        struct aksu_frame f = frame_of(octets, v6, link, options, CTL_ACK);
        memset(h, 0xff, sizeof h);
        vnet_put(h, &f, link, asked);
        assert_memory_equal(h, zeros, sizeof h);
        f.checksum_partial = true;
        vnet_put(h, &f, link, asked);
        assert_int_equal(h[0], 1);
        assert_int_equal(h[1], 0);
        assert_int_equal(number(h + 2, little), tcp + 32);
        assert_int_equal(number(h + 4, little), 0);
        assert_int_equal(number(h + 6, little), tcp);
        assert_int_equal(number(h + 8, little), 16);
        f.gso_size = 1448;
        vnet_put(h, &f, link, asked);
        assert_int_equal(h[0], 1);
        assert_int_equal(h[1], v6 ? 4 : 1);
        assert_int_equal(number(h + 4, little), 1448);
        f = frame_of(octets, v6, link, options, CTL_ACK | CTL_CWR);
        f.gso_size = 1448;
        vnet_put(h, &f, link, asked);
        assert_int_equal(h[1], (v6 ? 4 : 1) | 0x80);
    }
}

static void what_is_believed(void **state)
{
    (void)state;
    for (unsigned flags = 0; flags < 256; flags++)
        for (unsigned type = 0; type < 256; type++) {
            uint8_t h[VNET_HEADER] = { (uint8_t)flags, (uint8_t)type, 0, 0, 0x12, 0x34 };
            struct aksu_frame f = { .gso_size = 9 };
            unsigned kind = type & 0x7f;
            bool tcp = kind == 1 || kind == 4;
            assert_int_equal(vnet_get(h, true, &f), kind == 0 || tcp);
            if (kind != 0 && !tcp)
                continue;
            assert_int_equal(f.gso_size, tcp ? 0x3412 : 0);
            assert_int_equal(f.checksum_partial, (flags & 3) != 0);
            assert_true(vnet_get(h, false, &f));
            assert_int_equal(f.gso_size, !tcp ? 0 : machine_is_little() ? 0x3412 : 0x1234);
        }
}

/* Each piece costs a look: a guest that says one octet would buy 64,000 of them with a frame. */
static void pieces_that_are_too_small(void **state)
{
    (void)state;
    for (unsigned size = 0; size < 100; size++) {
        uint8_t h[VNET_HEADER] = { 0, 1, 0, 0, (uint8_t)size };
        struct aksu_frame f = { .gso_size = 9 };
        assert_true(vnet_get(h, true, &f));
        assert_int_equal(f.gso_size, size < 48 ? 0 : size);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written),
        cmocka_unit_test(what_is_believed),
        cmocka_unit_test(pieces_that_are_too_small),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
