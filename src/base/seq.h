/* seq.h - sequence numbers, modulo 2^32 (RFC 9293 3.4). A struct, so that '<' does not compile. */
#ifndef BASE_SEQ_H
#define BASE_SEQ_H

#include <stdbool.h>
#include <stdint.h>

typedef struct { uint32_t n; } seq_t;

static inline seq_t seq_of(uint32_t n) { return (seq_t){ n }; }
static inline seq_t seq_add(seq_t a, uint32_t d) { return (seq_t){ a.n + d }; }
static inline seq_t seq_sub(seq_t a, uint32_t d) { return (seq_t){ a.n - d }; }
static inline int32_t seq_diff(seq_t a, seq_t b) { return (int32_t)(a.n - b.n); }
static inline bool seq_eq(seq_t a, seq_t b) { return a.n == b.n; }
static inline bool seq_lt(seq_t a, seq_t b) { return seq_diff(a, b) < 0; }
static inline bool seq_le(seq_t a, seq_t b) { return seq_diff(a, b) <= 0; }
static inline bool seq_gt(seq_t a, seq_t b) { return seq_diff(a, b) > 0; }
static inline bool seq_ge(seq_t a, seq_t b) { return seq_diff(a, b) >= 0; }
static inline seq_t seq_max(seq_t a, seq_t b) { return seq_gt(a, b) ? a : b; }
static inline seq_t seq_min(seq_t a, seq_t b) { return seq_lt(a, b) ? a : b; }

#endif
