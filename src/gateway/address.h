/* address.h - socket addresses of the host and endpoints of a stack, one into the other. */
#ifndef GATEWAY_ADDRESS_H
#define GATEWAY_ADDRESS_H

#include <sys/socket.h>

#include "aksu/types.h"

/* As the family wants it: for AF_INET6 an IPv4 address keeps its mapped form. Returns the
 * length. */
socklen_t gateway_address_write(const struct aksu_endpoint *endpoint, int family,
                                struct sockaddr_storage *out);
/* false: neither AF_INET nor AF_INET6, or too short for its family. */
bool gateway_address_read(const struct sockaddr_storage *address, socklen_t length,
                          struct aksu_endpoint *out);
/* The family that reaches this address: AF_INET for the mapped ones. */
int gateway_address_family(const struct aksu_ip *ip);

#endif
