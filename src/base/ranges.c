/* ranges.c - an ordered set of ranges of sequence numbers (RFC 2018 4). A small set is one array. A
 * large one is an array of leaves, each a page of ranges that begin anywhere in it, so that what
 * leaves at the front moves nothing. Two neighbouring leaves are never so empty that one would do
 * comfortably: RANGES_MOST ranges need fewer leaves than there are entries for.
 * Called by tcp's reassembly and ip's. */
#include "base/bytes.h"
#include "base/check.h"
#include "base/ranges.h"

enum { LEAF_MOST = (POOL_PAGE - 4) / (int)sizeof(struct range), COMFORTABLE = LEAF_MOST * 3 / 4 };

struct leaf {
    uint16_t first, count;      /* at[first] to at[first + count - 1] */
    struct range at[LEAF_MOST];
};
_Static_assert(sizeof(struct leaf) <= POOL_PAGE, "a leaf is a page");
_Static_assert(2 * RANGES_MOST / COMFORTABLE + 2 <= RANGES_SMALL, "the leaves have their entries");

/* A place in the set: a range, or behind the last one of its leaf. Of a small set the leaf is 0. */
struct place {
    uint32_t leaf, index;
};

static struct leaf *leaf_at(const struct ranges *s, const struct pool *p, uint32_t leaf)
{
    return (void *)pool_page(p, s->leaf[leaf].page);
}

static uint32_t leaf_count(const struct ranges *s, const struct pool *p, uint32_t leaf)
{
    return s->leaves == 0 ? s->count : leaf_at(s, p, leaf)->count;
}

static const struct range *ranges_of(const struct ranges *s, const struct pool *p, uint32_t leaf)
{
    const struct leaf *l = s->leaves == 0 ? NULL : leaf_at(s, p, leaf);
    return l == NULL ? s->at : l->at + l->first;
}

static bool is_there(const struct ranges *s, const struct pool *p, struct place at)
{
    return at.index < leaf_count(s, p, at.leaf);
}

/* NULL behind the last range. */
static struct range *range_at(struct ranges *s, struct pool *p, struct place at)
{
    return is_there(s, p, at) ? (struct range *)ranges_of(s, p, at.leaf) + at.index : NULL;
}

/* How many of `count` ranges begin at or before `point`. */
static uint32_t begun(const struct range *at, uint32_t count, seq_t point)
{
    uint32_t low = 0;
    while (low < count) {
        uint32_t middle = (low + count) / 2;
        if (seq_le(at[middle].left, point))
            low = middle + 1;
        else
            count = middle;
    }
    return low;
}

/* The last leaf that begins at or before `point`, or the first one. */
static uint32_t leaf_for(const struct ranges *s, seq_t point)
{
    uint32_t low = 1, high = s->leaves;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (seq_le(s->leaf[middle].left, point))
            low = middle + 1;
        else
            high = middle;
    }
    return low - 1;
}

/* The first range that ends at or after `point`, or where it would be inserted. */
static struct place first_reaching(const struct ranges *s, const struct pool *p, seq_t point)
{
    struct place at = { s->leaves > 1 ? leaf_for(s, point) : 0, 0 };
    const struct range *r = ranges_of(s, p, at.leaf);
    uint32_t count = leaf_count(s, p, at.leaf);
    at.index = begun(r, count, point);
    if (at.index > 0 && seq_ge(r[at.index - 1].right, point))
        at.index--;
    if (at.index == count && at.leaf + 1 < s->leaves && count > 0)
        at = (struct place){ at.leaf + 1, 0 };
    return at;
}

static void name_leaf(struct ranges *s, struct pool *p, uint32_t leaf)
{
    if (s->leaves > 0)
        s->leaf[leaf].left = ranges_of(s, p, leaf)->left;
}

/* --- leaves come and go --- */

static bool new_leaf(struct ranges *s, struct pool *p, uint32_t leaf)
{
    page_ref page = s->leaves < RANGES_SMALL && p != NULL ? pool_take(p) : 0;
    if (page == 0)
        return false;
    memmove(&s->leaf[leaf + 1], &s->leaf[leaf], (s->leaves - leaf) * sizeof s->leaf[0]);
    s->leaf[leaf].page = page;
    s->leaves++;
    struct leaf *l = leaf_at(s, p, leaf);
    l->first = l->count = 0;
    return true;
}

static void drop_leaf(struct ranges *s, struct pool *p, uint32_t leaf)
{
    pool_give(p, s->leaf[leaf].page);
    s->leaves--;
    memmove(&s->leaf[leaf], &s->leaf[leaf + 1], (s->leaves - leaf) * sizeof s->leaf[0]);
}

/* A small set becomes one leaf. */
static bool grow(struct ranges *s, struct pool *p)
{
    struct range kept[RANGES_SMALL];
    uint16_t count = s->count;
    memcpy(kept, s->at, sizeof kept);
    if (!new_leaf(s, p, 0))
        return false;
    struct leaf *l = leaf_at(s, p, 0);
    memcpy(l->at, kept, count * sizeof kept[0]);
    l->count = count;
    name_leaf(s, p, 0);
    return true;
}

static void shrink(struct ranges *s, struct pool *p)
{
    page_ref page = s->leaf[0].page;
    memcpy(s->at, ranges_of(s, p, 0), s->count * sizeof s->at[0]);
    s->leaves = 0;
    pool_give(p, page);
}

/* The ranges of a leaf from `index` on go to a new one behind it. */
static bool split(struct ranges *s, struct pool *p, uint32_t leaf, uint32_t index)
{
    if (!new_leaf(s, p, leaf + 1))
        return false;
    struct leaf *l = leaf_at(s, p, leaf), *next = leaf_at(s, p, leaf + 1);
    next->count = (uint16_t)(l->count - index);
    memcpy(next->at, l->at + l->first + index, next->count * sizeof next->at[0]);
    l->count = (uint16_t)index;
    if (next->count > 0)
        name_leaf(s, p, leaf + 1);
    return true;
}

/* Two neighbours that are comfortable in one. */
static void join(struct ranges *s, struct pool *p, uint32_t leaf)
{
    if (leaf + 1 >= s->leaves)
        return;
    struct leaf *l = leaf_at(s, p, leaf), *next = leaf_at(s, p, leaf + 1);
    if (l->count + next->count > COMFORTABLE)
        return;
    memmove(l->at, l->at + l->first, l->count * sizeof l->at[0]);
    memcpy(l->at + l->count, next->at + next->first, next->count * sizeof l->at[0]);
    l->first = 0;
    l->count = (uint16_t)(l->count + next->count);
    drop_leaf(s, p, leaf + 1);
    name_leaf(s, p, leaf);
}

/* Ranges were taken out of this leaf. */
static void settle(struct ranges *s, struct pool *p, uint32_t leaf)
{
    if (s->leaves == 0)
        return;
    if (leaf_at(s, p, leaf)->count == 0) {
        drop_leaf(s, p, leaf);
    } else {
        name_leaf(s, p, leaf);
        join(s, p, leaf);
    }
    if (leaf > 0)
        join(s, p, leaf - 1);
    if (s->leaves == 1 && s->count <= RANGES_SMALL / 2)
        shrink(s, p);
}

/* --- ranges come and go --- */

/* Opens a gap for one range. The leaf has room. */
static void insert(struct ranges *s, struct pool *p, struct place at, struct range new)
{
    struct range *r = s->at;
    uint32_t behind = s->count - at.index;
    if (leaf_count(s, p, at.leaf) == (s->leaves == 0 ? (uint32_t)RANGES_SMALL : LEAF_MOST))
        bug("ranges_add: ranges_room was asked");
    s->count++;
    if (s->leaves > 0) {
        struct leaf *l = leaf_at(s, p, at.leaf);
        if (l->first + l->count == LEAF_MOST) {
            memmove(l->at, l->at + l->first, l->count * sizeof l->at[0]);
            l->first = 0;
        }
        r = l->at + l->first;
        behind = l->count - at.index;
        l->count++;
    }
    memmove(r + at.index + 1, r + at.index, behind * sizeof *r);
    r[at.index] = new;
    name_leaf(s, p, at.leaf);
}

static void remove_some(struct ranges *s, struct pool *p, struct place at, uint32_t count)
{
    if (s->leaves > 0) {
        struct leaf *l = leaf_at(s, p, at.leaf);
        struct range *r = l->at + l->first;
        l->count = (uint16_t)(l->count - count);
        if (at.index == 0)
            l->first = (uint16_t)(l->first + count);
        else
            memmove(r + at.index, r + at.index + count, (l->count - at.index) * sizeof *r);
    }
    s->count = (uint16_t)(s->count - count);
    if (s->leaves == 0)
        memmove(&s->at[at.index], &s->at[at.index + count],
                (s->count - at.index) * sizeof s->at[0]);
}

/* The ranges behind `at` that [.., right) touches become part of the one at `at`. They may go on in
 * the next leaves. */
static void swallow(struct ranges *s, struct pool *p, struct place at, seq_t right)
{
    struct range *whole = range_at(s, p, at);
    whole->right = seq_max(whole->right, right);
    struct place next = { at.leaf, at.index + 1 };
    while (next.leaf == 0 || next.leaf < s->leaves) {
        const struct range *r = ranges_of(s, p, next.leaf) + next.index;
        uint32_t left = leaf_count(s, p, next.leaf) - next.index;
        uint32_t gone = begun(r, left, right);
        if (gone > 0) {
            whole->right = seq_max(whole->right, r[gone - 1].right);
            remove_some(s, p, next, gone);
        }
        bool all = gone == left;
        if (next.leaf != at.leaf && all && s->leaves > 0)
            drop_leaf(s, p, next.leaf);
        else if (!all || ++next.leaf >= s->leaves)
            break;
        next.index = 0;
    }
    if (next.leaf != at.leaf && next.leaf < s->leaves)
        settle(s, p, next.leaf);
    settle(s, p, at.leaf);
}

static bool touches(struct ranges *s, struct pool *p, struct place at, seq_t right)
{
    const struct range *r = range_at(s, p, at);
    return r != NULL && seq_le(r->left, right);
}

bool ranges_room(struct ranges *s, struct pool *p, seq_t left, seq_t right)
{
    struct place at = first_reaching(s, p, left);
    if (touches(s, p, at, right))
        return true;
    if (s->count >= RANGES_MOST)
        return false;
    if (s->leaves == 0)
        return s->count < RANGES_SMALL || grow(s, p);
    uint32_t count = leaf_count(s, p, at.leaf);
    if (count < LEAF_MOST)
        return true;
    /* What grows at its end fills its leaves; the last range stays to say where the next begins. */
    bool at_end = at.leaf + 1u == s->leaves && at.index == count;
    if (!split(s, p, at.leaf, at_end ? count - 1 : count / 2))
        return false;
    join(s, p, at.leaf + 1);
    if (at.leaf > 0)
        join(s, p, at.leaf - 1);
    return true;
}

struct range ranges_add(struct ranges *s, struct pool *p, seq_t left, seq_t right)
{
    struct place at = first_reaching(s, p, left);
    if (!touches(s, p, at, right)) {
        insert(s, p, at, (struct range){ left, right });
        return (struct range){ left, right };
    }
    struct range *r = range_at(s, p, at);
    if (seq_lt(left, r->left)) {
        r->left = left;
        name_leaf(s, p, at.leaf);
    }
    if (seq_gt(right, r->right))
        swallow(s, p, at, right);
    return ranges_after(s, p, left);
}

void ranges_cut(struct ranges *s, struct pool *p, seq_t edge)
{
    for (;;) {
        const struct range *r = ranges_of(s, p, 0);
        uint32_t count = leaf_count(s, p, 0), gone = begun(r, count, edge);
        if (gone > 0 && seq_gt(r[gone - 1].right, edge))
            gone--;
        if (gone > 0)
            remove_some(s, p, (struct place){ 0, 0 }, gone);
        if (gone < count || s->leaves < 2)
            break;
        drop_leaf(s, p, 0);
    }
    struct range *first = range_at(s, p, (struct place){ 0, 0 });
    if (first != NULL && seq_lt(first->left, edge))
        first->left = edge;
    settle(s, p, 0);
}

void ranges_clear(struct ranges *s, struct pool *p)
{
    while (s->leaves > 0)
        drop_leaf(s, p, 0);
    s->count = 0;
}

struct range ranges_after(const struct ranges *s, const struct pool *p, seq_t point)
{
    struct place at = first_reaching(s, p, seq_add(point, 1));
    if (!is_there(s, p, at))
        return (struct range){ point, point };
    return ranges_of(s, p, at.leaf)[at.index];
}

struct range ranges_from_end(const struct ranges *s, const struct pool *p, uint32_t nth)
{
    uint32_t leaf = s->leaves > 0 ? s->leaves - 1u : 0, count = leaf_count(s, p, leaf);
    while (nth >= count && leaf > 0) {
        nth -= count;
        count = leaf_count(s, p, --leaf);
    }
    if (nth >= count)
        bug("ranges_from_end: one of those that are there");
    return ranges_of(s, p, leaf)[count - 1 - nth];
}

bool ranges_has(const struct ranges *s, const struct pool *p, seq_t left, seq_t right)
{
    struct range r = ranges_after(s, p, left);
    return seq_ge(left, right) || (seq_le(r.left, left) && seq_ge(r.right, right));
}
