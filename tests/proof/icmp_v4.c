/* icmp_v4.c - ICMP for IPv4. */
#include "proof.h"
#include "wire/icmp.h"

static uint8_t room[64];
static struct icmp_message out;

static void of(size_t length)
{
    struct reader r = reader_of(anything(room, sizeof room, length), length);
    wire_icmpv4_parse(&r, &out);
}

void prove(void)
{
    TEN(0), TEN(10), of(36), of(64);
    proved();
}
