/* sent_queue.c - runs of octets that were sent: two lists through the same objects, and sums
 * (RFC 6675 3, RFC 8985 5.2, 6.2). Called by recovery*.c, output.c and the loss detectors. */
#include "base/bytes.h"
#include "base/check.h"
#include "tcp/sent_queue.h"

void sent_init(struct sent_queue *q, struct slab *slab)
{
    memset(q, 0, offsetof(struct sent_queue, own));
    q->slab = slab;
}

static struct sent_run *take(struct sent_queue *q)
{
    if (!q->own_used) {
        q->own_used = true;
        q->count++;
        return &q->own;
    }
    if (q->count >= SENT_MOST)
        return NULL;
    slab_ref ref = slab_take(q->slab);
    if (ref == 0)
        return NULL;
    q->count++;
    return slab_at(q->slab, ref);
}

static void give(struct sent_queue *q, struct sent_run *s)
{
    q->count--;
    if (s == &q->own)
        q->own_used = false;
    else
        slab_give(q->slab, slab_ref_of(q->slab, s));
}

/* --- by time --- */

static void time_append(struct sent_queue *q, struct sent_run *s)
{
    s->later = NULL;
    s->earlier = q->newest;
    *(q->newest ? &q->newest->later : &q->oldest) = s;
    q->newest = s;
}

static void time_remove(struct sent_queue *q, struct sent_run *s)
{
    *(s->later ? &s->later->earlier : &q->newest) = s->earlier;
    *(s->earlier ? &s->earlier->later : &q->oldest) = s->later;
}

static void time_insert_after(struct sent_queue *q, struct sent_run *s, struct sent_run *at)
{
    s->earlier = at;
    s->later = at->later;
    *(at->later ? &at->later->earlier : &q->newest) = s;
    at->later = s;
}

/* --- by sequence number --- */

static void unlink_run(struct sent_queue *q, struct sent_run *s)
{
    if (q->hint == s)
        q->hint = s->prev ? s->prev : s->next;
    if (q->top == s)
        q->top = s->prev ? s->prev : s->next;
    if (q->lost_hint == s)
        q->lost_hint = s->next;
    if (q->once_hint == s)
        q->once_hint = s->next;
    *(s->next ? &s->next->prev : &q->last) = s->prev;
    *(s->prev ? &s->prev->next : &q->first) = s->next;
}

static void remove_run(struct sent_queue *q, struct sent_run *s)
{
    if (s->state == SENT_WAITING)
        time_remove(q, s);
    unlink_run(q, s);
    give(q, s);
}

/* The last run grows: it was sent at the same moment, or there is no memory to tell them apart. */
static struct sent_run *extend(struct sent_queue *q, struct sent_run *s, seq_t right, aksu_time now)
{
    q->octets += (uint32_t)seq_diff(right, s->right);
    s->right = right;
    if (s->at != now) {
        s->at = now;
        time_remove(q, s);
        time_append(q, s);
    }
    return s;
}

static void fill(struct sent_run *s, seq_t left, seq_t right, aksu_time now)
{
    s->left = left;
    s->right = right;
    s->at = now;
    s->state = SENT_WAITING;
    s->times = 0;
    s->app_limited = false;
}

/* The only one: both lists are it alone. */
static struct sent_run *append_first(struct sent_queue *q, seq_t left, seq_t right, aksu_time now)
{
    struct sent_run *s = &q->own;
    fill(s, left, right, now);
    s->next = s->prev = s->later = s->earlier = NULL;
    q->first = q->last = q->oldest = q->newest = s;
    q->own_used = true;
    q->count = 1;
    q->octets = sent_length(s);
    return s;
}

static struct sent_run *append_behind(struct sent_queue *q, struct sent_run *last, seq_t left,
                                      seq_t right, aksu_time now)
{
    bool joins = last->state == SENT_WAITING && last->times == 0 && seq_eq(last->right, left);
    if (joins && last->at == now)
        return extend(q, last, right, now);

    struct sent_run *s = joins && sent_full(q) ? NULL : take(q);
    if (s == NULL)
        return joins ? extend(q, last, right, now) : NULL;
    fill(s, left, right, now);
    s->next = NULL;
    s->prev = last;
    last->next = q->last = s;
    time_append(q, s);
    q->octets += sent_length(s);
    return s;
}

struct sent_run *sent_append(struct sent_queue *q, seq_t left, seq_t right, aksu_time now)
{
    return q->last == NULL ? append_first(q, left, right, now)
                           : append_behind(q, q->last, left, right, now);
}

bool sent_split(struct sent_queue *q, struct sent_run *s, seq_t at)
{
    struct sent_run *rest = take(q);
    if (rest == NULL)
        return false;
    struct sent_run *next = s->next;
    *rest = *s;
    rest->left = at;
    s->right = at;
    rest->prev = s;
    rest->next = next;
    s->next = rest;
    *(next ? &next->prev : &q->last) = rest;
    if (s->state == SENT_WAITING)
        time_insert_after(q, rest, s);
    return true;
}

void sent_absorb_next(struct sent_queue *q, struct sent_run *s)
{
    struct sent_run *next = s->next;
    s->right = next->right;
    if (s->times < next->times)
        s->times = next->times;
    remove_run(q, next);
}

void sent_mark_lost(struct sent_queue *q, struct sent_run *s)
{
    time_remove(q, s);
    s->state = SENT_LOST;
    q->lost += sent_length(s);
    if (q->lost_hint == NULL || seq_lt(s->left, q->lost_hint->left))
        q->lost_hint = s;
}

void sent_mark_sacked(struct sent_queue *q, struct sent_run *s)
{
    if (s->state == SENT_WAITING)
        time_remove(q, s);
    else
        q->lost -= sent_length(s);
    s->state = SENT_SACKED;
    q->sacked += sent_length(s);
}

void sent_again(struct sent_queue *q, struct sent_run *s, aksu_time now)
{
    if (s->state == SENT_WAITING)
        time_remove(q, s);
    else
        q->lost -= sent_length(s);
    s->state = SENT_WAITING;
    s->at = now;
    if (s->times < UINT8_MAX)
        s->times++;
    time_append(q, s);
}

static void forget_octets(struct sent_queue *q, const struct sent_run *s, uint32_t length)
{
    q->octets -= length;
    if (s->state == SENT_SACKED)
        q->sacked -= length;
    else if (s->state == SENT_LOST)
        q->lost -= length;
}

void sent_remove_first(struct sent_queue *q)
{
    struct sent_run *s = q->first;
    if (s->next == NULL && s == &q->own) {
        q->first = q->last = q->oldest = q->newest = NULL;
        q->hint = q->top = q->lost_hint = q->once_hint = NULL;
        q->octets = q->sacked = q->lost = q->count = 0;
        q->own_used = false;
        return;
    }
    forget_octets(q, s, sent_length(s));
    remove_run(q, s);
}

void sent_trim_first(struct sent_queue *q, seq_t ack)
{
    struct sent_run *s = q->first;
    forget_octets(q, s, (uint32_t)seq_diff(ack, s->left));
    s->left = ack;
}

void sent_clear(struct sent_queue *q)
{
    while (q->first != NULL)
        sent_remove_first(q);
    q->hint = q->top = q->lost_hint = q->once_hint = NULL;
}

struct sent_run *sent_join(struct sent_queue *q, struct sent_run *s)
{
    struct sent_run *prev = s->prev;
    const struct sent_run *next = s->next;
    if (next != NULL && next->state == SENT_SACKED)
        sent_absorb_next(q, s);
    if (prev != NULL && prev->state == SENT_SACKED) {
        sent_absorb_next(q, prev);
        s = prev;
    }
    *(q->top == NULL || seq_ge(s->left, q->top->left) ? &q->top : &q->hint) = s;
    return s;
}

struct sent_run *sent_first_lost(struct sent_queue *q)
{
    if (q->lost == 0) {
        q->lost_hint = NULL;
        return NULL;
    }
    while (q->lost_hint != NULL && q->lost_hint->state != SENT_LOST)
        q->lost_hint = q->lost_hint->next;
    if (q->lost_hint == NULL)
        bug("what is lost is found behind the hint");
    return q->lost_hint;
}

static uint32_t distance(seq_t a, seq_t b)
{
    int32_t d = seq_diff(a, b);
    return d < 0 ? (uint32_t)-(int64_t)d : (uint32_t)d;
}

/* The one of two from which `seq` is nearer, in octets. */
static struct sent_run *nearer(struct sent_run *s, struct sent_run *other, seq_t seq)
{
    return other != NULL && distance(other->left, seq) < distance(s->left, seq) ? other : s;
}

/* What arrives now is likely what was sent longest ago of all that waits: `oldest`. */
struct sent_run *sent_find(struct sent_queue *q, seq_t seq, uint32_t *steps)
{
    if (q->first == NULL || seq_lt(seq, q->first->left) || seq_ge(seq, q->last->right))
        return NULL;
    struct sent_run *s = nearer(nearer(q->first, q->last, seq), q->oldest, seq);
    s = nearer(nearer(s, q->hint, seq), q->top, seq);
    for (; *steps > 0; --*steps) {
        if (seq_lt(seq, s->left))
            s = s->prev;
        else if (seq_ge(seq, s->right))
            s = s->next;
        else
            return s;
    }
    return NULL;
}

/* --- back to their places by time --- */

/* So many that each of SENT_MOST runs finds room: bin[i] has 2^i of them, or none. */
enum { BINS = 17 };
_Static_assert(SENT_MOST < 1 << BINS, "a bin for every run");

/* Two lists in the order of time, by `later` only, become one. */
static struct sent_run *merge(struct sent_run *a, struct sent_run *b)
{
    struct sent_run *first, **end = &first;
    while (a != NULL && b != NULL) {
        struct sent_run **next = a->at <= b->at ? &a : &b;
        *end = *next;
        end = &(*next)->later;
        *next = (*next)->later;
    }
    *end = a != NULL ? a : b;
    return first;
}

static void sort_in(struct sent_run *bin[BINS], struct sent_run *s)
{
    unsigned i = 0;
    s->later = NULL;
    for (; bin[i] != NULL; i++) {
        s = merge(s, bin[i]);
        bin[i] = NULL;
    }
    bin[i] = s;
}

/* `all`, in the order of time: likely near the beginning, for others have been sent since. */
static void insert_all(struct sent_queue *q, struct sent_run *all)
{
    struct sent_run *after = NULL, *before = q->oldest, *s;
    while ((s = all) != NULL) {
        all = s->later;
        for (; before != NULL && before->at < s->at; before = before->later)
            after = before;
        s->earlier = after;
        s->later = before;
        *(after ? &after->later : &q->oldest) = s;
        *(before ? &before->earlier : &q->newest) = s;
        after = s;
    }
}

/* All that is in this state, `octets` of it, waits again since it was last sent. Sorted, for a peer
 * chooses in what order the times stand: a search for each place would take the square of the
 * number of runs. */
static void wait_again(struct sent_queue *q, enum sent_state state, uint32_t octets)
{
    struct sent_run *bin[BINS] = { NULL }, *all = NULL;
    for (struct sent_run *s = q->last; s != NULL && octets > 0; s = s->prev) {
        if (s->state != state)
            continue;
        octets -= sent_length(s);
        s->state = SENT_WAITING;
        sort_in(bin, s);
    }
    for (unsigned i = 0; i < BINS; i++)
        all = merge(all, bin[i]);
    insert_all(q, all);
}

void sent_unmark_lost(struct sent_queue *q)
{
    if (q->lost == 0)
        return;
    wait_again(q, SENT_LOST, q->lost);
    q->lost = 0;
    q->once_hint = NULL;
}

void sent_forget_sacks(struct sent_queue *q)
{
    if (q->sacked == 0)
        return;
    wait_again(q, SENT_SACKED, q->sacked);
    q->sacked = 0;
    q->once_hint = q->top = q->hint = NULL;
}
