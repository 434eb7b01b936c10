/* udp.c - the UDP header, and a text that is as long as it says. */
#include "proof.h"
#include "wire/udp.h"

static uint8_t room[64];
static struct udp_header out;
static struct aksu_ip source, destination;

static void of(size_t length)
{
    struct reader r = reader_of(anything(room, sizeof room, length), length);
    if (wire_udp_parse(&r, &source, &destination, false, &out) == UDP_GOOD && reader_left(&r) > 0)
        source.octet[0] = r.end[-1];
}

void prove(void)
{
    TEN(0), TEN(10), TEN(20), of(63), of(64);
    proved();
}
