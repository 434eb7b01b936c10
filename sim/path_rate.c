/* path_rate.c - a link that sends one frame at a time, at its rate, and the queue in front of it.
 * Called by path_node.c. */
#include "sim/path_inner.h"

static const uint64_t SECOND = 1000000000u;

struct flight *path_waiting_take(struct path_node *n)
{
    struct flight *f = flight_take(&n->waiting);
    if (f) {
        n->waiting_octets -= f->length;
        n->waiting_frames--;
    }
    return f;
}

/* How long it takes; what is less than a nanosecond is not forgotten while frames follow. */
static aksu_time sending_time(struct path_node *n, uint32_t length)
{
    uint64_t parts = (uint64_t)length * 8 * SECOND + n->fraction;
    n->fraction = parts % n->is.rate;
    return parts / n->is.rate;
}

static void send_next(struct aksu_path *p, struct path_node *n, aksu_time at)
{
    n->sending = n->is.codel ? path_codel_take(p, n, at) : path_waiting_take(n);
    if (n->sending) {
        n->due = at + sending_time(n, n->sending->length);
    } else {
        n->due = AKSU_NEVER;
        n->fraction = 0;
    }
}

void path_rate_enter(struct aksu_path *p, struct path_node *n, struct flight *f, aksu_time at)
{
    if (n->sending && n->is.limit > 0
        && (uint64_t)n->waiting_octets + f->length > n->is.limit) {
        path_drop(p, f, &p->counts.queue_dropped);
        return;
    }
    f->at = at;
    flight_append(&n->waiting, f);
    n->waiting_octets += f->length;
    n->waiting_frames++;
    if (!n->sending)
        send_next(p, n, at);
}

struct flight *path_rate_leave(struct aksu_path *p, struct path_node *n)
{
    struct flight *f = n->sending;
    send_next(p, n, n->due);
    return f;
}
