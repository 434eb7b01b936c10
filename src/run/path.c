/* path.c - from the user's description of a network to the nodes of a path. Called by net.c. */
#include "run/path.h"

#include "base/time.h"

static const aksu_time LEAST_QUEUE = MS(50);
enum { LEAST_FRAMES = 16, FRAME = 1514 };

uint32_t run_path_queue(const struct run_path *p)
{
    aksu_time round_trip = 2 * p->delay > LEAST_QUEUE ? 2 * p->delay : LEAST_QUEUE;
    uint64_t octets = p->rate / 8000 * (round_trip / MS(1));

    if (p->queue > 0)
        octets = p->queue;
    else if (octets < LEAST_FRAMES * FRAME)
        octets = LEAST_FRAMES * FRAME;
    return octets < UINT32_MAX ? (uint32_t)octets : UINT32_MAX;
}

aksu_time run_path_longest(const struct run_path *p)
{
    aksu_time longest = p->delay + p->jitter;

    if (p->reorder > 0)
        longest += p->reorder_by;
    if (p->rate > 0)
        longest += ((uint64_t)run_path_queue(p) + FRAME) * 8 * 1000 / p->rate * MS(1) + MS(1);
    return longest;
}

/* Bursts in which all is lost: bad lasts as long as a burst, and takes its share of the frames. */
static struct aksu_path_node bursts(const struct run_path *p)
{
    uint64_t to_good = AKSU_PATH_ALWAYS / p->burst_length;
    uint64_t good = AKSU_PATH_ALWAYS - p->burst_loss;
    /* loss = to_bad / (to_bad + to_good) */
    uint64_t to_bad = good > 0 ? p->burst_loss * (to_good >> 8) / (good >> 8) : AKSU_PATH_ALWAYS;

    return (struct aksu_path_node){
        .kind = AKSU_PATH_BURSTS, .to_good = good > 0 ? to_good : 0, .chance_bad = AKSU_PATH_ALWAYS,
        .to_bad = to_bad < AKSU_PATH_ALWAYS ? to_bad : AKSU_PATH_ALWAYS,
    };
}

static void add(struct aksu_path_node *out, unsigned *count, bool wanted, struct aksu_path_node n)
{
    if (wanted)
        out[(*count)++] = n;
}

#define NODE(...) ((struct aksu_path_node){ __VA_ARGS__ })

unsigned run_path_nodes(const struct run_path *p, struct aksu_path_node out[RUN_PATH_NODES])
{
    unsigned n = 0;

    add(out, &n, true, NODE(.kind = AKSU_PATH_CUT));
    add(out, &n, p->rate > 0, NODE(.kind = AKSU_PATH_RATE, .rate = p->rate, .codel = p->codel,
                                   .codel_marks = true, .limit = run_path_queue(p)));
    add(out, &n, p->mark > 0, NODE(.kind = AKSU_PATH_MARK, .chance = p->mark));
    add(out, &n, p->loss > 0, NODE(.kind = AKSU_PATH_LOSS, .chance = p->loss));
    if (p->burst_loss > 0)
        add(out, &n, true, bursts(p));
    add(out, &n, p->corrupt > 0, NODE(.kind = AKSU_PATH_CORRUPT, .chance = p->corrupt));
    add(out, &n, p->duplicate > 0, NODE(.kind = AKSU_PATH_DUPLICATE, .chance = p->duplicate));
    add(out, &n, p->delay > 0, NODE(.kind = AKSU_PATH_DELAY, .delay = p->delay,
                                    .jitter = p->jitter));
    add(out, &n, p->reorder > 0, NODE(.kind = AKSU_PATH_REORDER, .chance = p->reorder,
                                      .delay = p->reorder_by));
    return n;
}

void run_path_start(const struct run_path *p, struct aksu_path *path, aksu_time now)
{
    struct aksu_path_cut cut[RUN_CUTS];
    struct aksu_path_node node = { .kind = AKSU_PATH_CUT, .cuts = p->cuts, .cut = cut };

    for (unsigned i = 0; i < p->cuts; i++)
        cut[i] = (struct aksu_path_cut){ now + p->cut[i].from, now + p->cut[i].until };
    aksu_path_set(path, RUN_PATH_CUT_NODE, &node, now);
}
