/* sack_model.c - the pipe of a sender with SACK against the letter of RFC 6675 4, a segment at a
 * time. A segment is 1000 octets. */
#include "tests/script/script.h"

#include <string.h>

/* `n` segments outstanding, `more` octets queued behind them; the detector of RFC 6675. */
static void give_flight(int line, uint32_t n, uint32_t more)
{
    w.env.loss = &loss_sack;
    config.initial_window = n;
    script_given(TCP_ESTABLISHED, &(struct given){ .line = line, .sack = true, .wnd = 65000 });
    script_send(line, 1000 * n + more, 0);
    script_check_eq(line, script_drain(line).segments, n, "segments of the first flight");
}

/* Positions of what leaves now, in order; how many. */
static unsigned leaves(int line, uint32_t *at, unsigned most)
{
    struct tcp_segment seg;
    unsigned n = 0;
    while (world_pull(line, &seg)) {
        script_check(line, seg.text_len > 0 && n < most, "text, and not too many");
        at[n++] = seg.seq.n - w.iss.n;
    }
    return n;
}

/* The sender's view by the letter of RFC 6675 2 and 4, a segment at a time. */
enum { MODEL = 60 };
static struct {
    bool here[MODEL], sacked[MODEL];    /* what the peer has; what it has said */
    uint32_t una, end, high_rxt;        /* segments; up to high_rxt they were sent again */
} model;

/* RFC 6675 4 (IsLost): three blocks above, or more than two segments. */
static bool model_is_lost(uint32_t s)
{
    uint32_t octets = 0, blocks = 0;
    for (uint32_t i = s + 1; i < model.end; i++) {
        octets += model.sacked[i] ? 1000 : 0;
        blocks += model.sacked[i] && !model.sacked[i - 1];
    }
    return blocks >= 3 || octets > 2000;
}

/* RFC 6675 4 (SetPipe) */
static uint32_t model_pipe(void)
{
    uint32_t pipe = 0;
    for (uint32_t s = model.una; s < model.end; s++) {
        if (model.sacked[s])
            continue;
        pipe += model_is_lost(s) ? 0 : 1000;
        pipe += s < model.high_rxt ? 1000 : 0;
    }
    return pipe;
}

/* What left arrives or not; the peer answers each with the block that it lies in, and one more. */
static void model_answer(int line, uint32_t s, uint32_t other)
{
    struct line x = { .ctl = ACK, .seq = 1 };
    model.here[s] = true;
    while (model.una < MODEL && model.here[model.una])
        model.una++;
    x.ack = 1 + 1000 * model.una;
    uint32_t about[2] = { s, other };
    for (unsigned i = 0, n = 0; i < 2; i++) {
        uint32_t left = about[i], right = about[i];
        if (about[i] < model.una || !model.here[about[i]] || (n > 0 && model.sacked[about[i]]))
            continue;
        while (left > model.una && model.here[left - 1])
            left--;
        while (right < MODEL && model.here[right])
            model.sacked[right++] = true;
        for (uint32_t k = left; k < right; k++)
            model.sacked[k] = true;
        x.sack[n].left = 1 + 1000 * left;
        x.sack[n++].right = 1 + 1000 * right;
    }
    script_in(line, &x);
}

/* Sends what may go; model.high_rxt and model.end follow. */
static unsigned model_send(int line, uint32_t *sent)
{
    unsigned n = leaves(line, sent, MODEL);
    for (unsigned i = 0; i < n; i++) {
        sent[i] = (sent[i] - 1) / 1000;
        if (sent[i] < model.end)
            model.high_rxt = sent[i] + 1;
        else
            model.end = sent[i] + 1;
    }
    return n;
}

SCRIPT(pipe_segment_by_segment)                     /* RFC 6675 4, R6675-4-c */
{
    uint32_t dice = 4711, compared = 0, in_recovery = 0;
    for (unsigned run = 0; run < 60; run++) {
        uint32_t now[MODEL], later[MODEL];
        memset(&model, 0, sizeof model);
        give_flight(__LINE__, 20, 38000);           /* there is always something new to send */
        model.end = 20;
        unsigned n = 20, left = 0;
        for (unsigned i = 0; i < n; i++)
            now[i] = i;
        while (n > 0 && model.end < MODEL - 2) {
            for (unsigned i = 0; i < n && model.end < MODEL - 2; i++) {
                dice = dice * 1103515245 + 12345;
                if ((dice >> 16) % 4 == 0)
                    continue;
                model_answer(__LINE__, now[i], (dice >> 20) % MODEL);
                bool over = model.una * 1000 + 1 >= w.tcp.out->recover.n - w.iss.n;
                left += model_send(__LINE__, later + left);
                if (over && w.tcp.out->recovery == RECOVERY_NONE)
                    model.high_rxt = 0;
                check_eq(script_status().in_flight, model_pipe());
                compared++;
                in_recovery += w.tcp.out->recovery == RECOVERY_FAST;
            }
            memcpy(now, later, sizeof now);
            n = left;
            left = 0;
        }
    }
    check(compared > 500 && in_recovery > 100);
}
