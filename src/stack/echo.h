/* echo.h - echo requests of this stack (RFC 792, RFC 1122 3.2.2.6, RFC 4443 4), and what came back:
 * a queue that exists from the first request on. Called by socket/ and icmp_input.c. */
#ifndef STACK_ECHO_H
#define STACK_ECHO_H

#include "base/ip_addr.h"
#include "base/ring.h"

enum { ECHO_QUEUE = 64, ECHO_TEXT_MOST = 1400 };

struct echo {
    struct ring queue;              /* of struct aksu_echo */
    uint32_t count;
    struct aksu_ip to;              /* the last request: whom it was for, octets of its packet */
    uint32_t length;
    uint16_t identifier, sequence;
    bool used;                      /* a request was made: replies are wanted */
    bool ready;                     /* to be told of */
};

#endif
