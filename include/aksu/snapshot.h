/* snapshot.h - a stack as a value: copied out, and later put back to go on from there as often as
 * one likes. A stack is one region of memory, so both are copies of what it has ever touched of
 * that region; a small stack (max_connections, memory_limit) has small snapshots. */
#ifndef AKSU_SNAPSHOT_H
#define AKSU_SNAPSHOT_H

#include "aksu/stack.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Octets that a snapshot taken now needs. It grows with the most memory that the stack has ever
 * used, and is smaller again after aksu_restore of an earlier one. */
AKSU_API size_t aksu_snapshot_size(const struct aksu *net);
/* Copies the stack into the caller's `buffer` of `size` octets (any alignment), which is his and
 * may be copied. NO_RESOURCES: it is smaller than aksu_snapshot_size. Not between aksu_reserve and
 * aksu_commit, nor while a frame out is borrowed. */
AKSU_API enum aksu_status aksu_snapshot(const struct aksu *net, void *buffer, size_t size);
/* Puts back what aksu_snapshot copied out of this stack: connections, text, timers, counters, and
 * the random numbers that come next. With the same calls, frames and times it does the same again,
 * octet for octet; `now` may be what it was then. The sink and the memory stay those of the stack.
 * What was borrowed is lost; handles are those of then, and one that was given out after the
 * snapshot must be forgotten: it may come to name something else. INVALID, and nothing has changed:
 * the snapshot is of another stack, or shorter than it was. */
AKSU_API enum aksu_status aksu_restore(struct aksu *net, const void *buffer, size_t size);

/* A digest of all that decides what the stack will do. Two moments of one stack with the same
 * digest have the same future; not in it are counters, and memory that is not in use. It depends on
 * where the stack lies: good for comparing within one process. */
AKSU_API void aksu_snapshot_digest(const struct aksu *net, uint64_t out[2]);

#ifdef __cplusplus
}
#endif
#endif
