/* names.h - what the system knows about interfaces. Called by tap_open.c and packet_open.c. */
#ifndef DEVICE_NAMES_H
#define DEVICE_NAMES_H

#include <stddef.h>
#include <stdint.h>

/* Octets of an IP packet; 0: unknown. */
uint32_t device_mtu(const char *name);
/* The names of all interfaces, with ", " between them, as many as fit. */
void device_names(char *out, size_t room);

#endif
