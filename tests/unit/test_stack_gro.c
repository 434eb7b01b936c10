/* test_stack_gro.c - aksu_frames_in: which segments of a batch become one, and that nothing else
 * does (RFC 9293 3.8.6.3 names receive offload). */
#include "gro_help.h"

/* Lengths of the segments that the steps saw, the last one followed by 0. */
static void expect_lengths(const struct scene *s, const uint32_t *length)
{
    unsigned n = 0;
    for (; length[n] != 0; n++) {
        assert_true(n < s->heard.in);
        assert_int_equal(s->heard.segment[n].len, length[n]);
    }
    assert_int_equal(s->heard.in, n);
}

#define LENGTHS(...) ((const uint32_t[]){ __VA_ARGS__, 0 })

static void a_run_becomes_one_segment(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < 24; kind++) {
        struct scene s;
        struct batch b = { 0 };
        struct shape usual = { .verified = kind & 4, .slices = kind / 8 },
                     last = { .ctl = CTL_PSH, .verified = kind & 4, .slices = kind / 8 };
        scene_init(&s, kind & 1, kind & 2);
        struct flow f = scene_flow(&s);
        uint32_t before = server_info(&s, &f).segments_in;
        for (uint32_t i = 0; i < 5; i++)
            put(&s, &b, &f, i * SIZE, SIZE, &usual);
        put(&s, &b, &f, 5 * SIZE, 77, &last);
        give_batch(&s, &b);
        drain(&s);

        expect_lengths(&s, LENGTHS(5 * SIZE + 77));
        assert_int_equal(s.heard.segment[0].ctl, CTL_ACK | CTL_PSH);
        assert_int_equal(s.heard.segment[0].seq, f.info.snd_nxt);
        assert_int_equal(s.heard.dropped, 0);
        assert_int_equal(server_info(&s, &f).segments_in, before + 6);
        assert_int_equal(s.heard.out, 1);                       /* one ACK, at once */
        assert_int_equal(s.heard.sent[0].ack, f.info.snd_nxt + 5 * SIZE + 77);
        assert_int_equal(read_stream(&s, &f, 0), 5 * SIZE + 77);
        scene_fini(&s);
    }
}

/* The third of four segments is different: what the steps see then, and how much can be read. */
struct difference {
    const char *what;
    struct shape shape;
    int32_t shift, longer;          /* of its place and length */
    uint32_t lengths[6];
    unsigned dropped;
    uint32_t text;                  /* that arrives */
    bool v4_only, ethernet_only;
};

static const struct difference differences[] = {
    { "nothing", .lengths = { 4000 }, .text = 4000 },
    { "padding of the link", { .padding = 9 }, .lengths = { 4000 }, .text = 4000 },
    { "verified by the device", { .verified = true }, .lengths = { 4000 }, .text = 4000 },
    { "slices", { .slices = 4 }, .lengths = { 4000 }, .text = 4000 },
    { "PSH ends it", { .ctl = CTL_PSH }, .lengths = { 3000, 1000 }, .text = 4000 },
    { "shorter ends it", .longer = -1, .lengths = { 2999, 1000 }, .text = 2999 },
    { "longer", .longer = 1, .lengths = { 2000, 1001, 1000 }, .text = 4000 },
    { "acknowledgment", { .ack = (uint32_t)-1 }, .lengths = { 2000, 1000, 1000 }, .text = 4000 },
    { "window", { .wnd = 1 }, .lengths = { 2000, 1000, 1000 }, .text = 4000 },
    { "timestamp", { .ts = 1 }, .lengths = { 2000, 1000, 1000 }, .text = 4000 },
    { "an old timestamp", { .ts = (uint32_t)-1 }, .lengths = { 2000, 1000, 1000 }, .dropped = 1,
      .text = 2000 },
    { "more options", { .nops = 1 }, .lengths = { 2000, 1000, 1000 }, .text = 4000 },
    { "options in the place of text", { .nops = 1 }, .longer = -4, .lengths = { 2000, 996, 1000 },
      .text = 2996 },
    { "another port", { .port = 1 }, .lengths = { 2000, 1000, 1000 }, .dropped = 1, .text = 2000 },
    { "TOS", { .tos = 0x20 }, .lengths = { 2000, 1000, 1000 }, .text = 4000 },
    { "ECN", { .tos = 3 }, .lengths = { 2000, 1000, 1000 }, .text = 4000 },
    { "TTL", { .ttl = 1 }, .lengths = { 2000, 1000, 1000 }, .text = 4000 },
    { "CWR", { .ctl = CTL_CWR }, .lengths = { 2000, 1000, 1000 }, .text = 4000 },
    { "ECE", { .ctl = CTL_ECE }, .lengths = { 2000, 1000, 1000 }, .text = 4000 },
    { "URG", { .ctl = CTL_URG }, .lengths = { 2000, 1000, 1000 }, .text = 4000 },
    { "FIN", { .ctl = CTL_FIN }, .lengths = { 2000, 1000, 1000 }, .text = 3000 },
    { "SYN", { .ctl = CTL_SYN }, .lengths = { 2000, 1000, 1000 }, .dropped = 1, .text = 2000 },
    { "RST", { .ctl = CTL_RST }, .lengths = { 2000, 1000, 1000 }, .dropped = 1, .text = 0 },
    { "no ACK", { .no_ack = true }, .lengths = { 2000, 1000, 1000 }, .dropped = 1, .text = 2000 },
    { "PSH and no ACK", { .no_ack = true, .ctl = CTL_PSH }, .lengths = { 2000, 1000, 1000 },
      .dropped = 1, .text = 2000 },
    { "a bad checksum", { .damaged = true }, .lengths = { 2000, 1000 }, .dropped = 1,
      .text = 2000 },
    { "a bad header checksum", { .ip_damaged = true }, .lengths = { 2000, 1000 }, .dropped = 1,
      .text = 2000, .v4_only = true },
    { "cut short", { .missing = 1 }, .lengths = { 2000, 1000 }, .dropped = 1, .text = 2000 },
    { "cut in the headers", { .missing = 1001 }, .lengths = { 2000, 1000 }, .dropped = 1,
      .text = 2000 },
    { "IP options", { .ip_options = true }, .lengths = { 2000, 1000, 1000 }, .text = 4000 },
    { "a fragment", { .more_fragments = true }, .lengths = { 2000, 1000 },
      .text = 2000, .v4_only = true },
    { "another station", { .mac = 4 }, .lengths = { 2000, 1000, 1000 }, .text = 4000,
      .ethernet_only = true },
    { "a hole before it", .shift = 1, .lengths = { 2000, 1000, 1000 }, .text = 2000 },
    { "the one before again", .shift = -1000, .lengths = { 2000, 1000, 1000 }, .dropped = 1,
      .text = 2000 },
    { "an octet again", .shift = -1, .lengths = { 2000, 1000, 1000 }, .text = 2999 },
    { "no text", .longer = -1000, .lengths = { 2000, UINT32_MAX, 1000 }, .text = 2000 },
};

static void one_difference(const struct difference *d, bool v6, bool ethernet)
{
    struct scene s;
    struct batch b = { 0 };
    scene_init(&s, v6, ethernet);
    struct flow f = scene_flow(&s);
    put(&s, &b, &f, 0, SIZE, NULL);
    put(&s, &b, &f, SIZE, SIZE, NULL);
    put(&s, &b, &f, (uint32_t)(2 * SIZE + d->shift), (uint32_t)(SIZE + d->longer), &d->shape);
    put(&s, &b, &f, 3 * SIZE, SIZE, NULL);
    give_batch(&s, &b);
    unsigned n = 0;
    for (; d->lengths[n] != 0; n++) {
        uint32_t length = d->lengths[n] == UINT32_MAX ? 0 : d->lengths[n];
        if (n >= s.heard.in || s.heard.segment[n].len != length)
            fail_msg("%s: segment %u", d->what, n);
    }
    if (s.heard.in != n || s.heard.dropped != d->dropped)
        fail_msg("%s: %u segments, %u dropped", d->what, s.heard.in, s.heard.dropped);
    if (d->text > 0)
        assert_int_equal(read_stream(&s, &f, 0), d->text);
    drain(&s);
    scene_fini(&s);
}

static void what_differs_is_not_merged(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof differences / sizeof differences[0]; i++) {
        for (unsigned kind = 0; kind < 4; kind++) {
            bool v6 = kind & 1, ethernet = kind & 2;
            if (!(v6 && differences[i].v4_only) && (ethernet || !differences[i].ethernet_only))
                one_difference(&differences[i], v6, ethernet);
        }
    }
}

/* The first of them is different: then the others are a run of their own. */
static void what_cannot_begin_a_run(void **state)
{
    (void)state;
    static const struct shape first[] = {
        { .ctl = CTL_PSH }, { .ctl = CTL_URG }, { .ctl = CTL_CWR }, { .ip_options = true },
    };
    for (size_t i = 0; i < sizeof first / sizeof first[0]; i++) {
        struct scene s;
        struct batch b = { 0 };
        scene_init(&s, false, false);
        struct flow f = scene_flow(&s);
        put(&s, &b, &f, 0, SIZE, &first[i]);
        put(&s, &b, &f, SIZE, SIZE, NULL);
        put(&s, &b, &f, 2 * SIZE, SIZE, NULL);
        give_batch(&s, &b);
        expect_lengths(&s, LENGTHS(SIZE, 2 * SIZE));
        assert_int_equal(read_stream(&s, &f, 0), 3 * SIZE);
        scene_fini(&s);
    }
}

/* RFC 8200 4.6, RFC 791 3.1: what has more than the plain header goes the long way, each alone. */
static void long_headers_are_not_merged(void **state)
{
    (void)state;
    for (unsigned v6 = 0; v6 < 2; v6++) {
        struct scene s;
        struct batch b = { 0 };
        struct shape options = { .ip_options = true };
        scene_init(&s, v6, false);
        struct flow f = scene_flow(&s);
        for (uint32_t i = 0; i < 3; i++)
            put(&s, &b, &f, i * SIZE, SIZE, &options);
        give_batch(&s, &b);
        expect_lengths(&s, LENGTHS(SIZE, SIZE, SIZE));
        assert_int_equal(read_stream(&s, &f, 0), 3 * SIZE);
        scene_fini(&s);
    }
}

static void a_run_has_19_slices(void **state)
{
    (void)state;
    for (unsigned slices = 1; slices <= 6; slices++) {
        struct scene s;
        struct batch b = { 0 };
        struct shape shape = { .slices = slices };
        uint32_t each = slices > 1 ? slices - 1 : 1, fit = TCP_TEXT_PARTS / each;
        scene_init(&s, false, false);
        struct flow f = scene_flow(&s);
        for (uint32_t i = 0; i < 20; i++)
            put(&s, &b, &f, i * SIZE, SIZE, &shape);
        give_batch(&s, &b);
        for (uint32_t i = 0, left = 20; left > 0; i++) {
            uint32_t n = left < fit ? left : fit;
            assert_int_equal(s.heard.segment[i].len, n * SIZE);
            left -= n;
        }
        assert_int_equal(read_stream(&s, &f, 0), 20 * SIZE);
        scene_fini(&s);
    }
}

/* --- frames that were several segments already --- */

static void super_frames_are_merged_too(void **state)
{
    (void)state;
    struct scene s;
    struct batch b = { 0 };
    struct shape gso = { .gso = SIZE }, other = { .gso = 500 };
    scene_init(&s, false, false);
    struct flow f = scene_flow(&s);
    put(&s, &b, &f, 0, 3000, &gso);
    put(&s, &b, &f, 3000, 1000, NULL);
    put(&s, &b, &f, 4000, 2000, &gso);
    put(&s, &b, &f, 6000, 500, &gso);           /* one, and smaller: the last */
    put(&s, &b, &f, 6500, 500, NULL);
    put(&s, &b, &f, 7000, 500, &other);         /* as large as the one before it */
    put(&s, &b, &f, 7500, 1000, &other);
    put(&s, &b, &f, 8500, 1000, &gso);          /* larger pieces */
    put(&s, &b, &f, 9500, 2500, &gso);          /* its last piece ends it */
    put(&s, &b, &f, 12000, 1000, &gso);
    put(&s, &b, &f, 13000, 1500, &other);       /* smaller pieces, but several */
    put(&s, &b, &f, 14500, 1001, &other);       /* a run ends with a last piece of 1 */
    put(&s, &b, &f, 15501, 500, &other);
    uint32_t before = server_info(&s, &f).segments_in;
    give_batch(&s, &b);
    expect_lengths(&s, LENGTHS(6500, 2000, 3500, 1000, 2501, 500));
    assert_int_equal(server_info(&s, &f).segments_in, before + 7 + 4 + 4 + 1 + 6 + 1);
    assert_int_equal(read_stream(&s, &f, 0), 16001);
    scene_fini(&s);
}

static void a_run_has_at_most_65535_octets(void **state)
{
    (void)state;
    static const uint32_t pieces[][3] = { { 20000, 3, 60000 }, { 32767, 2, 65534 },
                                          { 32768, 1, 32768 }, { 21845, 3, 65535 } };
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        struct scene s;
        struct batch b = { 0 };
        struct shape gso = { .gso = 1 };        /* every length is a whole number of them */
        scene_init(&s, false, false);
        struct flow f = scene_flow(&s);
        for (uint32_t n = 0; n <= pieces[i][1]; n++)
            put(&s, &b, &f, n * pieces[i][0], pieces[i][0], &gso);
        give_batch(&s, &b);
        assert_int_equal(s.heard.in, 2);
        assert_int_equal(s.heard.segment[0].len, pieces[i][2]);
        scene_fini(&s);
    }
}

/* RFC 9293 3.8.6.3 [SHLD-19]: a full segment is what the peer sends, not what came as one. */
static void the_size_of_the_pieces_counts(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < 3; kind++) {
        struct scene s;
        struct batch b = { 0 };
        struct shape gso = { .gso = kind == 0 ? SIZE : 0 };
        scene_init(&s, false, false);
        struct flow f = scene_flow(&s);
        if (kind == 1) {                        /* a run of single ones */
            for (uint32_t i = 0; i < 3; i++)
                put(&s, &b, &f, i * SIZE, SIZE, NULL);
        } else {
            put(&s, &b, &f, 0, kind == 2 ? 1400 : 3 * SIZE, &gso);
        }
        uint32_t at = kind == 2 ? 1400 : 3 * SIZE;
        give_batch(&s, &b);
        drain(&s);
        assert_int_equal(s.heard.in, 1);
        if (kind != 2)
            assert_int_equal(s.heard.out, 1);
        wait_for(&s.w, AKSU_MS(100));
        put(&s, &b, &f, at, SIZE, NULL);
        give_batch(&s, &b);
        drain(&s);
        assert_int_equal(s.heard.out, 0);       /* one is delayed */
        put(&s, &b, &f, at + SIZE, kind == 2 ? SIZE - 1 : SIZE, NULL);
        give_batch(&s, &b);
        drain(&s);
        assert_int_equal(s.heard.out, kind != 2);   /* two are not, when they are full */
        scene_fini(&s);
    }
}

/* RFC 5681 4.2: the peer counts duplicate ACKs to begin its recovery. */
static void a_run_beyond_a_hole_is_answered_for_each(void **state)
{
    (void)state;
    struct scene s;
    struct batch b = { 0 };
    scene_init(&s, false, false);
    struct flow f = scene_flow(&s);
    for (uint32_t i = 1; i < 5; i++)
        put(&s, &b, &f, i * SIZE, SIZE, NULL);
    give_batch(&s, &b);
    drain(&s);
    expect_lengths(&s, LENGTHS(4 * SIZE));
    assert_int_equal(s.heard.out, 4);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(s.heard.sent[i].ack, f.info.snd_nxt);
    put(&s, &b, &f, 0, SIZE, NULL);
    give_batch(&s, &b);
    assert_int_equal(read_stream(&s, &f, 0), 5 * SIZE);
    scene_fini(&s);
}

/* What lies beyond several holes is delivered when one segment closes all of them. */
static void a_run_closes_several_holes(void **state)
{
    (void)state;
    static const uint32_t ends[][2] = { { 5, 6 }, { 4, 4 }, { 3, 4 }, { 2, 2 }, { 6, 6 },
                                        { 7, 7 } };
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        struct scene s;
        struct batch b = { 0 };
        scene_init(&s, false, false);
        struct flow f = scene_flow(&s);
        put(&s, &b, &f, 1 * SIZE, SIZE, NULL);
        put(&s, &b, &f, 3 * SIZE, SIZE, NULL);
        put(&s, &b, &f, 5 * SIZE, SIZE, NULL);
        give_batch(&s, &b);
        for (uint32_t n = 0; n < ends[i][0]; n++)
            put(&s, &b, &f, n * SIZE, SIZE, NULL);
        give_batch(&s, &b);
        expect_lengths(&s, LENGTHS(ends[i][0] * SIZE));
        assert_int_equal(read_stream(&s, &f, 0), ends[i][1] * SIZE);
        scene_fini(&s);
    }
}

/* --- what else is in a batch --- */

static void connections_keep_their_order(void **state)
{
    (void)state;
    struct scene s;
    struct batch b = { 0 };
    scene_init(&s, false, true);
    struct flow f[2] = { scene_flow(&s), scene_flow(&s) };
    static const uint8_t who[] = { 0, 0, 1, 1, 0, 1, 1, 1, 0 };
    uint32_t at[2] = { 0, 0 };
    for (size_t i = 0; i < sizeof who; i++) {
        put(&s, &b, &f[who[i]], at[who[i]], SIZE, NULL);
        at[who[i]] += SIZE;
    }
    give_batch(&s, &b);
    expect_lengths(&s, LENGTHS(2 * SIZE, 2 * SIZE, SIZE, 3 * SIZE, SIZE));
    static const uint8_t order[] = { 0, 1, 0, 1, 0 };
    for (size_t i = 0; i < sizeof order; i++)
        assert_int_equal(s.heard.segment[i].remote.port, f[order[i]].info.local.port);
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(read_stream(&s, &f[i], 0), at[i]);
    scene_fini(&s);
}

/* Frames that are no segment let the run go first, and are what they always are. */
static void other_frames_go_their_way(void **state)
{
    (void)state;
    struct scene s;
    struct batch b = { 0 };
    uint8_t nonsense[60] = { 0x45 };
    scene_init(&s, false, false);
    struct flow f = scene_flow(&s);
    for (uint32_t i = 0; i < 6; i++)
        put(&s, &b, &f, i * SIZE, SIZE, NULL);
    put(&s, &b, &f, 6 * SIZE, SIZE, NULL);
    b.frame[1].parts = 0;
    b.frame[3].parts = AKSU_FRAME_PARTS + 1;
    b.frame[5].part[0] = (struct aksu_slice){ nonsense, sizeof nonsense };
    give_batch(&s, &b);
    expect_lengths(&s, LENGTHS(SIZE, SIZE, SIZE, SIZE));
    assert_int_equal(s.heard.dropped, 3);
    aksu_frames_in(s.w.net[SERVER], s.w.pair.device[SERVER], NULL, 0, s.w.now);
    put(&s, &b, &f, SIZE, SIZE, NULL);
    aksu_frames_in(s.w.net[SERVER], (aksu_device){ 9 }, b.frame, 1, s.w.now);
    assert_int_equal(s.heard.dropped, 4);
    assert_int_equal(read_stream(&s, &f, 0), SIZE);
    batch_clear(&b);
    scene_fini(&s);
}

/* Headers in one slice, text in others, some of them empty. */
static void empty_slices_are_left_out(void **state)
{
    (void)state;
    struct scene s;
    struct batch b = { 0 };
    struct shape two = { .slices = 2 };
    scene_init(&s, true, true);
    struct flow f = scene_flow(&s);
    for (uint32_t i = 0; i < 4; i++) {
        put(&s, &b, &f, i * SIZE, SIZE, &two);
        struct aksu_frame *frame = &b.frame[i];
        frame->part[3] = frame->part[1];
        frame->part[1] = frame->part[2] = (struct aksu_slice){ frame->part[0].data, 0 };
        frame->parts = 4;
    }
    give_batch(&s, &b);
    expect_lengths(&s, LENGTHS(4 * SIZE));
    assert_int_equal(read_stream(&s, &f, 0), 4 * SIZE);
    scene_fini(&s);
}

/* RFC 9293 3.10.7.4 fifth: some of a run are newer than what came last, and their window counts;
 * not that of those that begin behind the window. */
static void the_window_of_a_run_is_that_of_its_newest(void **state)
{
    (void)state;
    for (unsigned beyond = 0; beyond < 2; beyond++) {
        struct scene s;
        struct batch b = { 0 };
        struct shape wider = { .wnd = 100 };
        scene_init(&s, false, false);
        struct flow f = scene_flow(&s);
        uint32_t last = beyond ? server_info(&s, &f).rcv_wnd / SIZE : 3;
        put(&s, &b, &f, last * SIZE + 1, 100, &wider);
        give_singly(&s, &b);
        uint32_t before = server_info(&s, &f).snd_wnd;
        for (uint32_t i = last - 2; i < last + 2; i++)
            put(&s, &b, &f, i * SIZE, SIZE, NULL);
        give_batch(&s, &b);
        expect_lengths(&s, LENGTHS(4 * SIZE));
        assert_int_equal(server_info(&s, &f).snd_wnd, beyond ? before : before / 600 * 500);
        drain(&s);
        scene_fini(&s);
    }
}

/* RFC 7323 5.3: of five with an old timestamp two fill a hole; the others are old, whether they
 * came as one or not. */
static void each_segment_of_a_run_may_be_old(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < 6; kind++) {
        struct scene s;
        struct batch b = { 0 };
        struct shape newer = { .ts = 10 }, older = { .ts = 5, .slices = kind / 2 };
        scene_init(&s, kind & 1, false);
        struct flow f = scene_flow(&s);
        put(&s, &b, &f, 2 * SIZE, SIZE, NULL);
        put(&s, &b, &f, 4 * SIZE, SIZE, NULL);
        put(&s, &b, &f, 0, SIZE, &newer);
        give_singly(&s, &b);
        for (uint32_t i = 1; i < 6; i++)
            put(&s, &b, &f, i * SIZE, SIZE, &older);
        give_batch(&s, &b);
        expect_lengths(&s, LENGTHS(5 * SIZE));
        assert_int_equal(s.heard.dropped, 3);
        assert_int_equal(server_info(&s, &f).segments_in, f.info.segments_out + 8);
        assert_int_equal(read_stream(&s, &f, 0), 5 * SIZE);
        drain(&s);
        scene_fini(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_becomes_one_segment),
        cmocka_unit_test(what_differs_is_not_merged),
        cmocka_unit_test(what_cannot_begin_a_run),
        cmocka_unit_test(long_headers_are_not_merged),
        cmocka_unit_test(a_run_has_19_slices),
        cmocka_unit_test(super_frames_are_merged_too),
        cmocka_unit_test(a_run_has_at_most_65535_octets),
        cmocka_unit_test(the_size_of_the_pieces_counts),
        cmocka_unit_test(a_run_beyond_a_hole_is_answered_for_each),
        cmocka_unit_test(a_run_closes_several_holes),
        cmocka_unit_test(connections_keep_their_order),
        cmocka_unit_test(other_frames_go_their_way),
        cmocka_unit_test(empty_slices_are_left_out),
        cmocka_unit_test(the_window_of_a_run_is_that_of_its_newest),
        cmocka_unit_test(each_segment_of_a_run_may_be_old),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
