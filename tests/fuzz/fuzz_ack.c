/* fuzz_ack.c - the short way of an acknowledgment (tcp/recovery.c) against the long one: two stacks
 * that are equal send the same text and hear the same ACKs, but one that acknowledges more carries
 * an empty SACK block for one of them, which says nothing and leads through scoreboard, loss
 * detection and recovery. What is sent, and everything that is known of it, must be the same. With
 * CUBIC less than a full segment goes the same way in both: congestion control hears of a question
 * and its answer up to 10 ms later, and CUBIC's curve is one over time. */
#include <string.h>

#include "base/bytes.h"
#include "tests/peer/peer.h"

enum { MEMORY = 4 << 20, STEPS = 150, PIECE = 8192, SHORT = 0, LONG = 1, FULL = 1460 };
enum { WITH_SACK = 1, WITH_TEXT = 2, WITH_WINDOW = 4, OLD_ECHO = 8, SHARE = 4 /* bits above */ };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct peer p[2];
static const uint8_t zeros[PIECE];
static bool by_clock;           /* CUBIC */

static void must(bool what, const char *text)
{
    if (!what)
        peer_broken(text);
}

#define SAME(field) must(a->field == b->field, "not the same: " #field)

static struct peer_slot *slot_of(unsigned side)
{
    return &p[side].slot[AKSU_TCP_ESTABLISHED];
}

/* --- what must be the same --- */

static void same_info(const struct aksu_info *a, const struct aksu_info *b)
{
    SAME(state);
    SAME(reason);
    SAME(snd_una);
    SAME(snd_nxt);
    SAME(snd_wnd);
    SAME(rcv_nxt);
    SAME(rcv_wnd);
    SAME(send_queued);
    SAME(send_unacked);
    SAME(send_buffer);
    SAME(octets_out);
    SAME(in_flight);
    SAME(sacked);
    SAME(lost);
    SAME(cwnd);
    SAME(ssthresh);
    SAME(pacing_rate);
    must(strcmp(a->recovery, b->recovery) == 0, "not the same: recovery");
    SAME(srtt_us);
    SAME(rttvar_us);
    SAME(rto_us);
    SAME(min_rtt_us);
    SAME(backoff);
    SAME(segments_out);
    SAME(retransmits);
    SAME(timer_at);
}

static void compare(void)
{
    struct aksu_info info[2];
    enum aksu_status status[2];
    for (unsigned i = 0; i < 2; i++)
        status[i] = aksu_status(p[i].net, slot_of(i)->handle, &info[i]);
    must(status[0] == status[1], "a handle is good for one only");
    if (status[0] == AKSU_OK)
        same_info(&info[0], &info[1]);
    must(p[0].frames_out == p[1].frames_out && p[0].last_length == p[1].last_length,
         "not the same frames");
}

/* --- what the peer says --- */

static void read_blocks(struct reader *r, const struct peer_slot *s, struct tcp_options *o)
{
    uint8_t how = read_u8(r);
    uint32_t flight = s->nxt - s->una;
    o->has |= HAS_SACK;
    o->sack_count = (uint8_t)(1 + how % 3);
    for (unsigned i = 0; i < o->sack_count; i++) {
        uint32_t left = (uint32_t)((uint64_t)flight * read_u8(r) / 240);
        uint32_t length = (uint32_t)((uint64_t)flight * read_u8(r) / 240);
        o->sack[i].left = seq_of(s->una + left - (how & 128 ? 1000u : 0u));
        o->sack[i].right = seq_add(o->sack[i].left, length);
    }
}

static void hear(unsigned side, struct tcp_segment seg)
{
    uint8_t octets[PEER_FRAME_MOST];
    struct tcp_options *o = &seg.options;
    int32_t more = seq_diff(seg.ack, seq_of(slot_of(side)->una));
    if (side == LONG && more > (by_clock ? FULL : 0) && !(o->has & HAS_SACK)) {
        o->has |= HAS_SACK;
        o->sack_count = 1;
        o->sack[0] = (struct sack_block){ seg.ack, seg.ack };
    }
    peer_in(&p[side], octets, peer_frame(&p[side], slot_of(side), &seg, octets), 0);
}

/* An ACK for a part of what is in flight; what it does not say is lost, or only late. */
static void acknowledge(struct reader *r)
{
    uint8_t how = read_u8(r);
    const struct peer_slot *s = slot_of(0);
    struct tcp_segment seg = peer_segment(&p[0], s, CTL_ACK);
    seg.ack = seq_of(s->una + (uint32_t)((uint64_t)(s->nxt - s->una) * (how >> SHARE) / 15));
    if (how & WITH_SACK)
        read_blocks(r, s, &seg.options);
    if (how & WITH_WINDOW)
        seg.wnd = read_be16(r);
    if (how & WITH_TEXT) {
        seg.text_len = 1 + read_u8(r) * 5u;
        seg.parts = 1;
        seg.text[0] = (struct aksu_slice){ zeros, seg.text_len };
    }
    if (how & OLD_ECHO)
        seg.options.ts_ecr = read_u8(r);
    for (unsigned i = 0; i < 2; i++)
        hear(i, seg);
}

/* --- the user, and time --- */

static void use(struct reader *r, bool end)
{
    static uint8_t text[PIECE];
    uint8_t what = read_u8(r);
    uint32_t length = what * 32u;
    for (unsigned i = 0; i < 2; i++) {
        aksu_conn conn = slot_of(i)->handle;
        aksu_receive(p[i].net, conn, text, sizeof text, p[i].now);
        if (end && what > 200)
            aksu_shutdown(p[i].net, conn, p[i].now);
        else
            aksu_send(p[i].net, conn, zeros, length, 0, p[i].now);
        peer_drain(&p[i]);
    }
}

static void step(struct reader *r)
{
    uint8_t what = read_u8(r);
    aksu_time time = AKSU_US(100) * (what >> 3);
    if (what % 8 < 4)
        acknowledge(r);
    else if (what % 8 < 6)
        use(r, what > 200);
    for (unsigned i = 0; i < 2; i++) {
        peer_wait(&p[i], what % 8 == 7 ? 100 * time : time);
        (void)peer_holds(&p[i], AKSU_TCP_ESTABLISHED);
    }
    compare();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const algorithm[] = { "cubic", "reno", "bbr", "cubic" };
    /* A question and its answer do not set the pace anew: congestion control hears of it later. */
    struct aksu_config config = { .memory_limit = MEMORY, .max_connections = 10,
                                  .no_pacing = true };
    struct reader r = reader_of(data, size);
    uint8_t shape = read_u8(&r);
    by_clock = strcmp(algorithm[shape >> 3 & 3], "cubic") == 0;
    for (unsigned i = 0; i < 2; i++) {
        peer_init_with(&p[i], false, 1, &config);
        must(peer_bring(&p[i], AKSU_TCP_ESTABLISHED, shape), "no connection");
        must(aksu_set_congestion_control(p[i].net, slot_of(i)->handle, algorithm[shape >> 3 & 3],
                                         p[i].now) == AKSU_OK, "no such algorithm");
        peer_wait(&p[i], AKSU_MS(20));          /* of the first ACK it hears */
    }
    compare();
    for (unsigned n = 0; n < STEPS && reader_left(&r) > 0; n++)
        step(&r);
    for (unsigned i = 0; i < 2; i++)
        peer_fini(&p[i]);
    return 0;
}
