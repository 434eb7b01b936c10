/* fast_open.c - listeners that take text from SYNs (RFC 7413 4.2, 5.1): whose, how many at a time,
 * and how long those that were reset go on counting. Called by tcp_input.c and settle.c. */
#include "stack/gro.h"

/* RFC 7413 5.1: "until a timeout period has passed": one or two of these. */
enum { RESET_SECONDS = 60 };

static void age(struct listener *l, aksu_time now)
{
    aksu_time gone = now - l->resets_from;
    if (gone < SECONDS(RESET_SECONDS))
        return;
    bool both = gone >= SECONDS(2 * RESET_SECONDS);
    l->fast_open_resets[1] = both ? 0 : l->fast_open_resets[0];
    l->fast_open_resets[0] = 0;
    l->resets_from = both ? now : l->resets_from + SECONDS(RESET_SECONDS);
}

/* RFC 7413 4.2: "the server MUST disable TFO for all new connection requests". */
static bool too_many(struct listener *l, aksu_time now)
{
    age(l, now);
    return (uint64_t)l->fast_open_pending + l->fast_open_resets[0] + l->fast_open_resets[1]
        >= l->fast_open;
}

static void accept_text(struct listener *l, struct conn *c, const struct tcp_segment *syn,
                        aksu_time now)
{
    tcp_fast_open_accept(&c->tcp, syn, now);
    c->fast_open_pending = true;
    l->fast_open_pending++;
}

static void refuse(struct aksu *net, const struct conn *c, const char *why, aksu_time now)
{
    const struct tcp_tuple *tuple = &c->tcp.tuple;
    EMIT(&net->events, c->tcp.conn, now, fast_open_refused,
         .remote = { tuple->remote_ip, tuple->remote_port }, .why = why);
}

static bool is_good(const struct listener *l, const struct tcp_segment *syn,
                    enum fast_open_says says)
{
    return says == FAST_OPEN_VALID || says == FAST_OPEN_OLD
        || (l->fast_open_no_cookie && syn->text_len > 0);
}

bool stack_fast_open_takes(const struct aksu *net, struct listener *l, const struct arriving *a,
                           aksu_time now)
{
    if (l->fast_open == 0 || a->ao != 0)        /* a signed SYN can be played again */
        return false;
    enum fast_open_says says = fast_open_says(&net->tcp.fast_open, &a->tuple, &a->seg.options, now);
    return is_good(l, &a->seg, says) && !too_many(l, now);
}

void stack_fast_open(struct aksu *net, struct listener *l, struct conn *c,
                     const struct tcp_segment *syn, aksu_time now)
{
    if (l->fast_open == 0 || c->tcp.ao != 0)
        return;
    enum fast_open_says says = fast_open_says(&net->tcp.fast_open, &c->tcp.tuple, &syn->options,
                                              now);
    bool good = is_good(l, syn, says);
    if (!good && says == FAST_OPEN_ABSENT)
        return;
    if (too_many(l, now)) {
        refuse(net, c, "too many are pending", now);
        return;
    }
    if (good)
        accept_text(l, c, syn, now);
    else if (says == FAST_OPEN_INVALID)
        refuse(net, c, "not a cookie of ours, or an old one", now);
    if (says != FAST_OPEN_VALID && says != FAST_OPEN_ABSENT)
        tcp_fast_open_grant(&c->tcp, syn->options.fast_open_experiment, now);
}

void stack_fast_open_progress(struct aksu *net, struct conn *c, aksu_time now)
{
    const struct tcp *t = &c->tcp;
    bool over = t->state == TCP_CLOSED || t->state == TCP_LISTEN;
    if (!t->syn_acked && !over)
        return;
    struct listener *l = listener_at(&net->listeners, c->listener);
    c->fast_open_pending = false;
    l->fast_open_pending--;
    age(l, now);
    if (!t->syn_acked && t->reason == AKSU_RESET)
        l->fast_open_resets[0]++;
    if (c->list != LIST_ACCEPT)
        stack_leave_listener(net, c);
}
