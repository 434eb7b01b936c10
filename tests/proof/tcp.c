/* tcp.c - the TCP header with its options, and text that ends in the same slice or in another. */
#include "proof.h"
#include "wire/tcp.h"

static uint8_t room[80], more[10];
static struct tcp_segment out;
static struct aksu_ip source, destination;

static void of(size_t length)
{
    struct aksu_slice rest[2] = { { anything(more, sizeof more, 7), 7 }, { more, 0 } };
    wire_tcp_parse(anything(room, sizeof room, length), length, rest, 2, &source, &destination,
                   false, &out);
}

void prove(void)
{
    of(0), of(1), of(19), of(20), of(21), of(24), of(32), of(59), of(60), of(61), of(80);
    proved();
}
