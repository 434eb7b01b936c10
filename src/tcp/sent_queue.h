/* sent_queue.h - the scoreboard: what was sent and is not yet acknowledged cumulatively, as runs of
 * octets that share a fate and a time of transmission (RFC 6675 3, RFC 8985 5.2). Ordered by
 * sequence number, and those that wait for an answer by time too. Called by recovery*.c, output.c
 * and the loss detectors behind loss.h. */
#ifndef TCP_SENT_QUEUE_H
#define TCP_SENT_QUEUE_H

#include "base/pool.h"
#include "base/seq.h"
#include "base/time.h"

enum sent_state { SENT_WAITING, SENT_SACKED, SENT_LOST /* deemed lost and not sent again yet */ };

/* Runs of one connection: so many in any case, and as many as there are pieces of 512 octets, up to
 * what 64 MiB in segments of an Ethernet make; crumbs that a peer SACKs cost no more memory than
 * that. The last ones are for what is sent again, or a run longer than a segment could never leave
 * once the others are used up. */
enum { SENT_CRUMBS = 8192, SENT_PIECE = 512, SENT_MOST = 65536, SENT_KEPT = 1024 };
/* Runs that are looked at on the word of one segment, or of one message about it. */
enum { SENT_STEPS = 2048 };

struct sent_run {
    struct sent_run *next, *prev;           /* by sequence number */
    struct sent_run *later, *earlier;       /* by `at`, the ones that wait */
    seq_t left, right;                  /* [left, right); a FIN counts one */
    aksu_time at;                       /* when it was last sent, RFC 8985 5.2: Segment.xmit_ts */
    uint32_t delivered;                 /* what rate.c wants to know of that moment */
    uint32_t delivered_us, first_us;
    uint8_t state;                      /* enum sent_state */
    uint8_t times;                      /* sent again, so many times (255: or more) */
    bool app_limited;
};

struct sent_queue {
    struct sent_run *first, *last, *oldest, *newest;
    struct sent_run *top;                   /* the highest SACK, when there is one */
    struct sent_run *hint;                  /* near the last one below, of what was sent again */
    struct sent_run *lost_hint;             /* at or before the first run that is lost */
    struct sent_run *once_hint;             /* before it all was sent again, as far as loss_sack.c
                                               has looked; NULL: nowhere */
    struct slab *slab;                  /* objects of sizeof(struct sent_run) */
    uint32_t octets, sacked, lost;      /* of all runs, and of those in these states */
    uint32_t count;
    bool own_used;
    struct sent_run own;                    /* so that one run needs no memory */
};

static inline uint32_t sent_length(const struct sent_run *s)
{
    return (uint32_t)seq_diff(s->right, s->left);
}
/* RFC 6675 4 (SetPipe): what is still in the network. */
static inline uint32_t sent_pipe(const struct sent_queue *q)
{
    return q->octets - q->sacked - q->lost;
}
/* No run is split for the sake of a SACK any more, and new text joins the last run. */
static inline bool sent_full(const struct sent_queue *q)
{
    return q->count >= SENT_CRUMBS - SENT_KEPT
        && (q->count >= q->octets / SENT_PIECE || q->count >= SENT_MOST - SENT_KEPT);
}
/* RFC 8985 6.2: was (a, a_end) sent after (b, b_end)? */
static inline bool sent_after(aksu_time a, seq_t a_end, aksu_time b, seq_t b_end)
{
    return a > b || (a == b && seq_gt(a_end, b_end));
}

void sent_init(struct sent_queue *q, struct slab *slab);
void sent_clear(struct sent_queue *q);
/* New text leaves: [left, right) follows what is there. Returns its run, which may hold more that
 * left at the same time; NULL: no memory, and it must not leave. */
struct sent_run *sent_append(struct sent_queue *q, seq_t left, seq_t right, aksu_time now);
/* `s` keeps [left, at), what follows is a run of its own. False: no memory, nothing changed. */
bool sent_split(struct sent_queue *q, struct sent_run *s, seq_t at);
/* The run behind `s` is in the same state and becomes part of it. */
void sent_absorb_next(struct sent_queue *q, struct sent_run *s);
void sent_mark_lost(struct sent_queue *q, struct sent_run *s);      /* one that waits */
void sent_mark_sacked(struct sent_queue *q, struct sent_run *s);
/* `s` leaves once more. */
void sent_again(struct sent_queue *q, struct sent_run *s, aksu_time now);
/* The first run has been acknowledged, all of it, or up to `ack`. */
void sent_remove_first(struct sent_queue *q);
void sent_trim_first(struct sent_queue *q, seq_t ack);
/* A SACKed run joins its neighbours that are SACKed too. Returns what `s` has become. */
struct sent_run *sent_join(struct sent_queue *q, struct sent_run *s);
/* The lowest run that is lost; NULL: none. */
struct sent_run *sent_first_lost(struct sent_queue *q);
/* The run that `seq` lies in, searched from the nearest known place, in at most *steps steps, which
 * are counted down; NULL: not found. */
struct sent_run *sent_find(struct sent_queue *q, seq_t seq, uint32_t *steps);
/* Nothing was lost after all: it waits as before. */
void sent_unmark_lost(struct sent_queue *q);
/* What was SACKed waits again: the peer may have thrown it away (RFC 2018 8). */
void sent_forget_sacks(struct sent_queue *q);

#endif
