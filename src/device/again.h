/* again.h - is a frame the one that was not taken before? By its length and its first octets, in
 * which every packet differs from the next (identification, sequence number or checksum). The copy
 * that was kept may be cut into other parts than the frame was. Called by capture.c. */
#ifndef DEVICE_AGAIN_H
#define DEVICE_AGAIN_H

#include "aksu/stack.h"
#include "base/bytes.h"

enum { AGAIN_HEAD = 80 };
struct again {
    uint32_t length;                /* 0: none was refused */
    size_t head_length;
    uint8_t head[AGAIN_HEAD];
};

static inline size_t again_least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static inline void again_set(struct again *a, const struct aksu_frame *frame)
{
    a->length = frame->length;
    a->head_length = again_least(frame->part[0].length, AGAIN_HEAD);
    memcpy(a->head, frame->part[0].data, a->head_length);
}

static inline void again_clear(struct again *a)
{
    a->length = 0;
}

static inline bool again_is(const struct again *a, const struct aksu_frame *frame)
{
    return a->length != 0 && a->length == frame->length
           && memcmp(a->head, frame->part[0].data,
                     again_least(a->head_length, frame->part[0].length)) == 0;
}

#endif
