/* complete.h - the checksum of TCP or UDP in a frame whose field holds none, or only a part. */
#ifndef DEVICE_COMPLETE_H
#define DEVICE_COMPLETE_H

#include "aksu/types.h"

/* Anything may be in the frame; what is neither TCP nor UDP, or a fragment, stays as it is. */
void device_complete_checksum(uint8_t *octets, size_t length, bool ethernet);

#endif
