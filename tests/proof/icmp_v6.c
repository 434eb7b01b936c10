/* icmp_v6.c - ICMPv6, with the options of neighbour discovery. */
#include "proof.h"
#include "wire/icmp.h"

static uint8_t room[72];
static struct icmp_message out;
static struct aksu_ip source, destination;

static void of(size_t length)
{
    struct reader r = reader_of(anything(room, sizeof room, length), length);
    wire_icmpv6_parse(&r, &source, &destination, 255, &out);
}

void prove(void)
{
    TEN(0), TEN(10), of(24), of(31), of(32), of(39), of(40), of(41), of(48), of(56), of(72);
    proved();
}
