/* test_liar.c - a peer that lies: random frames and good frames with something changed, into
 * every one of the eleven states (and a half-open connection, a held SYN, a TIME-WAIT record).
 * Nothing may break, nothing may be believed that RFC 9293 3.10.7, RFC 5961 or a checksum says
 * is not to be believed. */
#include <stdio.h>
#include <string.h>

#include "tests/peer/peer.h"
#include "tests/sim/sim.h"

enum { SEEDS = 4 };

static struct peer p;               /* too large for the stack of a thread */
static uint8_t text[4096];

_Noreturn void peer_broken(const char *what)
{
    fail("%s", what);
}

static uint32_t near(struct dice *d, uint32_t n, uint32_t window)
{
    const uint32_t away[] = { 0, 0, 0, 1, (uint32_t)-1, 2, 100, (uint32_t)-100, window, window - 1,
                              window + 1, 0x80000000u, 0x7fffffffu, (uint32_t)dice_u64(d) };
    return n + away[dice(d, sizeof away / sizeof away[0])];
}

static uint8_t some_ctl(struct dice *d)
{
    static const uint8_t usual[] = { CTL_ACK, CTL_ACK, CTL_ACK | CTL_PSH, CTL_FIN | CTL_ACK,
                                     CTL_SYN, CTL_RST,
                                     CTL_RST | CTL_ACK, CTL_SYN | CTL_ACK, CTL_ACK | CTL_URG, 0,
                                     CTL_SYN | CTL_FIN, CTL_SYN | CTL_RST };
    return dice(d, 4) == 0 ? (uint8_t)dice_u64(d) : usual[dice(d, sizeof usual)];
}

static void some_options(struct dice *d, struct tcp_segment *seg, const struct peer_slot *s)
{
    if (dice(d, 2) == 0)
        return;
    seg->options.has = (uint16_t)(dice_u64(d) & (HAS_MSS | HAS_WINDOW_SCALE | HAS_SACK_PERMITTED
                                                 | HAS_TIMESTAMPS | HAS_USER_TIMEOUT | HAS_SACK));
    seg->options.mss = (uint16_t)(dice(d, 2) ? dice_u64(d) : dice(d, 70));
    seg->options.window_scale = (uint8_t)dice(d, 256);
    seg->options.ts_val = near(d, p.ts_clock, 1000);
    seg->options.ts_ecr = (uint32_t)dice_u64(d);
    seg->options.user_timeout = (uint16_t)dice(d, 32768);
    seg->options.sack_count = (uint8_t)(1 + dice(d, SACK_MOST));
    for (unsigned i = 0; i < seg->options.sack_count; i++) {
        seg->options.sack[i].left = seq_of(near(d, s->una, 3000));
        seg->options.sack[i].right = seq_of(near(d, s->nxt, 3000));
    }
}

static void some_text(struct dice *d, struct tcp_segment *seg)
{
    static const uint32_t usual[] = { 0, 0, 0, 1, 1, 2, 100, 536, 1400 };
    seg->text_len = dice(d, 8) ? usual[dice(d, 9)] : dice(d, sizeof text);
    seg->parts = seg->text_len > 0;
    seg->text[0] = (struct aksu_slice){ text, seg->text_len };
}

static struct tcp_segment lie(struct dice *d, const struct peer_slot *s)
{
    struct tcp_segment seg = peer_segment(&p, s, some_ctl(d));
    seg.ack = seq_of(s->nxt);
    if (dice(d, 3) == 0)
        seg.seq = seq_of(near(d, s->next, s->window));
    if (dice(d, 3) == 0)
        seg.ack = seq_of(near(d, dice(d, 2) ? s->una : s->nxt, 65535));
    if (dice(d, 4) == 0)
        seg.wnd = dice(d, 2) ? dice(d, 3) : dice(d, 65536);
    if (dice(d, 8) == 0)
        seg.urgent_pointer = (uint16_t)dice_u64(d);
    some_text(d, &seg);
    some_options(d, &seg, s);
    return seg;
}

/* Octets changed behind the segment's back. False: not even the checksum is right. */
static bool damage(struct dice *d, const struct peer_slot *s, uint8_t *frame, size_t *length)
{
    size_t ip = peer_ip_at(&p);
    switch (dice(d, 6)) {
    case 0:                                     /* one bit that a checksum covers */
        if (s->v6)
            ip = peer_tcp_at(&p, s);
        frame[ip + dice(d, (uint32_t)(*length - ip))] ^= (uint8_t)(1u << dice(d, 8));
        return false;
    case 1:
        *length = dice(d, (uint32_t)*length + 1);
        return true;
    case 2:
        *length += dice(d, 64);                 /* padding */
        return true;
    case 3:                                     /* all of it at random */
        for (size_t i = ip; i < *length; i++)
            frame[i] = (uint8_t)dice_u64(d);
        frame[ip] = dice(d, 2) ? 0x45 : (uint8_t)dice_u64(d);
        return true;
    case 4:                                     /* the TCP header at random, checksums good */
        for (unsigned n = 1 + dice(d, 8); n > 0; n--)
            frame[peer_tcp_at(&p, s) + 12 + dice(d, 28)] = (uint8_t)dice_u64(d);
        peer_fix(&p, s, frame, *length);
        return true;
    default:                                    /* the IP header at random, checksums good */
        for (unsigned n = 1 + dice(d, 4); n > 0; n--)
            frame[ip + 1 + dice(d, 11)] = (uint8_t)dice_u64(d);
        peer_fix(&p, s, frame, *length);
        return true;
    }
}

static bool status_of(const struct peer_slot *s, struct aksu_info *out)
{
    memset(out, 0, sizeof *out);
    return s->has_handle && aksu_status(p.net, s->handle, out) == AKSU_OK;
}

static void expect_unchanged(const struct aksu_info *before, const struct aksu_info *after)
{
    expect(before->state == after->state && before->snd_una == after->snd_una
           && before->snd_nxt == after->snd_nxt && before->rcv_nxt == after->rcv_nxt
           && before->segments_in == after->segments_in,
           "a frame with a wrong checksum changed a connection in %s",
               aksu_tcp_state_name(before->state));
}

/* RFC 5961 3.2, 4.2: only a RST exactly at RCV.NXT resets a synchronized connection. */
static void expect_no_cheap_reset(const struct aksu_info *before, const struct aksu_info *after,
                                  const struct tcp_segment *seg)
{
    if (before->state < AKSU_TCP_ESTABLISHED || before->state == AKSU_TCP_TIME_WAIT
        || after->state != AKSU_TCP_CLOSED || after->reason != AKSU_RESET)
        return;
    expect((seg->ctl & CTL_RST) && seg->seq.n == before->rcv_nxt,
           "reset in %s by ctl %02x seq %u, RCV.NXT is %u", aksu_tcp_state_name(before->state),
               seg->ctl,
           seg->seq.n, before->rcv_nxt);
}

/* The user of the connection does something now and then. */
static void user(struct dice *d, struct peer_slot *s)
{
    static uint8_t buffer[2048];
    if (!s->has_handle)
        return;
    switch (dice(d, 24)) {
    case 0: case 1: case 2: case 3:
        aksu_send(p.net, s->handle, buffer, 1 + dice(d, sizeof buffer), dice(d, 4), p.now);
        break;
    case 4: case 5: case 6:
        aksu_receive(p.net, s->handle, buffer, 1 + dice(d, sizeof buffer), p.now);
        break;
    case 7:
        aksu_set(p.net, s->handle, (enum aksu_option)dice(d, 12), (int64_t)dice(d, 5000), p.now);
        break;
    default:
        break;
    }
    peer_drain(&p);
}

static void one_frame(struct dice *d, struct peer_slot *s)
{
    uint8_t frame[PEER_FRAME_MOST];
    struct aksu_info before, after;
    struct tcp_segment seg = lie(d, s);
    size_t length = peer_frame(&p, s, &seg, frame);
    bool whole = dice(d, 3) != 0, checksum = true;
    if (!whole)
        checksum = damage(d, s, frame, &length);
    bool was = status_of(s, &before);
    peer_in(&p, frame, length, dice(d, 8) ? 0 : peer_tcp_at(&p, s) + 60 + dice(d, 100));
    bool is = status_of(s, &after);
    if (was && is && !checksum)
        expect_unchanged(&before, &after);
    if (was && is && whole)
        expect_no_cheap_reset(&before, &after, &seg);
}

SIM(peer_that_lies, SEEDS)
{
    struct dice d = { seed };
    uint64_t held[PEER_SLOTS] = { 0 };
    uint32_t failed = 0;
    peer_init(&p, seed % 2 == 0, seed, 2u << 20);
    for (uint32_t n = 0; n < sim_frames / SEEDS; n++) {
        unsigned slot = dice(&d, PEER_SLOTS);
        struct peer_slot *s = &p.slot[slot];
        bool stale = !s->has_handle && dice(&d, 8) == 0;        /* whose state nobody can see */
        if (!s->brought || stale || !peer_holds(&p, slot)) {
            if (!peer_bring(&p, slot, (uint32_t)dice_u64(&d))) {
                failed++;
                if (sim_verbose)
                    printf("slot %u could not be brought\n", slot);
                peer_wait(&p, AKSU_SECONDS(10));
                continue;
            }
        }
        held[slot]++;
        one_frame(&d, s);
        user(&d, s);
        if (dice(&d, 64) == 0)
            peer_wait(&p, AKSU_MS(1) << dice(&d, 12));
        peer_check(&p);
    }
    peer_fini(&p);
    for (unsigned slot = 0; slot < PEER_SLOTS; slot++)
        expect(held[slot] > sim_frames / SEEDS / PEER_SLOTS / 2, "slot %u got only %llu frames",
               slot,
               (unsigned long long)held[slot]);
    expect(failed < sim_frames / SEEDS / 100, "%u connections did not reach their state", failed);
}
