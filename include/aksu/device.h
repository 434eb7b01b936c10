/* device.h - ready-made devices. */
#ifndef AKSU_DEVICE_H
#define AKSU_DEVICE_H

#include "aksu/stack.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The in-memory pair: what one stack sends, the other receives at once, without a copy.
 * Moves frames both ways until neither stack has one to send; at most `most` frames, so that the
 * caller stays in control. Returns the number moved. Frames keep their checksums; the receiver
 * verifies them unless its device has AKSU_OFFLOAD_CHECKSUM. */
struct aksu_pair {
    struct aksu *net[2];
    aksu_device device[2];
};
AKSU_API size_t aksu_pair_move(struct aksu_pair *pair, size_t most, aksu_time now);

#ifdef __cplusplus
}
#endif
#endif
