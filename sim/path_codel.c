/* path_codel.c - the Controlled Delay queue of RFC 8289 5, with marks instead of drops where asked
 * for (RFC 3168 5). The square root is one of integers. Called by path_rate.c. */
#include "sim/path_inner.h"

enum { RECENT = 16 };           /* intervals: a state left so lately goes on where it was */

/* The integer square root of v. */
static uint64_t root(uint64_t v)
{
    uint64_t r = 0;
    for (uint64_t bit = UINT64_C(1) << 62; bit > 0; bit >>= 2) {
        if (v >= r + bit) {
            v -= r + bit;
            r = (r >> 1) + bit;
        } else {
            r >>= 1;
        }
    }
    return r;
}

/* RFC 8289 5.6: t + INTERVAL / sqrt(count), the root in parts of 2^16. */
static aksu_time control_law(const struct path_node *n, aksu_time t, uint32_t count)
{
    return t + (n->is.interval << 16) / root((uint64_t)count << 32);
}

/* RFC 8289 5.6: the next frame, and whether it has waited too long for too long. */
static struct flight *next(struct path_node *n, aksu_time at, bool *may_drop)
{
    struct path_codel *c = &n->codel;
    struct flight *f = path_waiting_take(n);
    *may_drop = false;
    if (f && f->length > c->longest)
        c->longest = f->length;
    if (!f || at - f->at < n->is.target || n->waiting_octets <= c->longest)
        c->first_above = 0;
    else if (c->first_above == 0)
        c->first_above = at + n->is.interval;
    else
        *may_drop = at >= c->first_above;
    return f;
}

/* True: marked, and it may be sent. Else it is gone. */
static bool mark_or_drop(struct aksu_path *p, const struct path_node *n, struct flight *f)
{
    if (n->is.codel_marks && path_mark(p, f)) {
        p->counts.marked++;
        return true;
    }
    path_drop(p, f, &p->counts.queue_dropped);
    return false;
}

static struct flight *while_dropping(struct aksu_path *p, struct path_node *n, struct flight *f,
                                     bool may_drop, aksu_time at)
{
    struct path_codel *c = &n->codel;
    bool marked = false;
    c->dropping = may_drop;
    while (c->dropping && !marked && at >= c->drop_next) {
        marked = mark_or_drop(p, n, f);
        c->count++;
        if (!marked) {
            f = next(n, at, &may_drop);
            c->dropping = may_drop;
        }
        if (c->dropping)
            c->drop_next = control_law(n, c->drop_next, c->count);
    }
    return f;
}

static struct flight *begin_dropping(struct aksu_path *p, struct path_node *n, struct flight *f,
                                     aksu_time at)
{
    struct path_codel *c = &n->codel;
    uint32_t delta = c->count - c->last_count;
    bool ignored;
    if (!mark_or_drop(p, n, f))
        f = next(n, at, &ignored);
    c->dropping = true;
    c->count = 1;
    if (delta > 1 && at < c->drop_next + RECENT * n->is.interval)
        c->count = delta;
    c->drop_next = control_law(n, at, c->count);
    c->last_count = c->count;
    return f;
}

/* RFC 8289 5.5. */
struct flight *path_codel_take(struct aksu_path *p, struct path_node *n, aksu_time at)
{
    bool may_drop;
    struct flight *f = next(n, at, &may_drop);
    if (n->codel.dropping)
        return while_dropping(p, n, f, may_drop, at);
    return may_drop ? begin_dropping(p, n, f, at) : f;
}
