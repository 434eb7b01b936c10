/* explore.c - every state of two stacks and the network between them, in order of their distance
 * from the start: what can happen in each, and where that leads (aksu/explore.h). */
#include <stdlib.h>

#include "sim/explore.h"

enum { TAIL_MOST = 4000, SILENT_MOST = 64, BUDGET_MOST = 15, TCP_CTL_AT = 20 + 13 };

/* Something that may happen in a state: which end does what, and what is under way then. */
struct step {
    struct explore_node to;
    struct explore_net net;
    aksu_time now;
};

struct aksu_explore *aksu_explore_new(const struct aksu_explore_config *config)
{
    struct aksu_explore *x = calloc(1, sizeof *x);
    if (x == NULL)
        return NULL;
    x->config = *config;
    if (x->config.states == 0)
        x->config.states = 10000000;
    if (x->config.depth == 0)
        x->config.depth = UINT32_MAX - TAIL_MOST;
    if (config->octets > AKSU_EXPLORE_OCTETS_MOST || config->losses > BUDGET_MOST
        || config->duplicates > BUDGET_MOST || config->timeouts > BUDGET_MOST
        || x->config.states > AKSU_EXPLORE_STATES_MOST
        || !explore_set_init(&x->frames, sizeof(struct explore_frame),
                             sizeof(struct explore_frame))
        || !explore_set_init(&x->nets, sizeof(struct explore_net), sizeof(struct explore_net))
        || !explore_set_init(&x->times, sizeof(aksu_time), sizeof(aksu_time))
        || !explore_set_init(&x->states, sizeof(struct explore_state),
                             offsetof(struct explore_state, next))
        || !explore_set_init(&x->known, sizeof(struct explore_known),
                             offsetof(struct explore_known, to))
        || !explore_set_init(&x->nodes, sizeof(struct explore_node),
                             offsetof(struct explore_node, parent))
        || !explore_ends_init(x)) {
        aksu_explore_free(x);
        return NULL;
    }
    x->lifetime = config->stack.msl != 0 ? config->stack.msl : AKSU_SECONDS(30);
    return x;
}

void aksu_explore_free(struct aksu_explore *x)
{
    if (x == NULL)
        return;
    explore_ends_free(x);
    explore_set_free(&x->frames);
    explore_set_free(&x->nets);
    explore_set_free(&x->times);
    explore_set_free(&x->states);
    explore_set_free(&x->known);
    explore_set_free(&x->nodes);
    free(x->pieces);
    free(x->straight);
    free(x);
}

static struct explore_node *node_at(const struct aksu_explore *x, uint32_t number)
{
    return explore_set_at(&x->nodes, number);
}

static const struct explore_frame *frame_at(const struct aksu_explore *x, uint32_t number)
{
    return explore_set_at(&x->frames, number);
}

/* --- what is under way --- */

static void remove_frame(struct explore_net *net, uint32_t frame)
{
    uint32_t i = 0;
    while (net->frame[i] != frame)
        i++;
    memmove(net->frame + i, net->frame + i + 1, (--net->count - i) * sizeof net->frame[0]);
    net->frame[net->count] = 0;
}

static bool add_frames(struct explore_net *net, const struct explore_net *more)
{
    if (net->count + more->count > EXPLORE_FLYING_MOST)
        return false;
    for (uint32_t k = 0; k < more->count; k++) {
        uint32_t i = net->count++;
        for (; i > 0 && net->frame[i - 1] > more->frame[k]; i--)
            net->frame[i] = net->frame[i - 1];
        net->frame[i] = more->frame[k];
    }
    return true;
}

/* Frames do not live longer than an MSL: RFC 9293 3.4.1. */
static void let_die(const struct aksu_explore *x, struct explore_net *net, aksu_time now)
{
    for (uint32_t i = net->count; i-- > 0;)
        if (frame_at(x, net->frame[i])->born + x->lifetime < now)
            remove_frame(net, net->frame[i]);
}

/* --- steps --- */

static bool becomes(struct aksu_explore *x, struct step *s, uint32_t side,
                    const struct explore_known *known)
{
    s->to.state[side] = known->to;
    if (add_frames(&s->net, explore_set_at(&x->nets, known->sent)))
        return true;
    explore_violation(x, &x->end[side], "more than %u frames are under way",
                      (unsigned)EXPLORE_FLYING_MOST);
    return false;
}

/* A SYN is on its way for a millisecond. Else all could happen in one instant, in which the clock
 * of initial sequence numbers (RFC 9293 3.4.1) stands: nobody could tell two connections apart. */
static void takes_time(struct step *s, const struct explore_frame *f)
{
    aksu_time least = f->born + AKSU_MS(1);
    if (f->length > TCP_CTL_AT && f->octets[TCP_CTL_AT] & AKSU_SYN && s->now < least)
        s->now = least;
}

static bool deliver(struct aksu_explore *x, struct step *s, uint32_t frame, bool stays)
{
    uint32_t side = frame_at(x, frame)->to;
    takes_time(s, frame_at(x, frame));
    const struct explore_known *known = explore_ask(x, s->to.state[side], frame, s->now);
    if (known == NULL)
        return false;
    if (!stays)
        remove_frame(&s->net, frame);
    return becomes(x, s, side, known);
}

/* The clock goes on to the next timer of this end. It is not late for it, but the other end may be
 * late for its own. What a stack does in between only to look at its clock again is no step. */
static bool run_out(struct aksu_explore *x, struct step *s, uint32_t side)
{
    aksu_time other = explore_state_at(x, s->to.state[!side])->next;
    for (unsigned turn = 0; turn < SILENT_MOST; turn++) {
        aksu_time next = explore_state_at(x, s->to.state[side])->next;
        if (next == AKSU_NEVER || (turn > 0 && next > other))
            break;
        s->now = next > s->now ? next : s->now;
        const struct explore_known *known = explore_ask(x, s->to.state[side], EXPLORE_NONE, s->now);
        if (known == NULL || !becomes(x, s, side, known))
            return false;
        if (!known->silent)
            break;
    }
    let_die(x, &s->net, s->now);
    return true;
}

static bool apply(struct aksu_explore *x, struct step *s, uint32_t action)
{
    uint32_t about = action & ~(3u << 30);
    switch ((enum explore_kind)(action >> 30)) {
    case EXPLORE_DELIVER:
        return deliver(x, s, about, false);
    case EXPLORE_REPEAT:
        s->to.duplicates--;
        return deliver(x, s, about, true);
    case EXPLORE_LOSE:
        s->to.losses--;
        remove_frame(&s->net, about);
        return true;
    case EXPLORE_TIMEOUT:
        s->to.timeouts -= (uint8_t)(about >> 1);
        return run_out(x, s, about & 1);
    }
    return false;
}

static struct step step_from(const struct aksu_explore *x, uint32_t number)
{
    const struct explore_node *n = node_at(x, number);
    struct step s = { .to = *n };
    memcpy(&s.net, explore_set_at(&x->nets, n->net), sizeof s.net);
    memcpy(&s.now, explore_set_at(&x->times, n->time), sizeof s.now);
    return s;
}

static void bad_at(struct aksu_explore *x, uint32_t node, uint32_t action)
{
    x->bad_parent = node;
    x->bad_action = action;
}

/* Number of the state that it leads to; NONE: a violation, or no memory. */
static uint32_t take(struct aksu_explore *x, uint32_t from, uint32_t action)
{
    struct step s = step_from(x, from);
    bool fresh;
    if (!apply(x, &s, action)) {
        bad_at(x, from, action);
        return EXPLORE_NONE;
    }
    s.to.parent = from;
    s.to.action = action;
    s.to.net = explore_set_put(&x->nets, &s.net, &fresh);
    s.to.time = explore_set_put(&x->times, &s.now, &fresh);
    uint32_t number = explore_set_put(&x->nodes, &s.to, &fresh);
    if (number == EXPLORE_NONE || s.to.net == EXPLORE_NONE || s.to.time == EXPLORE_NONE) {
        x->failed = true;
        return EXPLORE_NONE;
    }
    x->edges++;
    if (fresh)
        explore_judge_node(x, node_at(x, number));
    if (!x->violated)
        return number;
    bad_at(x, number, EXPLORE_NONE);
    return EXPLORE_NONE;
}

/* --- a state --- */

/* Which end's timer is next; 2: none. */
static uint32_t next_of(const struct aksu_explore *x, const struct explore_node *n)
{
    aksu_time a = explore_state_at(x, n->state[0])->next;
    aksu_time b = explore_state_at(x, n->state[1])->next;
    return a == AKSU_NEVER && b == AKSU_NEVER ? 2 : b < a;
}

/* What happens when nothing goes wrong: the oldest frame arrives, or time passes; NONE: all is
 * over. */
static uint32_t straight_on(const struct aksu_explore *x, const struct explore_node *n)
{
    const struct explore_net *net = explore_set_at(&x->nets, n->net);
    uint32_t oldest = 0, side = next_of(x, n);
    for (uint32_t i = 1; i < net->count; i++)
        if (frame_at(x, net->frame[i])->born < frame_at(x, net->frame[oldest])->born)
            oldest = i;
    if (net->count > 0)
        return explore_action(EXPLORE_DELIVER, net->frame[oldest]);
    return side < 2 ? explore_action(EXPLORE_TIMEOUT, side) : EXPLORE_NONE;
}

static bool frames_of(struct aksu_explore *x, uint32_t number, const struct explore_node *n)
{
    struct explore_net net;
    memcpy(&net, explore_set_at(&x->nets, n->net), sizeof net);
    for (uint32_t i = 0; i < net.count; i++) {
        uint32_t frame = net.frame[i];
        if (i > 0 && net.frame[i - 1] == frame)
            continue;
        if (take(x, number, explore_action(EXPLORE_DELIVER, frame)) == EXPLORE_NONE
            || (n->losses > 0
                && take(x, number, explore_action(EXPLORE_LOSE, frame)) == EXPLORE_NONE)
            || (n->duplicates > 0
                && take(x, number, explore_action(EXPLORE_REPEAT, frame)) == EXPLORE_NONE))
            return false;
    }
    return true;
}

/* In its order, and with nothing under way, a timer is free. */
static bool timers_of(struct aksu_explore *x, uint32_t number, const struct explore_node *n)
{
    bool quiet = ((const struct explore_net *)explore_set_at(&x->nets, n->net))->count == 0;
    aksu_time next[2] = { explore_state_at(x, n->state[0])->next,
                          explore_state_at(x, n->state[1])->next };
    for (uint32_t side = 0; side < 2; side++) {
        uint32_t early = !quiet || next[side] > next[!side];
        if (next[side] == AKSU_NEVER || early > n->timeouts)
            continue;
        if (take(x, number, explore_action(EXPLORE_TIMEOUT, early << 1 | side)) == EXPLORE_NONE)
            return false;
    }
    return true;
}

static bool note_straight(struct aksu_explore *x, uint32_t number, uint32_t next)
{
    if (number >= x->straight_room) {
        uint32_t room = x->straight_room + x->straight_room / 2 + (1 << 16);
        uint32_t *more = realloc(x->straight, room * sizeof *more);
        if (more == NULL)
            return false;
        x->straight = more;
        x->straight_room = room;
    }
    x->straight[number] = next;
    return true;
}

static bool look_at(struct aksu_explore *x, uint32_t number)
{
    struct explore_node n = *node_at(x, number);
    uint32_t action = straight_on(x, &n), next = EXPLORE_NONE;
    if (action != EXPLORE_NONE && (next = take(x, number, action)) == EXPLORE_NONE)
        return false;
    if (!note_straight(x, number, next)) {
        x->failed = true;
        return false;
    }
    if (x->depth >= x->config.depth) {
        if (x->depth - x->config.depth > TAIL_MOST) {
            explore_violation(x, NULL, "it does not come to an end, although all arrives");
            bad_at(x, number, EXPLORE_NONE);
        }
        return !x->violated;
    }
    return frames_of(x, number, &n) && timers_of(x, number, &n);
}

/* --- the whole --- */

/* Every state was looked at: from each of them all must come to an end when nothing goes wrong any
 * more. Ways that have been gone are marked. */
static bool all_end(struct aksu_explore *x)
{
    uint8_t *mark = calloc(x->nodes.count, 1);      /* 1: on this way; 2: it comes to an end */
    x->failed = mark == NULL;
    for (uint32_t start = 0; mark != NULL && start < x->nodes.count && !x->violated; start++) {
        uint32_t n = start;
        for (; n != EXPLORE_NONE && mark[n] == 0; n = x->straight[n])
            mark[n] = 1;
        if (n != EXPLORE_NONE && mark[n] == 1) {
            explore_violation(x, NULL, "it goes round for ever, although all arrives");
            bad_at(x, n, EXPLORE_NONE);
        }
        for (n = start; n != EXPLORE_NONE && mark[n] == 1; n = x->straight[n])
            mark[n] = 2;
    }
    free(mark);
    return !x->failed && !x->violated;
}

static bool begin(struct aksu_explore *x)
{
    struct explore_node first;
    bool fresh;
    x->started = true;
    if (!explore_start(x, &first)) {
        x->failed = !x->violated;
        bad_at(x, EXPLORE_NONE, EXPLORE_NONE);
        return false;
    }
    first.losses = (uint8_t)x->config.losses;
    first.duplicates = (uint8_t)x->config.duplicates;
    first.timeouts = (uint8_t)x->config.timeouts;
    first.parent = first.action = EXPLORE_NONE;
    x->layer_end = 1;
    return explore_set_put(&x->nodes, &first, &fresh) != EXPLORE_NONE;
}

enum aksu_explore_state aksu_explore_run(struct aksu_explore *x, uint64_t more)
{
    bool well = (x->started || begin(x)) && !x->violated && !x->failed;
    for (; well && more > 0 && x->at < x->nodes.count && x->at < x->config.states; more--) {
        if (x->at == x->layer_end) {
            x->depth++;
            x->layer_end = x->nodes.count;
        }
        well = look_at(x, x->at++);
    }
    if (well && x->at == x->nodes.count)
        well = all_end(x);
    if (!well)
        return x->violated ? AKSU_EXPLORE_VIOLATION : AKSU_EXPLORE_NO_MEMORY;
    return x->at == x->nodes.count ? AKSU_EXPLORE_EXHAUSTED
         : x->at >= x->config.states ? AKSU_EXPLORE_BOUND : AKSU_EXPLORE_RUNNING;
}

void aksu_explore_counts(const struct aksu_explore *x, struct aksu_explore_counts *out)
{
    *out = (struct aksu_explore_counts){
        .states = x->at, .edges = x->edges, .ends = x->ends, .depth = x->depth,
        .stack_states = x->states.count, .calls = x->calls,
        .memory = explore_set_memory(&x->frames) + explore_set_memory(&x->nets)
                + explore_set_memory(&x->states) + explore_set_memory(&x->known)
                + explore_set_memory(&x->nodes) + explore_set_memory(&x->times)
                + x->pieces_room + x->straight_room * sizeof *x->straight,
    };
}

const char *aksu_explore_why(const struct aksu_explore *x)
{
    return x->why;
}

uint32_t aksu_explore_steps(const struct aksu_explore *x)
{
    uint32_t steps = x->bad_action != EXPLORE_NONE;
    for (uint32_t n = x->bad_parent; n != EXPLORE_NONE && n != 0; n = node_at(x, n)->parent)
        steps++;
    return steps;
}

/* The step that is so many before the last. */
static uint32_t action_before_last(const struct aksu_explore *x, uint32_t back)
{
    uint32_t n = x->bad_parent;
    if (x->bad_action != EXPLORE_NONE && back-- == 0)
        return x->bad_action;
    while (back-- > 0)
        n = node_at(x, n)->parent;
    return node_at(x, n)->action;
}

void aksu_explore_replay(struct aksu_explore *x, struct aksu_sink *const sink[2])
{
    struct explore_node first;
    struct step s;
    uint32_t steps = aksu_explore_steps(x);
    x->violated = false;
    x->again = true;
    for (unsigned i = 0; i < 2; i++)
        x->end[i].also = sink[i];
    bool well = explore_start(x, &first) && x->bad_parent != EXPLORE_NONE;
    if (well)
        s = step_from(x, 0);
    for (uint32_t i = steps; well && i-- > 0;)
        well = apply(x, &s, action_before_last(x, i));
    for (unsigned i = 0; i < 2; i++)
        x->end[i].also = NULL;
    x->again = false;
    x->violated = true;
}
