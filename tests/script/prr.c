/* prr.c - proportional rate reduction: how much each acknowledgment lets out during recovery
 * (RFC 6937 3, 4), against the formulas of section 3 worked out here once more. A segment is 1000
 * octets. */
#include "tests/script/script.h"

enum { SMSS = 1000 };

/* The sender's state by the letter of RFC 6937 3. */
static struct oracle {
    int64_t delivered, out, fs, ssthresh, pipe;
} prr;

/* `n` segments of a long queue are outstanding. */
static void give_flight(int line, const struct loss_ops *loss, uint32_t n)
{
    w.env.loss = loss;
    config.initial_window = n;
    config.send_buffer = 200000;
    script_given(TCP_ESTABLISHED, &(struct given){ .line = line, .sack = true, .wnd = 65535,
                                                   .wscale = SHIFT(0), .rtt = MS(100) });
    script_send(line, 120000, 0);
    script_check_eq(line, script_drain(line).segments, n, "segments of the first flight");
    script_after(line, MS(100));
}

/* SACKs one more segment; what leaves, in octets. */
static uint32_t one_more(int line, uint32_t left, uint32_t right)
{
    struct tcp_segment seg;
    uint32_t octets = 0;
    script_in(line, &(struct line){ .ctl = ACK, .seq = 1, .ack = 1, .sack = { { left, right } } });
    while (world_pull(line, &seg))
        octets += seg.text_len;
    return octets;
}

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }

/* RFC 6937 3: sndcnt after an acknowledgment of `delivered` octets; `safe`: with the slow start
 * part of the bound. */
static int64_t sndcnt(int64_t delivered, bool safe)
{
    prr.delivered += delivered;
    if (prr.pipe > prr.ssthresh)
        return (prr.delivered * prr.ssthresh + prr.fs - 1) / prr.fs - prr.out;
    int64_t limit = most(prr.delivered - prr.out, delivered) + (safe ? SMSS : 0);
    return least(prr.ssthresh - prr.pipe, limit);
}

/* One loss in twenty: one segment for every second acknowledgment, evenly. */
SCRIPT(one_loss_in_twenty)                         /* RFC 6937 3, R6937-3-a, R6937-3-b, R6937-3-c */
{
    const struct loss_ops *both[] = { &loss_sack, &loss_rack };
    for (unsigned kind = 0; kind < 2; kind++) {
        give_flight(__LINE__, both[kind], 20);
        check_eq(one_more(__LINE__, 1001, 2001), SMSS);     /* limited transmit: N N R */
        check_eq(one_more(__LINE__, 1001, 3001), SMSS);
        check_eq(one_more(__LINE__, 1001, 4001), SMSS);
        struct sender *o = w.tcp.out;
        check_eq(o->prr_out, SMSS);
        check_eq(o->prr_delivered, SMSS);
        check_eq(script_status().ssthresh, 10000);
        prr = (struct oracle){ .delivered = SMSS, .out = SMSS, .ssthresh = 10000,
                               .fs = o->recover_fs, .pipe = script_status().in_flight };
        check_eq(prr.fs, 20000);                  /* 22 are outstanding, 2 had been SACKed before */
        check_eq(prr.pipe, 19000);
        for (uint32_t i = 5; i <= 20; i++) {
            prr.pipe -= SMSS;
            int64_t may = sndcnt(SMSS, false);
            uint32_t octets = one_more(__LINE__, 1001, 1 + 1000 * i);
            check_eq(octets, may >= SMSS ? may / SMSS * SMSS : 0);
            prr.out += octets;
            prr.pipe += octets;
            check_eq(o->prr_out, prr.out);
            check_eq(o->prr_delivered, prr.delivered);
            check_eq(script_status().in_flight, prr.pipe);
        }
        check(prr.pipe >= 9000 && prr.pipe <= 11000);
        in (ACK, .seq = 1, .ack = o->recover.n - w.iss.n);
        check_eq(script_status().cwnd, 10000);      /* R6937-4-a */
        check(drain().octets <= 10000);
    }
}

/* Fifteen of twenty: pipe is below ssthresh at once; each acknowledgment lets out what it says has
 * arrived, and one more as soon as the recovery makes progress. */
SCRIPT(fifteen_of_twenty)                           /* RFC 6937 3, R6937-3-d, R6937-3-e */
{
    give_flight(__LINE__, &loss_sack, 20);
    struct sender *o = w.tcp.out;
    for (uint32_t i = 16; i <= 20; i++) {
        uint32_t octets = one_more(__LINE__, 15001, 1 + 1000 * i);
        check_eq(octets, SMSS);                     /* N N R R R: the conservative bound */
        check(i < 18 || o->prr_out <= o->prr_delivered);
    }
    check_eq(script_status().ssthresh, 10000);
    after(MS(100));                                 /* the first retransmission is acknowledged */
    in (ACK, .seq = 1, .ack = 1001, .sack = { { 15001, 20001 } });
    uint32_t before = o->prr_out;
    (void)discard();
    check_eq(o->prr_out - before, 2 * SMSS);        /* SSRB: one more */
    in (ACK, .seq = 1, .ack = 2001, .sack = { { 15001, 20001 } });
    before = o->prr_out;
    (void)discard();
    check_eq(o->prr_out - before, 2 * SMSS);
}

/* Random losses of a large flight: never more than the bound of RFC 6937 3 lets out. */
SCRIPT(never_more_than_was_delivered)               /* RFC 6937 3, R6937-3-e */
{
    uint32_t dice = 7;
    for (unsigned run = 0; run < 20; run++) {
        give_flight(__LINE__, run % 2 ? &loss_rack : &loss_sack, 30);
        struct sender *o = w.tcp.out;
        uint32_t acks = 0, left = 0;
        for (uint32_t i = 1; i < 30; i++) {
            dice = dice * 1103515245 + 12345;
            bool lost = (dice >> 16) % 3 == 0;
            left = lost ? 0 : left ? left : 1 + 1000 * i;
            if (lost)
                continue;
            (void)one_more(__LINE__, left, 1001 + 1000 * i);
            acks++;
            if (o->recovery != RECOVERY_FAST)
                continue;
            uint32_t bound = o->prr_delivered > o->prr_out ? 0 : o->prr_out - o->prr_delivered;
            check(bound <= SMSS);                   /* and the first, which leaves at once */
            check(script_status().in_flight <= most(script_status().ssthresh, 30000));
        }
        check(acks > 5);
        (void)discard();
    }
}

/* At the end of recovery the window is ssthresh, whatever was in the network. */
SCRIPT(the_window_after_recovery)             /* RFC 6937 4, R6937-4-a, RFC 5681 4.3, R5681-4.3-b */
{
    give_flight(__LINE__, &loss_rack, 20);
    uint32_t total = 0, point;
    for (uint32_t i = 2; i <= 20; i++)
        total += i > 3 ? one_more(__LINE__, 1001, 1 + 1000 * i)
                       : one_more(__LINE__, 1001, 1 + 1000 * i) & 0;
    check(total <= 10000 && total >= 8000);         /* half of what was outstanding */
    point = w.tcp.out->recover.n - w.iss.n;
    in (ACK, .seq = 1, .ack = point);
    check_eq(script_status().cwnd, script_status().ssthresh);
    check(drain().octets <= script_status().cwnd);
}
