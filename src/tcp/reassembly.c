/* reassembly.c - text out of order (RFC 9293 3.10.7.4 [SHLD-31]) and the SACK blocks that tell of
 * it (RFC 2018 3, 4) and of text that came twice (RFC 2883 4). The octets lie in the receive ring
 * at their place; a set of ranges says which are there. */
#include "tcp/core.h"

enum { REPORTED_MOST = 4, BLOCKS_MOST = 4, BLOCKS_WITH_TIMESTAMPS = 3 };     /* RFC 2018 3 */

static struct tcp_held *held_of(const struct tcp *t)
{
    return slab_at(t->env->reassembly, t->holes);
}

/* Octets beyond RCV.NXT that are held. */
uint32_t reassembly_reach(const struct tcp *t)
{
    if (!t->holes)
        return 0;
    const struct ranges *r = &held_of(t)->ranges;
    if (r->count == 0)
        return 0;
    return (uint32_t)seq_diff(ranges_from_end(r, t->env->pool, 0).right, t->rcv.nxt);
}

void reassembly_free(struct tcp *t)
{
    if (t->holes) {
        ranges_clear(&held_of(t)->ranges, t->env->pool);
        slab_give(t->env->reassembly, t->holes);
        t->holes = 0;
    }
}

static bool have_set(struct tcp *t)
{
    if (t->holes)
        return true;
    t->holes = slab_take(t->env->reassembly);
    if (t->holes)
        *held_of(t) = (struct tcp_held){ .ts_then = t->ts_recent, .ts_mark = t->rcv.edge };
    return t->holes != 0;
}

/* Copies text[skip .. skip+length) of the segment into the receive ring at position `at`; returns
 * how much fitted. */
uint32_t reassembly_write(struct tcp *t, const struct tcp_segment *seg, uint32_t skip,
                          uint32_t at, uint32_t length)
{
    uint32_t done = 0;
    for (unsigned i = 0; i < seg->parts && done < length; i++) {
        uint32_t have = (uint32_t)seg->text[i].length;
        if (skip >= have) {
            skip -= have;
            continue;
        }
        uint32_t n = have - skip < length - done ? have - skip : length - done;
        uint32_t wrote = ring_write(&t->receive, t->env->pool, at + done,
                                    seg->text[i].data + skip, n);
        done += wrote;
        if (wrote < n)
            break;
        skip = 0;
    }
    return done;
}

/* `whole` holds what came last: it will be the first block, and blocks that it has swallowed are no
 * more. RFC 2018 4: the blocks reported first most recently are repeated behind it. */
static void report_first(struct tcp_held *h, seq_t seq, struct range whole)
{
    unsigned kept = 0;
    seq_t earlier[REPORTED_MOST];
    for (unsigned i = 0; i < h->reports; i++)
        if (seq_lt(h->reported[i], whole.left) || seq_ge(h->reported[i], whole.right))
            earlier[kept++] = h->reported[i];
    if (kept == REPORTED_MOST)
        kept--;
    h->reported[0] = seq;
    memcpy(&h->reported[1], earlier, kept * sizeof earlier[0]);
    h->reports = (uint8_t)(kept + 1);
}

static void hold(struct tcp *t, const struct tcp_segment *seg, seq_t seq, uint32_t skip,
                 uint32_t length, aksu_time now)
{
    struct tcp_held *h = held_of(t);
    struct pool *pool = t->env->pool;
    /* First the place for the range: what cannot be remembered is not written. */
    if (!ranges_room(&h->ranges, pool, seq, seq_add(seq, length))) {
        tcp_say_memory(t, "too many holes: text out of order dropped", now);
        return;
    }
    uint32_t ahead = (uint32_t)seq_diff(seq, t->rcv.nxt);
    uint32_t wrote = reassembly_write(t, seg, skip, t->receive.length + ahead, length);
    seq_t end = seq_add(seq, wrote);
    if (wrote > 0 && (wrote == length || ranges_room(&h->ranges, pool, seq, end))) {
        report_first(h, seq, ranges_add(&h->ranges, pool, seq, end));
        return;
    }
    ring_trim(&t->receive, pool, t->receive.length + reassembly_reach(t));
    tcp_say_memory(t, "text out of order dropped", now);
}

/* The first part of [left, right) that is held already. */
static struct range held_part(const struct tcp *t, seq_t left, seq_t right)
{
    struct range r = { left, left };
    if (t->holes)
        r = ranges_after(&held_of(t)->ranges, t->env->pool, left);
    return (struct range){ seq_max(r.left, left), seq_min(r.right, right) };
}

/* Text at `seq`, beyond RCV.NXT and inside the window. */
void reassembly_hold(struct tcp *t, const struct tcp_segment *seg, seq_t seq, uint32_t skip,
                     uint32_t length, aksu_time now)
{
    /* The second answer to a full budget: text out of order is dropped, text in order is not. */
    if (pool_left(t->env->pool) < t->env->reserve_pages || !have_set(t)) {
        tcp_say_memory(t, "text out of order dropped", now);
        return;
    }
    struct range again = held_part(t, seq, seq_add(seq, length));
    (void)reassembly_came_again(t, again.left, again.right);
    hold(t, seg, seq, skip, length, now);
    if (held_of(t)->ranges.count == 0)
        reassembly_free(t);
}

/* The FIN takes its place in sequence space, and none in the ring: a sender whose last segments
 * were lost hears of it as of text. */
void reassembly_hold_fin(struct tcp *t)
{
    seq_t fin = t->rcv.fin, end = seq_add(fin, 1);
    if (pool_left(t->env->pool) < t->env->reserve_pages || !have_set(t))
        return;
    struct tcp_held *h = held_of(t);
    if (ranges_room(&h->ranges, t->env->pool, fin, end))
        report_first(h, fin, ranges_add(&h->ranges, t->env->pool, fin, end));
}

/* A window has gone by since the mark. */
static void raise_floor(struct tcp *t)
{
    struct tcp_held *h = held_of(t);
    if (seq_lt(t->rcv.nxt, h->ts_mark))
        return;
    uint32_t gone = t->ts_recent - h->ts_then;
    h->ts_back = (uint16_t)(gone < UINT16_MAX ? gone : UINT16_MAX);
    h->ts_then = t->ts_recent;
    h->ts_mark = t->rcv.edge;
}

bool reassembly_awaits(const struct tcp *t, seq_t seq, uint32_t *ts_floor)
{
    if (!t->holes || seq_lt(seq, t->rcv.nxt)
        || seq_ge(seq, seq_add(t->rcv.nxt, reassembly_reach(t))))
        return false;
    *ts_floor = held_of(t)->ts_then - held_of(t)->ts_back;
    return true;
}

/* In-order text [from, RCV.NXT) has arrived, part of which may have been here before: take over
 * what now follows without a hole. */
void reassembly_deliver(struct tcp *t, seq_t from)
{
    if (!t->holes)
        return;
    struct range again = held_part(t, from, t->rcv.nxt);
    struct ranges *r = &held_of(t)->ranges;
    ranges_cut(r, t->env->pool, t->rcv.nxt);    /* a long segment may have filled several holes */
    struct range next = ranges_after(r, t->env->pool, t->rcv.nxt);
    if (seq_eq(next.left, t->rcv.nxt) && seq_lt(next.left, next.right)) {
        if (t->fin_held && seq_le(next.left, t->rcv.fin) && seq_lt(t->rcv.fin, next.right))
            next.right = t->rcv.fin;
        uint32_t more = (uint32_t)seq_diff(next.right, next.left);
        ring_extend(&t->receive, more);
        t->rcv.nxt = next.right;
        t->octets_in += more;
        ranges_cut(r, t->env->pool, t->rcv.nxt);
    }
    if (r->count == 0)
        reassembly_free(t);
    else
        raise_floor(t);
    (void)reassembly_came_again(t, again.left, again.right);
}

/* RFC 2883 4: each duplicate is reported in one ACK, which goes out at once. Of several that come
 * before it does, those that follow each other are one. */
bool reassembly_came_again(struct tcp *t, seq_t left, seq_t right)
{
    if (!t->sack_on || !t->env->config.dsack || seq_ge(left, right))
        return false;
    uint32_t before = t->rcv.dsack_length, length = (uint32_t)seq_diff(right, left);
    if (before == 0)
        t->rcv.dsack = left;
    else if (seq_eq(seq_add(t->rcv.dsack, before), left))
        length += before;
    else
        return true;
    t->rcv.dsack_length = (uint16_t)(length < UINT16_MAX ? length : UINT16_MAX);
    return true;
}

static unsigned blocks_most(const struct tcp *t)
{
    unsigned most = t->ts_on ? BLOCKS_WITH_TIMESTAMPS : BLOCKS_MOST;
    return t->ao != 0 ? most - AO_OPTION / 8 : most;    /* RFC 5925 7.6 */
}

unsigned reassembly_blocks(const struct tcp *t)
{
    unsigned n = t->holes ? held_of(t)->ranges.count : 0, most = blocks_most(t);
    n += t->rcv.dsack_length != 0;
    return n < most ? n : most;
}

/* A block that has not been put there yet, `from` on. */
static void add_block(struct tcp_options *out, unsigned from, struct range r)
{
    for (unsigned i = from; i < out->sack_count; i++)
        if (seq_eq(out->sack[i].left, r.left))
            return;
    out->sack[out->sack_count++] = (struct sack_block){ r.left, r.right };
}

/* RFC 2018 4: the block with the segment that arrived last comes first, then those that were first
 * before; when too few of them are left, the highest. */
static void add_held(const struct tcp *t, struct tcp_options *out, unsigned from, unsigned most)
{
    struct tcp_held *h = held_of(t);
    const struct pool *pool = t->env->pool;
    for (unsigned i = 0; i < h->reports && out->sack_count < most; i++) {
        struct range r = ranges_after(&h->ranges, pool, h->reported[i]);
        if (seq_le(r.left, h->reported[i]) && seq_lt(r.left, r.right))
            add_block(out, from, r);
    }
    for (unsigned i = 0; i < h->ranges.count && out->sack_count < most; i++)
        add_block(out, from, ranges_from_end(&h->ranges, pool, i));
}

/* RFC 2883 4: a duplicate is the first block; if it lies in a held one, that is the second. */
static void add_duplicate(struct tcp *t, struct tcp_options *out)
{
    seq_t left = t->rcv.dsack, right = seq_add(left, t->rcv.dsack_length);
    out->sack[out->sack_count++] = (struct sack_block){ left, right };
    t->rcv.dsack_length = 0;
    struct range whole = held_part(t, left, right);
    if (seq_gt(left, t->rcv.nxt) && seq_lt(whole.left, whole.right)) {
        whole = ranges_after(&held_of(t)->ranges, t->env->pool, left);
        out->sack[out->sack_count++] = (struct sack_block){ whole.left, whole.right };
    }
}

void reassembly_sacks(struct tcp *t, struct tcp_options *out)
{
    unsigned duplicates = t->rcv.dsack_length != 0;
    out->sack_count = 0;
    out->has |= HAS_SACK;
    if (duplicates)
        add_duplicate(t, out);
    if (t->holes)
        add_held(t, out, duplicates, blocks_most(t));
}
