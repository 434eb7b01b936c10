/* proof.h - what the proofs of parsers share: for Frama-C's Eva only, never compiled. Each driver
 * has `of`, which hands its parser one input, and `prove`, which does so for each length. */
#ifndef PROOF_H
#define PROOF_H

#include "base/bytes.h"
#include "__fc_builtin.h"

/* `length` octets of any values that end where `room` ends: one read beyond them is an alarm. */
static const uint8_t *anything(uint8_t *room, size_t size, size_t length)
{
    Frama_C_make_unknown((char *)room, size);
    return room + (size - length);
}

/* `prove` has come to its end: without this, what was not analysed would have no alarms either. */
static void proved(void)
{
}

/* 0..9 and so on, from a multiple of ten on. */
#define TEN(n) of(n), of(n + 1), of(n + 2), of(n + 3), of(n + 4), of(n + 5), of(n + 6), of(n + 7), \
               of(n + 8), of(n + 9)

#endif
