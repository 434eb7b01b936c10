/* cc_curve.h - the window function of CUBIC (RFC 9438 4.2) in integers: W_cubic(t) = C (t - K)^3 +
 * W_max with C = 0.4 segments per cubic second. Windows are octets. Times are ticks of 2^-16 s:
 * fine enough for a hundredth of a segment where the curve is steepest, coarse enough for a cube in
 * 64 bits. What takes longer than 1024 s saturates. */
#ifndef TCP_CC_CURVE_H
#define TCP_CC_CURVE_H

#include "base/time.h"

enum { CC_CURVE_SECOND = 1 << 16, CC_CURVE_FAR = 1 << 26 };     /* ticks; 1024 s */

/* At most CC_CURVE_FAR. */
uint32_t cc_curve_ticks(aksu_time duration);

/* K: how long the curve takes to climb `below` octets up to W_max. */
uint32_t cc_curve_k(uint32_t below, uint32_t smss);

/* W_cubic(t), kept within 0 and UINT32_MAX. */
uint32_t cc_curve_window(uint32_t w_max, uint32_t k, uint32_t t, uint32_t smss);

/* The largest integer whose cube is not above `n`. */
uint32_t cc_cube_root(uint64_t n);

#endif
