/* reassembly.c - text out of order (RFC 9293 3.10.7.4 [SHLD-31]) and the SACK blocks that tell of
 * it (RFC 2018 3, 4). The octets lie in the receive ring at their place; a small set of ranges says
 * which are there. */
#include "tcp/core.h"

static struct ranges *holes_of(const struct tcp *t)
{
    return slab_at(t->env->reassembly, t->holes);
}

static uint32_t reach_of(const struct ranges *r, const struct tcp *t)
{
    return r->count == 0 ? 0 : (uint32_t)seq_diff(r->at[r->count - 1].right, t->rcv.nxt);
}

uint32_t reassembly_reach(const struct tcp *t)
{
    return t->holes ? reach_of(holes_of(t), t) : 0;
}

void reassembly_free(struct tcp *t)
{
    if (t->holes) {
        slab_give(t->env->reassembly, t->holes);
        t->holes = 0;
    }
}

static bool have_set(struct tcp *t)
{
    if (t->holes)
        return true;
    t->holes = slab_take(t->env->reassembly);
    if (!t->holes)
        return false;
    holes_of(t)->count = 0;
    holes_of(t)->newest = 0;
    return true;
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

/* Text at `seq`, beyond RCV.NXT and inside the window. */
void reassembly_hold(struct tcp *t, const struct tcp_segment *seg, seq_t seq, uint32_t skip,
                     uint32_t length, aksu_time now)
{
    uint32_t ahead = (uint32_t)seq_diff(seq, t->rcv.nxt);
    /* The second answer to a full budget: text out of order is dropped, text in order is not. */
    if (pool_left(t->env->pool) < t->env->reserve_pages || !have_set(t)) {
        TCP_EMIT(t, now, memory, .answer = "text out of order dropped",
                 .left = (uint64_t)pool_left(t->env->pool) * POOL_PAGE);
        return;
    }
    uint32_t held = reassembly_write(t, seg, skip, t->receive.length + ahead, length);
    if (held == 0 || !ranges_add(holes_of(t), seq, seq_add(seq, held))) {
        ring_trim(&t->receive, t->env->pool, t->receive.length + reach_of(holes_of(t), t));
        if (holes_of(t)->count == 0)
            reassembly_free(t);
        TCP_EMIT(t, now, memory, .answer = "text out of order dropped",
                 .left = (uint64_t)pool_left(t->env->pool) * POOL_PAGE);
    }
}

/* In-order text has reached RCV.NXT: take over what now follows without a hole. */
void reassembly_deliver(struct tcp *t)
{
    if (!t->holes)
        return;
    struct ranges *r = holes_of(t);
    ranges_cut(r, t->rcv.nxt);                  /* a long segment may have filled several holes */
    if (r->count > 0 && seq_eq(r->at[0].left, t->rcv.nxt)) {
        uint32_t more = (uint32_t)seq_diff(r->at[0].right, t->rcv.nxt);
        ring_extend(&t->receive, more);
        t->rcv.nxt = r->at[0].right;
        t->octets_in += more;
        ranges_cut(r, t->rcv.nxt);
    }
    if (r->count == 0)
        reassembly_free(t);
}

/* RFC 2018 4: the block with the segment that arrived last comes first. */
void reassembly_sacks(const struct tcp *t, struct tcp_options *out)
{
    const struct ranges *r = holes_of(t);
    uint8_t most = t->ts_on ? 3 : 4;
    uint8_t n = 0;
    unsigned newest = r->newest < r->count ? r->newest : 0;

    out->sack[n++] = (struct sack_block){ r->at[newest].left, r->at[newest].right };
    for (unsigned i = r->count; i-- > 0 && n < most;)
        if (i != newest)
            out->sack[n++] = (struct sack_block){ r->at[i].left, r->at[i].right };
    out->sack_count = n;
    out->has |= HAS_SACK;
}
