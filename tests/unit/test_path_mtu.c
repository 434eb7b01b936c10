/* test_path_mtu.c - path MTU estimates (RFC 1191 3, 6.3, 7.1, RFC 8201 4) and the order of
 * ephemeral ports (RFC 6056 3.3). */
#include "ip_help.h"

#include "base/time.h"
#include "ip/path_mtu.h"
#include "ip/ports.h"

static const struct sipkey key = { 1, 2 };

static void estimates_only_go_down(void **state)
{
    (void)state;
    static struct path_mtu_table t;
    struct aksu_ip to = ip_of("192.0.2.1"), other = ip_of("192.0.2.2");
    path_mtu_init(&t, &key);
    assert_int_equal(path_mtu_get(&t, &to, 1500, 0), 1500);
    assert_false(path_mtu_lower(&t, &to, 1500, 1500, 0));
    assert_false(path_mtu_lower(&t, &to, 9000, 1500, 0));
    assert_true(path_mtu_lower(&t, &to, 1400, 1500, 0));
    assert_false(path_mtu_lower(&t, &to, 1400, 1500, 0));
    assert_false(path_mtu_lower(&t, &to, 1450, 1500, 0));
    assert_int_equal(path_mtu_get(&t, &to, 1500, 0), 1400);
    assert_int_equal(path_mtu_get(&t, &to, 1300, 0), 1300);     /* never above the link's */
    assert_int_equal(path_mtu_get(&t, &other, 1500, 0), 1500);
}

static void floors(void **state)
{
    (void)state;
    static struct path_mtu_table t;
    struct aksu_ip v4 = ip_of("192.0.2.1"), v6 = ip_of("2001:db8::1");
    path_mtu_init(&t, &key);
    assert_true(path_mtu_lower(&t, &v4, 0, 1500, 0));           /* RFC 1191 3 */
    assert_int_equal(path_mtu_get(&t, &v4, 1500, 0), 68);
    assert_false(path_mtu_lower(&t, &v6, 1279, 1500, 0));       /* RFC 8201 4 */
    assert_int_equal(path_mtu_get(&t, &v6, 1500, 0), 1500);
    assert_true(path_mtu_lower(&t, &v6, 1280, 1500, 0));
    assert_int_equal(path_mtu_get(&t, &v6, 1500, 0), 1280);
}

static void they_are_forgotten_after_ten_minutes(void **state)
{
    (void)state;
    static struct path_mtu_table t;
    struct aksu_ip to = ip_of("192.0.2.1");
    aksu_time start = SECONDS(1000), end = start + SECONDS(600);
    path_mtu_init(&t, &key);
    assert_true(path_mtu_lower(&t, &to, 1000, 1500, start));
    assert_int_equal(path_mtu_get(&t, &to, 1500, end - 1), 1000);
    assert_int_equal(path_mtu_get(&t, &to, 1500, end), 1500);
    assert_true(path_mtu_lower(&t, &to, 1200, 1500, end));      /* what is forgotten may be less */
    assert_int_equal(path_mtu_get(&t, &to, 1500, end), 1200);
    /* a message that lowers nothing does not prolong the life of the estimate either */
    assert_false(path_mtu_lower(&t, &to, 1200, 1500, end + SECONDS(599)));
    assert_int_equal(path_mtu_get(&t, &to, 1500, end + SECONDS(600)), 1500);
}

static void a_flood_stays_in_bounds(void **state)
{
    (void)state;
    static struct path_mtu_table t;
    path_mtu_init(&t, &key);
    unsigned kept = 0;
    for (uint32_t i = 0; i < 20000; i++) {
        uint8_t v4[4] = { 10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i };
        struct aksu_ip to = ip_from_v4(v4);
        assert_true(path_mtu_lower(&t, &to, 600 + i % 700, 1500, i));
        assert_int_equal(path_mtu_get(&t, &to, 1500, i), 600 + i % 700);
    }
    for (uint32_t i = 0; i < 20000; i++) {
        uint8_t v4[4] = { 10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i };
        struct aksu_ip to = ip_from_v4(v4);
        uint32_t mtu = path_mtu_get(&t, &to, 1500, 20000);
        assert_true(mtu == 1500 || mtu == 600 + i % 700);
        kept += mtu != 1500;
    }
    assert_int_equal(kept, PATH_MTU_SETS * PATH_MTU_WAYS);
}

static void plateaus(void **state)
{
    (void)state;
    static const uint32_t steps[][2] = {
        { 65536, 65535 }, { 65535, 32000 }, { 1500, 1492 }, { 1492, 1006 }, { 1006, 508 },
        { 508, 296 }, { 297, 296 }, { 296, 68 }, { 68, 68 }, { 0, 68 },
    };
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
        assert_int_equal(path_mtu_plateau(steps[i][0]), steps[i][1]);
}

/* R6056-3.2-a: from the largest range that there is. */
static void every_port_is_tried_once(void **state)      /* RFC 6056 3.2 */
{
    (void)state;
    static bool seen[65536];
    struct ports p;
    struct aksu_ip local = ip_of("10.0.0.2");
    struct aksu_endpoint remote = endpoint_of("10.0.0.1", 80);
    ports_init(&p, &key, false);
    for (unsigned round = 0; round < 3; round++) {
        struct port_walk walk = ports_first(&p, &local, &remote);
        memset(seen, 0, sizeof seen);
        unsigned count = 0;
        for (uint16_t port; (port = ports_next(&p, &walk)) != 0; count++) {
            assert_true(port >= PORTS_FIRST && !seen[port]);
            seen[port] = true;
        }
        assert_int_equal(count, PORTS_COUNT);
        assert_int_equal(ports_next(&p, &walk), 0);
    }
}

static uint16_t first_port(struct ports *p, const char *local, const char *remote, uint16_t port)
{
    struct aksu_ip ip = ip_of(local);
    struct aksu_endpoint to = endpoint_of(remote, port);
    struct port_walk walk = ports_first(p, &ip, &to);
    return ports_next(p, &walk);
}

/* R6056-3.3-a */
static void peers_see_independent_sequences(void **state)   /* RFC 6056 3.3.3 */
{
    (void)state;
    struct ports p, q;
    struct sipkey other = { 3, 4 };
    ports_init(&p, &key, false);
    uint16_t a = first_port(&p, "10.0.0.2", "10.0.0.1", 80);
    uint16_t b = first_port(&p, "10.0.0.2", "10.0.0.1", 80);
    assert_int_equal(b, a == PORTS_LAST ? PORTS_FIRST : a + 1);     /* RFC 6056 3.3.3 */
    p.next = 0;
    assert_int_not_equal(first_port(&p, "10.0.0.2", "10.0.0.1", 81), a);
    p.next = 0;
    assert_int_not_equal(first_port(&p, "10.0.0.3", "10.0.0.1", 80), a);
    ports_init(&q, &other, false);
    assert_int_not_equal(first_port(&q, "10.0.0.2", "10.0.0.1", 80), a);
    ports_init(&q, &other, true);
    assert_int_equal(first_port(&q, "10.0.0.2", "10.0.0.1", 80), PORTS_FIRST);
    assert_int_equal(first_port(&q, "10.0.0.2", "10.9.9.9", 80), PORTS_FIRST + 1);
}

/* The first that is over is told once, then the next one. */
static void what_is_over_is_told_once(void **state)     /* RFC 1191 6.3, RFC 8201 4 */
{
    (void)state;
    struct path_mtu_table *t = malloc(sizeof *t);
    const struct aksu_ip a = ip_of("10.0.0.1"), b = ip_of("10.0.0.2");
    path_mtu_init(t, &key);
    assert_false(path_mtu_expired(t, SECONDS(10000)));
    assert_true(path_mtu_lower(t, &a, 1300, 1500, SECONDS(100)));
    assert_true(path_mtu_lower(t, &b, 1400, 1500, SECONDS(200)));
    assert_false(path_mtu_expired(t, SECONDS(700) - 1));
    assert_true(path_mtu_expired(t, SECONDS(700)));
    assert_false(path_mtu_expired(t, SECONDS(700)));
    assert_int_equal(path_mtu_get(t, &a, 1500, SECONDS(700)), 1500);
    assert_int_equal(path_mtu_get(t, &b, 1500, SECONDS(700)), 1400);
    assert_false(path_mtu_expired(t, SECONDS(800) - 1));
    assert_true(path_mtu_expired(t, SECONDS(800)));
    assert_false(path_mtu_expired(t, SECONDS(9000)));
    free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(estimates_only_go_down),
        cmocka_unit_test(floors),
        cmocka_unit_test(they_are_forgotten_after_ten_minutes),
        cmocka_unit_test(what_is_over_is_told_once),
        cmocka_unit_test(a_flood_stays_in_bounds),
        cmocka_unit_test(plateaus),
        cmocka_unit_test(every_port_is_tried_once),
        cmocka_unit_test(peers_see_independent_sequences),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
