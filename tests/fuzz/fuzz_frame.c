/* fuzz_frame.c - whole frames into a stack that has a connection in each of the eleven states,
 * with user calls and time between them; one half of the inputs with TCP-AO on all of them. The
 * input is a list of steps; see step(). */
#include "base/bytes.h"
#include "tests/peer/peer.h"

enum { MEMORY = 1 << 20, TEXT_MOST = 3000, BATCH = 12 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct peer p;

/* Octets as they are, behind the link header. */
static void raw_frame(struct reader *r)
{
    size_t length = read_be16(r) % 1600u;
    const uint8_t *octets = read_octets(r, length);
    if (octets != NULL)
        peer_in(&p, octets, length, read_u8(r));
}

/* A good segment with the fields that the input wants, then octets changed anywhere. */
static void changed_segment(struct reader *r, const struct peer_slot *s)
{
    static const uint8_t zeros[TEXT_MOST];
    uint8_t frame[PEER_FRAME_MOST];
    struct tcp_segment seg = peer_segment(&p, s, read_u8(r));
    seg.seq = seq_add(seg.seq, read_be16(r) - 32768u);
    seg.ack = seq_add(seq_of(s->nxt), read_be16(r) - 32768u);
    seg.wnd = read_be16(r);
    seg.text_len = read_be16(r) % TEXT_MOST;
    seg.parts = seg.text_len > 0;
    seg.text[0] = (struct aksu_slice){ zeros, seg.text_len };
    if (p.signs && seg.wnd % 4 == 0) {
        seg.options.ao_key_id = (uint8_t)(PEER_KEY_ID + (seg.wnd >> 2 & 1));
        seg.options.ao_next_id = (uint8_t)(PEER_KEY_ID + (seg.wnd >> 3 & 1));
    }
    size_t length = peer_frame(&p, s, &seg, frame);
    uint8_t changes = read_u8(r);
    for (unsigned n = changes & 15; n > 0; n--) {
        size_t at = peer_ip_at(&p) + read_u8(r);
        if (at < length)
            frame[at] = read_u8(r);
    }
    if (changes & 128)
        length = read_be16(r) % (length + 1);
    if (!(changes & 64))
        peer_fix(&p, s, frame, length);
    peer_in(&p, frame, length, changes & 32 ? peer_tcp_at(&p, s) + 60 : 0);
}

/* How the octets lie in the frame: in up to all of its parts, some of them perhaps empty, the
 * first with the headers or not. */
static void cut(struct reader *r, const uint8_t *octets, size_t length, struct aksu_frame *out)
{
    size_t at = 0, step = read_u8(r);
    out->parts = 1 + read_u8(r) % AKSU_FRAME_PARTS;
    for (uint32_t i = 0; i < out->parts; i++) {
        size_t n = i == 0 ? 54 + step % 32 : step * i / 4;
        n = n > length - at || i + 1 == out->parts ? length - at : n;
        out->part[i] = (struct aksu_slice){ octets + at, n };
        at += n;
    }
    out->length = (uint32_t)at;
}

/* Segments that follow each other, mostly, and arrive together. */
static void batch(struct reader *r, const struct peer_slot *s)
{
    static const uint8_t zeros[TEXT_MOST];
    static uint8_t octets[BATCH][PEER_FRAME_MOST];
    static struct aksu_frame frame[BATCH];
    uint32_t count = 1 + read_u8(r) % BATCH, usual = 1 + read_be16(r) % (TEXT_MOST / 2);
    uint32_t place = read_be16(r) - 32768u;
    place = place % 4 == 0 ? place : 0;
    for (uint32_t i = 0; i < count; i++) {
        struct tcp_segment seg = peer_segment(&p, s, CTL_ACK);
        uint8_t how = read_u8(r);
        seg.text_len = how & 1 ? read_be16(r) % TEXT_MOST : usual;
        seg.ctl = how & 2 ? read_u8(r) : CTL_ACK;
        place += how & 4 ? read_be16(r) - 32768u : 0;
        seg.seq = seq_add(seg.seq, place);
        seg.parts = seg.text_len > 0;
        seg.text[0] = (struct aksu_slice){ zeros, seg.text_len };
        place += seg.text_len;
        size_t length = peer_frame(&p, s, &seg, octets[i]);
        if (how & 8) {
            octets[i][read_u8(r)] ^= read_u8(r);
            peer_fix(&p, s, octets[i], length);
        }
        frame[i] = (struct aksu_frame){ .gso_size = how & 16 ? read_be16(r) : 0,
                                        .checksum_partial = how & 32 };
        if (how & 64)
            length = read_be16(r) % (length + 1);
        cut(r, octets[i], length, &frame[i]);
    }
    aksu_frames_in(p.net, p.device, frame, count, p.now);
    peer_drain(&p);
}

static void user_call(struct reader *r, struct peer_slot *s)
{
    static uint8_t buffer[4096];
    uint8_t what = read_u8(r);
    size_t length = read_be16(r) % sizeof buffer;
    struct aksu_space space[3];
    struct aksu_slice slice[3];
    switch (what % 8) {
    case 0: case 1:
        aksu_send(p.net, s->handle, buffer, length, what >> 6, p.now);
        break;
    case 2:
        aksu_receive(p.net, s->handle, buffer, length, p.now);
        break;
    case 3:
        if (aksu_reserve(p.net, s->handle, space, 3, p.now) > 0)
            aksu_commit(p.net, s->handle, length, what >> 6, p.now);
        break;
    case 4:
        if (aksu_peek(p.net, s->handle, slice, 3) > 0)
            aksu_consume(p.net, s->handle, length, p.now);
        break;
    case 5:
        if (p.signs && what >= 192)
            aksu_ao_select(p.net, s->handle, &p.key[what >> 3 & 1], &p.key[what >> 4 & 1], p.now);
        else
            aksu_set(p.net, s->handle, (enum aksu_option)((what >> 3) % 12), (int64_t)length,
                     p.now);
        break;
    case 6:
        aksu_shutdown(p.net, s->handle, p.now);
        break;
    default:
        aksu_complete(p.net, s->handle, p.now);
        break;
    }
    peer_drain(&p);
}

static void step(struct reader *r)
{
    uint8_t what = read_u8(r);
    unsigned slot = what % PEER_SLOTS;
    struct peer_slot *s = &p.slot[slot];
    if ((!s->brought || !peer_holds(&p, slot)) && !peer_bring(&p, slot, read_u8(r)))
        return;
    switch (read_u8(r) % 8) {
    case 0:
        raw_frame(r);
        break;
    case 1: case 2:
        changed_segment(r, s);
        break;
    case 3: case 4:
        batch(r, s);
        break;
    case 5:
        peer_wait(&p, AKSU_MS(read_be16(r)));
        break;
    default:
        user_call(r, s);
        break;
    }
    peer_check(&p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct reader r = reader_of(data, size);
    uint8_t shape = read_u8(&r);
    peer_init(&p, shape & 1, shape >> 1, MEMORY);
    if (shape & 128)
        peer_sign(&p);
    for (unsigned n = 0; n < 200 && reader_left(&r) > 0 && !r.bad; n++)
        step(&r);
    peer_fini(&p);
    return 0;
}
