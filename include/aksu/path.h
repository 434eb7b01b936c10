/* path.h - a one-way path for frames, made of nodes that delay, limit, lose, reorder, repeat,
 * damage, mark and cut. Time is an argument, virtual or real; all that is random comes from the
 * seed: the same frames at the same times give the same frames at the same times. */
#ifndef AKSU_PATH_H
#define AKSU_PATH_H

#include "aksu/stack.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a node does to the frames that reach it, in the order of the nodes. */
enum aksu_path_kind {
    AKSU_PATH_DELAY,        /* each frame takes delay - jitter .. delay + jitter, evenly spread;
                               with in_order none overtakes another */
    AKSU_PATH_RATE,         /* a link of `rate` with a queue of `limit`, the last ones are dropped;
                               with codel also by RFC 8289 */
    AKSU_PATH_LOSS,         /* each frame is lost with `chance` */
    AKSU_PATH_BURSTS,       /* Gilbert-Elliott: before each frame good turns bad with to_bad, bad
                               good with to_good; lost with `chance` when good, else chance_bad */
    AKSU_PATH_LOSE_DATA,    /* TCP segments with text are counted from 1: those in nth[] are lost */
    AKSU_PATH_LOSE_IF,      /* lost when lose_if says so */
    AKSU_PATH_REORDER,      /* with `chance` a frame is held for `delay`: others overtake it */
    AKSU_PATH_DUPLICATE,    /* with `chance` a frame passes twice */
    AKSU_PATH_CORRUPT,      /* with `chance` one bit of the IP packet is turned over. A checksum
                               left to a device is computed before; what carries no IP passes */
    AKSU_PATH_MTU,          /* packets longer than `mtu` vanish (a black hole); with `tell` an ICMP
                               or ICMPv6 message says it: aksu_path_reply */
    AKSU_PATH_MARK,         /* with `chance` an ECN-capable packet is marked CE (RFC 3168 5) */
    AKSU_PATH_CUT           /* nothing passes during any of the `cuts` */
};

/* A chance is in parts of 2^32; 2^32 is always. AKSU_PATH_CHANCE(1, 100) is one per cent. */
#define AKSU_PATH_ALWAYS (UINT64_C(1) << 32)
#define AKSU_PATH_CHANCE(of, parts) ((uint64_t)(of) * AKSU_PATH_ALWAYS / (uint64_t)(parts))

/* From `from` until just before `until`. */
struct aksu_path_cut {
    aksu_time from, until;
};

/* `frame`: what is on the wire; `passed`: how many this node has been asked about before. */
typedef bool aksu_path_lose_if(void *context, const uint8_t *frame, uint32_t length,
                               uint64_t passed);

/* Fields that the kind does not name are not looked at. Arrays are copied. */
struct aksu_path_node {
    enum aksu_path_kind kind;
    uint64_t chance, chance_bad, to_bad, to_good;
    aksu_time delay;
    aksu_time jitter;           /* at most `delay` */
    bool in_order;
    bool codel;
    bool codel_marks;           /* CoDel marks what is ECN-capable instead of dropping it */
    aksu_time target, interval; /* of CoDel [5 ms, 100 ms] */
    uint64_t rate;              /* bits of frames per second, 1..10^12 */
    uint32_t limit;             /* octets that may wait, without the frame that is being sent;
                                   0: as many as memory holds */
    uint32_t mtu;               /* of the IP packet */
    bool tell;
    struct aksu_ip router;      /* who tells; unspecified: the destination of the packet */
    const uint64_t *nth;
    uint32_t nths;
    uint32_t cuts;
    const struct aksu_path_cut *cut;
    aksu_path_lose_if *lose_if;
    void *context;
};

/* Flags of a path. */
enum { AKSU_PATH_BARE_IP = 1,   /* frames are IP packets; else Ethernet II */
       AKSU_PATH_WHOLE = 2 };   /* large segments pass as they are; else they are cut on entry */
enum { AKSU_PATH_NODES = 64 };

struct aksu_path;

/* A path of `count` nodes; with none all frames pass at once. NULL: no memory, or a node whose
 * values are out of range. The only allocations are here, in aksu_path_set, and when more frames
 * are under way than ever before. */
AKSU_API struct aksu_path *aksu_path_new(const struct aksu_path_node *nodes, unsigned count,
                                         uint64_t seed, unsigned flags);
AKSU_API void aksu_path_free(struct aksu_path *path);

/* A frame enters and is copied. A large segment (gso_size) enters as its pieces. A checksum that
 * was left to a device (checksum_partial) stays so on the way, unless a node damages the frame.
 * Time must not go back. False: not all of it found memory; the rest counts as queue_dropped. */
AKSU_API bool aksu_path_put(struct aksu_path *path, const struct aksu_frame *frame, aksu_time now);

/* What has come out by `now`, in the order of the times at which it did: up to `most` frames of
 * one part each, borrowed until the next aksu_path_put, _take, _get, _set or _free of this path.
 * Returns how many. */
AKSU_API unsigned aksu_path_take(struct aksu_path *path, struct aksu_frame *out, unsigned most,
                                 aksu_time now);
/* One of them; false: none. */
AKSU_API bool aksu_path_get(struct aksu_path *path, struct aksu_frame *out, aksu_time now);
/* No frame or reply comes out before this; AKSU_NEVER when nothing is under way. What happens
 * inside happens at its time, however late it is asked for. */
AKSU_API aksu_time aksu_path_next(const struct aksu_path *path);

/* The next message of an MTU node to who sent the packet (the way back is the caller's business),
 * borrowed until the next aksu_path_reply or _free of this path. False: none. */
AKSU_API bool aksu_path_reply(struct aksu_path *path, struct aksu_frame *out);

/* New values for a node, of the kind that it is; they hold for what reaches it from now on. The
 * node's own state (queue, counts, its place in the random sequence) stays. False: no memory, or
 * the values are out of range; then all is as before. */
AKSU_API bool aksu_path_set(struct aksu_path *path, unsigned node,
                            const struct aksu_path_node *values, aksu_time now);

struct aksu_path_counts {
    uint64_t in, out;           /* frames; a large segment counts as its pieces */
    uint64_t lost;              /* by LOSS, BURSTS, LOSE_DATA and LOSE_IF */
    uint64_t queue_dropped;     /* by RATE, its limit or CoDel; or there was no memory */
    uint64_t duplicated, corrupted, marked, cut, too_big;
    uint64_t reordered;         /* came out behind one that had entered later (RFC 4737 3.3) */
    uint64_t octets_in, octets_out;
    uint32_t queued_octets, queued_frames;      /* wait in RATE nodes, or are being sent */
    uint32_t frames;                            /* under way, anywhere */
};
AKSU_API void aksu_path_counts(const struct aksu_path *path, struct aksu_path_counts *out);

#ifdef __cplusplus
}
#endif
#endif
