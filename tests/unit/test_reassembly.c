/* test_reassembly.c - datagrams cut by ip_cut come together again, in any order, and nothing that
 * arrives can make the table grow (RFC 791 3.2, RFC 8200 4.5, RFC 1122 3.3.2, RFC 3168 5.3). */
#include "ip_help.h"

#include "base/time.h"

enum { PAGES = 60, MAX_PAGES = 51, PIECES = 300 };

static struct host host;
static uint8_t text[66000], back[66000];

static int setup(void **state)
{
    (void)state;
    uint64_t seed = 5;
    chance_fill(&seed, text, sizeof text);
    host_init(&host, PAGES, MAX_PAGES);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    host_fini(&host);
    assert_int_equal(host.pool.in_use, 0);
    return 0;
}

/* A datagram in fragments, each a packet of its own. */
struct cutting {
    uint32_t count;
    struct {
        uint32_t length;
        uint8_t octet[2100];
    } piece[PIECES];
};

static void cut(struct cutting *c, const struct ip_out *out, const uint8_t *data, size_t length,
                uint32_t mtu)
{
    struct ip_cutter cutter;
    struct ip_piece piece;
    size_t half = length / 2;
    struct aksu_slice part[2] = { { data, half }, { data + half, length - half } };
    assert_int_equal(ip_cut(&cutter, out, part, 2, mtu), AKSU_OK);
    for (c->count = 0; ip_next_piece(&cutter, &piece); c->count++) {
        assert_true(c->count < PIECES);
        uint8_t *to = c->piece[c->count].octet;
        memcpy(to, piece.header, piece.header_length);
        uint32_t at = piece.header_length;
        for (uint32_t i = 0; i < piece.parts; i++) {
            memcpy(to + at, piece.part[i].data, piece.part[i].length);
            at += (uint32_t)piece.part[i].length;
        }
        assert_true(at <= mtu && at == piece.header_length + piece.length);
        c->piece[c->count].length = at;
    }
}

static struct ip_out out_of(bool v6, uint32_t identification)
{
    return (struct ip_out){
        .source = ip_of(v6 ? "fe80::9" : "10.0.0.9"),
        .destination = ip_of(v6 ? "fe80::2" : "10.0.0.2"),
        .protocol = 17, .ttl = 64, .tos = 0x20, .identification = identification,
    };
}

static enum ip_verdict put(const struct cutting *c, uint32_t i, struct ip_packet *out,
                           aksu_time now)
{
    uint8_t *copy = exact_copy(c->piece[i].octet, c->piece[i].length);
    struct aksu_slice part = { copy, c->piece[i].length };
    struct ip_arrival in = { .device = 1, .part = &part, .parts = 1, .checksum_verified = true };
    enum ip_verdict verdict = ip_input(&host.routes, &host.reassembly, &in, out, now);
    free(copy);                     /* what was taken must have been copied */
    return verdict;
}

static void assert_whole(const struct ip_packet *p, const struct ip_out *out, const uint8_t *data,
                         size_t length)
{
    assert_true(p->reassembled && !p->checksum_verified);
    assert_true(ip_eq(&p->source, &out->source) && ip_eq(&p->destination, &out->destination));
    assert_int_equal(p->protocol, out->protocol);
    assert_int_equal(p->tos, out->tos);
    assert_int_equal(p->length, length);
    assert_int_equal(p->header_length, ip_is_v4(&p->source) ? 20 : 40);
    assert_ptr_equal(p->payload[0].data, p->header + p->header_length);
    gather(p, back);
    assert_memory_equal(back, data, length);
}

static void in_any_order(void **state)
{
    (void)state;
    static struct cutting c;
    struct ip_packet p;
    uint64_t seed = 9;
    for (unsigned round = 0; round < 600; round++) {
        bool v6 = round % 2;
        uint32_t order[PIECES], mtu = 1280 + chance_below(&seed, 800);
        size_t length = round < 4 ? (v6 ? 65535 : 65515) : 2000 + chance_below(&seed, 28000);
        struct ip_out out = out_of(v6, chance(&seed));
        cut(&c, &out, text + round, length, mtu);
        for (uint32_t i = 0; i < c.count; i++)
            order[i] = i;
        /* at most 30 holes: pieces move within a window of 24 */
        for (uint32_t i = 0; i < c.count; i++) {
            uint32_t left = c.count - i < 24 ? c.count - i : 24;
            uint32_t j = round < 2 ? i : i + chance_below(&seed, left), swap = order[i];
            order[i] = order[j];
            order[j] = swap;
        }
        for (uint32_t i = 0; i < c.count; i++) {
            enum ip_verdict want = i + 1 < c.count ? IP_HELD : IP_DELIVER;
            assert_int_equal(put(&c, order[i], &p, round), want);
            if (want == IP_HELD && i % 3 == 0)      /* repetitions are ignored */
                assert_int_equal(put(&c, order[i], &p, round), IP_HELD);
        }
        assert_whole(&p, &out, text + round, length);
        reassembly_release(&host.reassembly);
        assert_int_equal(host.reassembly.pages, 0);
    }
    assert_true(reassembly_next_timeout(&host.reassembly) == AKSU_NEVER);
}

static void several_at_once(void **state)
{
    (void)state;
    static struct cutting c[8];
    struct ip_packet p;
    for (unsigned k = 0; k < 8; k++) {
        struct ip_out out = out_of(k % 2, 7 + k / 4);       /* same number, other protocol */
        out.protocol = k / 2 % 2 ? 17 : 6;
        if (k % 2)
            out.identification = k;
        cut(&c[k], &out, text + 8 * k, 6000, 1300);
        assert_int_equal(c[k].count, 5);
    }
    for (uint32_t i = 0; i < 5; i++) {
        for (unsigned k = 0; k < 8; k++)
            assert_int_equal(put(&c[k], 4 - i, &p, 0), i < 4 ? IP_HELD : IP_DELIVER);
    }
    gather(&p, back);
    assert_memory_equal(back, text + 56, 6000);
}

/* 0: an octet of the repetition differs; 1: it begins 8 later; 2: it is longer; 3: it says that it
 * is the last; 4: another end. All of the datagram is then lost, silently, and stays lost. */
static void overlaps_spoil_the_datagram(void **state)
{
    (void)state;
    static struct cutting c, d;
    struct ip_packet p;
    for (unsigned v6 = 0; v6 < 2; v6++) {
        for (unsigned kind = 0; kind < 5; kind++) {
            uint32_t f = v6 ? 42 : 6, header = v6 ? 48 : 20;
            struct ip_out out = out_of(v6, 100 + kind);
            cut(&c, &out, text, 5000, 1300);
            cut(&d, &out, text, kind == 2 ? 4900 : 5000, kind == 2 ? 1400 : 1300);
            if (kind == 4) {
                cut(&d, &out, text, 5008, 1300);
                assert_int_equal(put(&d, d.count - 1, &p, 0), IP_HELD);
            }
            uint32_t bad = kind == 2 ? 0 : 1;
            uint8_t *octet = d.piece[bad].octet;
            if (kind == 0)
                octet[header + 100] ^= 1;
            if (kind == 1)
                octet[f + 1] = (uint8_t)(octet[f + 1] + (v6 ? 8 : 1));
            if (kind == 3)
                octet[v6 ? f + 1 : f] &= v6 ? 0xfe : 0xdf;
            if (!v6) {
                store_be16(octet + 10, 0);
                store_be16(octet + 10, (uint16_t)~checksum_words(octet, 20));
            }
            assert_int_equal(put(&c, kind == 4 ? c.count - 1 : 0, &p, 0),
                             kind == 4 ? IP_DROP : IP_HELD);
            if (kind < 4) {
                if (kind != 2)
                    assert_int_equal(put(&c, 1, &p, 0), IP_HELD);
                if (kind == 3)
                    assert_int_equal(put(&c, 2, &p, 0), IP_HELD);
                assert_int_equal(put(&d, bad, &p, 0), IP_DROP);
            }
            assert_string_equal(p.why, "overlapping fragments");
            assert_int_equal(host.reassembly.pages, 0);
            for (uint32_t i = 0; i < c.count; i++) {
                assert_int_equal(put(&c, i, &p, 1), IP_DROP);
                assert_string_equal(p.why, "fragment of a discarded datagram");
            }
            assert_false(reassembly_expired(&host.reassembly, &p, SECONDS(30)));
        }
    }
}

static void time_exceeded_only_with_the_first(void **state)
{
    (void)state;
    static struct cutting c;
    struct ip_packet p;
    aksu_time start = SECONDS(100), end = start + REASSEMBLY_TIMEOUT;
    for (unsigned v6 = 0; v6 < 2; v6++) {
        struct ip_out out = out_of(v6, 1);
        cut(&c, &out, text, 5000, 1300);
        assert_int_equal(put(&c, 1, &p, start), IP_HELD);
        assert_true(reassembly_next_timeout(&host.reassembly) == end);
        assert_int_equal(put(&c, 2, &p, start + SECONDS(20)), IP_HELD);  /* not prolonged */
        assert_true(reassembly_next_timeout(&host.reassembly) == end);
        assert_false(reassembly_expired(&host.reassembly, &p, end));
        assert_true(reassembly_next_timeout(&host.reassembly) == AKSU_NEVER);
        assert_int_equal(host.pool.in_use, 0);

        assert_int_equal(put(&c, 0, &p, start), IP_HELD);
        assert_false(reassembly_expired(&host.reassembly, &p, end - 1));
        assert_true(reassembly_expired(&host.reassembly, &p, end));
        assert_int_equal(p.header_length, v6 ? 48 : 20);
        assert_memory_equal(p.header, c.piece[0].octet, c.piece[0].length);  /* as it came */
        assert_int_equal(p.header_length + p.length, c.piece[0].length);
        assert_true(ip_eq(&p.source, &out.source) && p.device == 1);
        assert_int_equal(p.protocol, 17);
        assert_false(reassembly_expired(&host.reassembly, &p, end));
        assert_int_equal(host.pool.in_use, 0);
    }
}

static void a_flood_pushes_out_the_oldest(void **state)
{
    (void)state;
    static struct cutting flood, mine;
    struct ip_packet p;
    for (uint32_t i = 0; i < 3000; i++) {
        struct ip_out out = out_of(i % 2, 1000 + i);
        cut(&flood, &out, text, 20000, 2000);
        for (uint32_t k = 0; k < 6; k++)
            assert_int_equal(put(&flood, 4 * (i % 2) + k, &p, i), IP_HELD);
        assert_true(host.reassembly.pages <= MAX_PAGES);
        assert_int_equal(host.reassembly.pages, host.pool.in_use);
    }
    struct ip_out out = out_of(false, 5);       /* a newcomer has room all the same */
    cut(&mine, &out, text, 65000, 1500);
    for (uint32_t i = 0; i < mine.count; i++)
        assert_int_equal(put(&mine, i, &p, 1), i + 1 < mine.count ? IP_HELD : IP_DELIVER);
    assert_whole(&p, &out, text, 65000);
    unsigned expired = 0;
    while (reassembly_expired(&host.reassembly, &p, SECONDS(31)))
        expired++;
    assert_true(expired <= REASSEMBLY_DATAGRAMS && host.pool.in_use == 0);
}

static void the_oldest_goes_first(void **state)
{
    (void)state;
    static struct cutting c[REASSEMBLY_DATAGRAMS + 1];
    struct ip_packet p;
    for (uint32_t k = 0; k <= REASSEMBLY_DATAGRAMS; k++) {
        struct ip_out out = out_of(false, 100 + k);
        cut(&c[k], &out, text, 2000, 1300);
        assert_int_equal(c[k].count, 2);
        assert_int_equal(put(&c[k], 0, &p, k), IP_HELD);
    }
    for (uint32_t k = REASSEMBLY_DATAGRAMS; k >= 1; k--)
        assert_int_equal(put(&c[k], 1, &p, 50), IP_DELIVER);
    assert_int_equal(put(&c[0], 1, &p, 50), IP_HELD);
}

static void an_empty_pool(void **state)
{
    (void)state;
    static struct cutting c;
    struct ip_packet p;
    struct ip_out out = out_of(false, 5);
    uint32_t held = 0;
    page_ref pages[PAGES + 1];
    cut(&c, &out, text, 65000, 1500);
    while (pool_left(&host.pool) > 3)
        pages[held++] = pool_take(&host.pool);
    for (uint32_t i = 0; i < c.count; i++) {
        enum ip_verdict verdict = put(&c, i, &p, 0);
        assert_true(verdict == IP_HELD || verdict == IP_DROP);
        if (verdict == IP_DROP && i < RANGES_SMALL)
            assert_string_equal(p.why, "no memory to reassemble");
    }
    assert_int_equal(host.reassembly.pages, 3);
    while (held > 0)
        pool_give(&host.pool, pages[--held]);
    struct ip_packet again;         /* what was refused may come once more */
    enum ip_verdict last = IP_HELD;
    for (uint32_t i = 0; i < c.count; i++)
        last = put(&c, i, &again, 0);
    assert_int_equal(last, IP_DELIVER);
    assert_whole(&again, &out, text, 65000);
}

static void too_many_holes(void **state)
{
    (void)state;
    static struct cutting c;
    struct ip_packet p;
    struct ip_out out = out_of(false, 5);
    unsigned dropped = 0;
    cut(&c, &out, text, 60000, 576);
    for (uint32_t i = 0; i < c.count; i += 2)
        dropped += put(&c, i, &p, 0) == IP_DROP;
    assert_int_equal(dropped, (c.count + 1) / 2 - RANGES_SMALL);
    assert_string_equal(p.why, "too many holes");
    enum ip_verdict verdict = IP_HELD;
    for (uint32_t i = 1; i < c.count; i += 2)
        verdict = put(&c, i, &p, 0);
    for (uint32_t i = 0; i < c.count && verdict != IP_DELIVER; i++)     /* all of them again */
        verdict = put(&c, i, &p, 0);
    assert_int_equal(verdict, IP_DELIVER);
    assert_whole(&p, &out, text, 60000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(in_any_order, setup, teardown),
        cmocka_unit_test_setup_teardown(several_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(overlaps_spoil_the_datagram, setup, teardown),
        cmocka_unit_test_setup_teardown(time_exceeded_only_with_the_first, setup, teardown),
        cmocka_unit_test_setup_teardown(a_flood_pushes_out_the_oldest, setup, teardown),
        cmocka_unit_test_setup_teardown(the_oldest_goes_first, setup, teardown),
        cmocka_unit_test_setup_teardown(an_empty_pool, setup, teardown),
        cmocka_unit_test_setup_teardown(too_many_holes, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
