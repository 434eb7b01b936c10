/* ipv4.c - the IPv4 header with its options, in frames that end before, in and behind it. */
#include "proof.h"
#include "wire/ipv4.h"

static uint8_t room[70];
static struct ipv4_header out;

static void of(size_t length)
{
    struct reader r = reader_of(anything(room, sizeof room, length), length);
    wire_ipv4_parse(&r, &out);
}

void prove(void)
{
    TEN(0), TEN(10), TEN(20), of(39), of(40), of(41), of(59), of(60), of(61), of(70);
    proved();
}
