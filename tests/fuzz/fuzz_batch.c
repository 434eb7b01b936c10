/* fuzz_batch.c - receive offload (stack/gro.c) against the steps: two stacks that are equal hear
 * the same frames, one of them in batches, the other one by one. Text, states, reasons and numbers
 * must be the same at any time, and in the end. What may differ is how many ACKs say so, and with
 * them the advertised window and the timer of a delayed ACK; and, of text that comes twice and is
 * not the same, which holds: the numbers are compared then, the text is not. A clock of the peer's
 * that goes forward does not go back: when its timestamp becomes TS.Recent depends on the ACKs that
 * are out (RFC 7323 4.3), and so would what is older. */
#include <string.h>

#include "base/bytes.h"
#include "tests/peer/peer.h"

enum { MEMORY = 4 << 20, BATCH = 24, TEXT_MOST = 4000, PERIOD = 65521, STEPS = 60, PIECE = 16384,
       TOGETHER = 0, SINGLY = 1 };
/* The connections: two that take text and give some, one whose end is out, one that heard a FIN. */
static const uint8_t slots[] = { AKSU_TCP_ESTABLISHED, AKSU_TCP_FIN_WAIT_2, AKSU_TCP_FIN_WAIT_1,
                                 AKSU_TCP_CLOSE_WAIT };
enum { FLOWS = sizeof slots };
/* What makes a segment different, one bit each in its first octet. */
enum { HAS_LENGTH = 1, HAS_PLACE = 2, HAS_CTL = 4, HAS_OPTIONS = 8, HAS_SHAPE = 16, HAS_DAMAGE = 32,
       HAS_ACK_AND_WINDOW = 64, HAS_FLOW = 128 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct peer p[2];
static uint8_t stream[PERIOD + TEXT_MOST];
static uint8_t octets[BATCH][PEER_FRAME_MOST];
static struct aksu_frame frame[BATCH];
static uint32_t start[FLOWS], next[FLOWS];      /* sequence numbers of the peer */
static uint32_t oldest, newest[FLOWS];          /* its timestamps, as far as they went */
static bool lied;                               /* text came twice and not the same, perhaps */

static void must(bool what, const char *text)
{
    if (!what)
        peer_broken(text);
}

#define SAME(field) must(a->field == b->field, "not the same: " #field)

static void make_stream(void)
{
    for (size_t i = 0; i < sizeof stream; i++)
        stream[i] = (uint8_t)(i % PERIOD * 167 + i % PERIOD / 251 + 1);
}

/* Places before the first octet have text, too, and a segment may begin there. */
static const uint8_t *text_at(uint32_t place)
{
    return stream + (place + PERIOD * 32768u) % PERIOD;
}

static struct peer_slot *slot_of(unsigned side, unsigned flow)
{
    return &p[side].slot[slots[flow]];
}

/* --- what must be the same --- */

static void same_info(const struct aksu_info *a, const struct aksu_info *b)
{
    SAME(state);
    SAME(reason);
    SAME(soft_error);
    SAME(rcv_nxt);
    SAME(receive_queued);
    SAME(octets_in);
    SAME(segments_in);
    SAME(urgent_pending);
    SAME(urgent_left);
    SAME(peer_closed);
    SAME(snd_una);
    SAME(snd_nxt);
    SAME(snd_wnd);
    SAME(send_queued);
    SAME(octets_out);
    SAME(cwnd);
    SAME(ssthresh);
    SAME(in_flight);
    SAME(sacked);
    SAME(lost);
    SAME(retransmits);
    SAME(srtt_us);
    SAME(rto_us);
}

static void compare(void)
{
    for (unsigned flow = 0; flow < FLOWS; flow++) {
        struct aksu_info info[2];
        enum aksu_status status[2];
        for (unsigned i = 0; i < 2; i++)
            status[i] = aksu_status(p[i].net, slot_of(i, flow)->handle, &info[i]);
        must(status[0] == status[1], "a handle is good for one only");
        if (status[0] == AKSU_OK)
            same_info(&info[0], &info[1]);
    }
}

/* --- segments --- */

static void read_options(struct reader *r, struct tcp_segment *seg)
{
    uint8_t how = read_u8(r);
    struct tcp_options *o = &seg->options;
    if (how & 1)
        o->has ^= HAS_TIMESTAMPS;
    o->ts_val += how & 2 ? read_u8(r) - 128u : 0;
    o->ts_ecr += how & 4 ? read_u8(r) : 0;
    if (how & 8) {
        o->has |= HAS_SACK;
        o->sack_count = (uint8_t)(1 + (how >> 6));
        for (unsigned i = 0; i < o->sack_count; i++) {
            o->sack[i].left = seq_add(seg->ack, read_be16(r) - 1000u);
            o->sack[i].right = seq_add(o->sack[i].left, read_be16(r));
        }
    }
    if (how & 16) {
        o->has |= HAS_MSS;
        o->mss = read_be16(r);
    }
}

/* What is older than the first timestamp is old in any case. */
static void keep_clock(unsigned flow, struct tcp_options *o)
{
    if (!(o->has & HAS_TIMESTAMPS))
        return;
    if (o->ts_val - oldest < newest[flow] - oldest)
        o->ts_val = newest[flow];
    if ((int32_t)(o->ts_val - newest[flow]) > 0)
        newest[flow] = o->ts_val;
}

/* How the octets lie in the frame: in some parts, the headers in the first or not. */
static void cut(struct reader *r, struct aksu_frame *f, const uint8_t *from, size_t length)
{
    uint8_t how = read_u8(r);
    size_t at = 0, parts = 1 + how % AKSU_FRAME_PARTS;
    size_t first = how & 16 ? read_u8(r) : 54u + how / 2;
    f->gso_size = how & 32 ? read_be16(r) : 0;
    f->checksum_partial = how & 64;
    if (how & 128)
        length -= read_u8(r) % length;
    for (f->parts = 0; f->parts < parts; f->parts++) {
        size_t left = length - at, n = f->parts == 0 ? first : left / (parts - f->parts);
        n = n > left || f->parts + 1 == parts ? left : n;
        f->part[f->parts] = (struct aksu_slice){ from + at, n };
        at += n;
    }
    f->length = (uint32_t)length;
}

/* The options stay: see keep_clock(). */
static void damage(struct reader *r, const struct peer_slot *s, uint8_t *at, size_t length,
                   uint32_t text)
{
    uint8_t how = read_u8(r);
    size_t options = peer_tcp_at(&p[0], s) + TCP_HEADER;
    for (unsigned n = 1 + how % 4; n > 0; n--) {
        size_t place = peer_ip_at(&p[0]) + read_u8(r);
        uint8_t change = read_u8(r);
        if (place < options || (place >= length - text && place < length))
            at[place] ^= change;
    }
    if (how & 128) {
        peer_fix(&p[0], s, at, length);
        lied = true;
    }
}

/* One segment, mostly the next of its flow. */
static void read_segment(struct reader *r, unsigned n, unsigned *flow, uint32_t usual)
{
    uint8_t how = read_u8(r);
    if (how & HAS_FLOW)
        *flow = read_u8(r) % FLOWS;
    const struct peer_slot *s = slot_of(0, *flow);
    struct tcp_segment seg = peer_segment(&p[0], s, CTL_ACK);
    if (how & HAS_PLACE)
        next[*flow] += read_be16(r) - 32768u;
    seg.seq = seq_of(next[*flow]);
    seg.text_len = how & HAS_LENGTH ? read_be16(r) % TEXT_MOST : usual;
    if (how & HAS_CTL) {
        seg.ctl ^= read_u8(r);
        seg.urgent_pointer = seg.ctl & CTL_URG ? read_be16(r) : 0;
    }
    if (how & HAS_OPTIONS)
        read_options(r, &seg);
    keep_clock(*flow, &seg.options);
    if (how & HAS_ACK_AND_WINDOW) {
        seg.ack = seq_add(seg.ack, read_be16(r) - 32768u);
        seg.wnd = read_be16(r);
    }
    seg.parts = seg.text_len > 0;
    seg.text[0] = (struct aksu_slice){ text_at(seg.seq.n - start[*flow]), seg.text_len };
    next[*flow] += seg_len(&seg);
    size_t length = peer_frame(&p[0], s, &seg, octets[n]);
    frame[n] = (struct aksu_frame){ .device = p[0].device, .parts = 1, .length = (uint32_t)length,
                                    .part[0] = { octets[n], length } };
    if (how & HAS_DAMAGE)
        damage(r, s, octets[n], length, seg.text_len);
    if (how & HAS_SHAPE)
        cut(r, &frame[n], octets[n], length);
    lied = lied || (how & HAS_DAMAGE && frame[n].checksum_partial);
}

static void batch(struct reader *r)
{
    uint8_t what = read_u8(r);
    uint32_t count = 1 + what % BATCH, usual = 1 + read_be16(r) % 1460u;
    unsigned flow = what / BATCH % FLOWS;
    for (unsigned i = 0; i < FLOWS; i++)        /* a peer that has heard what is missing */
        if (what & 128)
            next[i] = slot_of(0, i)->next;
    for (unsigned n = 0; n < count; n++)
        read_segment(r, n, &flow, usual);
    aksu_frames_in(p[TOGETHER].net, p[TOGETHER].device, frame, count, p[TOGETHER].now);
    for (unsigned n = 0; n < count; n++)
        aksu_frame_in(p[SINGLY].net, p[SINGLY].device, &frame[n], p[SINGLY].now);
    compare();
    for (unsigned i = 0; i < 2; i++)
        peer_drain(&p[i]);
}

/* --- the user --- */

static void read_text(unsigned flow, size_t length)
{
    static uint8_t text[2][PIECE];
    ptrdiff_t n[2];
    for (unsigned i = 0; i < 2; i++)
        n[i] = aksu_receive(p[i].net, slot_of(i, flow)->handle, text[i], length, p[i].now);
    must(n[0] == n[1], "not as much text");
    must(lied || n[0] <= 0 || memcmp(text[0], text[1], (size_t)n[0]) == 0, "not the same text");
}

static void user_call(struct reader *r)
{
    uint8_t what = read_u8(r);
    unsigned flow = what % FLOWS;
    uint32_t length = read_be16(r) % PIECE;
    if (what / FLOWS % 4 < 2)
        read_text(flow, length);
    for (unsigned i = 0; i < 2; i++) {
        aksu_conn conn = slot_of(i, flow)->handle;
        if (what / FLOWS % 4 == 2)
            aksu_send(p[i].net, conn, stream, length, what >> 6, p[i].now);
        if (what / FLOWS % 4 == 3 && what & 128)
            aksu_shutdown(p[i].net, conn, p[i].now);
        peer_drain(&p[i]);
    }
}

static void step(struct reader *r)
{
    uint8_t what = read_u8(r);
    if (what % 8 < 5)
        batch(r);
    else if (what % 8 == 5)
        for (unsigned i = 0; i < 2; i++)
            peer_wait(&p[i], AKSU_MS((uint32_t)what >> 3) * (what & 128 ? 40u : 1u));
    else
        user_call(r);
    compare();
    for (unsigned i = 0; i < 2; i++)
        for (unsigned flow = 0; flow < FLOWS; flow++)
            peer_holds(&p[i], slots[flow]);     /* the numbers of the slots */
}

/* Timers of delayed ACKs run out, and all that was taken can be read. */
static void finish(void)
{
    for (unsigned i = 0; i < 2; i++)
        peer_wait(&p[i], AKSU_SECONDS(1));
    for (unsigned flow = 0; flow < FLOWS; flow++)
        for (unsigned n = 0; n < 300000 / PIECE + 1; n++)
            read_text(flow, PIECE);
    compare();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct aksu_config config = { .memory_limit = MEMORY, .max_connections = 10,
                                  .challenge_acks = 1000 };
    struct reader r = reader_of(data, size);
    uint8_t shape = read_u8(&r);
    lied = false;
    if (stream[0] == 0)
        make_stream();
    for (unsigned i = 0; i < 2; i++)
        peer_init_with(&p[i], shape & 1, shape >> 1 & 7, &config);
    for (unsigned flow = 0; flow < FLOWS; flow++) {
        for (unsigned i = 0; i < 2; i++)
            must(peer_bring(&p[i], slots[flow], (uint32_t)shape >> 4), "no connection");
        start[flow] = next[flow] = slot_of(0, flow)->next;
        newest[flow] = oldest = p[0].ts_clock;
    }
    compare();
    for (unsigned n = 0; n < STEPS && reader_left(&r) > 0; n++)
        step(&r);
    finish();
    for (unsigned i = 0; i < 2; i++)
        peer_fini(&p[i]);
    return 0;
}
