/* ranges.c - an ordered set of ranges of sequence numbers in a fixed array (RFC 2018 4). Arrivals
 * nearly always extend or follow the last range, so the search runs from the end.
 * Called by tcp's reassembly. */
#include "base/bytes.h"
#include "base/ranges.h"

/* The index of the first range that ends at or after `point`; count when there is none. */
static unsigned first_reaching(const struct ranges *s, seq_t point)
{
    unsigned i = s->count;
    while (i > 0 && seq_ge(s->at[i - 1].right, point))
        i--;
    return i;
}

static void remove_some(struct ranges *s, unsigned from, unsigned count)
{
    memmove(&s->at[from], &s->at[from + count], (s->count - from - count) * sizeof s->at[0]);
    s->count = (uint16_t)(s->count - count);
}

bool ranges_add(struct ranges *s, seq_t left, seq_t right)
{
    if (seq_ge(left, right))
        return true;
    unsigned first = first_reaching(s, left), end = first;
    while (end < s->count && seq_le(s->at[end].left, right))
        end++;

    if (first == end) {
        if (s->count == RANGES_MOST)
            return false;
        memmove(&s->at[first + 1], &s->at[first], (s->count - first) * sizeof s->at[0]);
        s->count++;
        s->at[first] = (struct range){ left, right };
    } else {
        s->at[first].left = seq_min(s->at[first].left, left);
        s->at[first].right = seq_max(s->at[end - 1].right, right);
        remove_some(s, first + 1, end - first - 1);
    }
    s->newest = (uint16_t)first;
    return true;
}

void ranges_cut(struct ranges *s, seq_t edge)
{
    unsigned gone = 0;
    while (gone < s->count && seq_le(s->at[gone].right, edge))
        gone++;
    if (gone > 0) {
        remove_some(s, 0, gone);
        s->newest = (uint16_t)(s->newest > gone ? s->newest - gone : 0);
    }
    if (s->count > 0 && seq_lt(s->at[0].left, edge))
        s->at[0].left = edge;
}

bool ranges_has(const struct ranges *s, seq_t left, seq_t right)
{
    if (seq_ge(left, right))
        return true;
    unsigned i = first_reaching(s, right);
    return i < s->count && seq_le(s->at[i].left, left);
}
