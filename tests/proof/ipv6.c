/* ipv6.c - the IPv6 header, without the extension headers behind it. */
#include "proof.h"
#include "wire/ipv6.h"

static uint8_t room[60];
static struct ipv6_header out;

static void of(size_t length)
{
    struct reader r = reader_of(anything(room, sizeof room, length), length);
    wire_ipv6_parse(&r, &out);
}

void prove(void)
{
    TEN(0), TEN(10), TEN(20), TEN(30), TEN(40), TEN(50), of(60);
    proved();
}
