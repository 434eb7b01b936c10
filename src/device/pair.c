/* pair.c - two stacks joined in memory: what one sends, the other receives at once, as it is.
 * Called by tests, benchmarks and `aksu run`. */
#include "aksu/device.h"

/* Frames one way before the other side may answer: as many as a receiver takes for an ACK of its
 * own (RFC 9293 3.8.6.3 [SHLD-19]). With more, ACKs would be as rare as moves. */
enum { BURST = 2 };

/* Moves what `from` has to send, at most `most` frames. */
static size_t move_one_way(struct aksu_pair *pair, unsigned from, size_t most, aksu_time now)
{
    unsigned to = 1 - from;
    struct aksu_frame frame;
    size_t moved = 0;
    while (moved < most && aksu_frame_out(pair->net[from], &frame, now)) {
        aksu_frame_in(pair->net[to], pair->device[to], &frame, now);
        moved++;
    }
    return moved;
}

static size_t burst(size_t most)
{
    return most < BURST ? most : BURST;
}

size_t aksu_pair_move(struct aksu_pair *pair, size_t most, aksu_time now)
{
    size_t moved = 0;
    unsigned from = 0, idle = 0;            /* sides in a row that had nothing more to send */
    while (idle < 2 && moved < most) {
        size_t want = burst(most - moved), n = move_one_way(pair, from, want, now);
        moved += n;
        idle = n == want ? 0 : n > 0 ? 1 : idle + 1;
        from = 1 - from;
    }
    return moved;
}
