/* tcp_options.c - TCP options: all lengths that the data offset can say. */
#include "proof.h"
#include "wire/tcp_options.h"

static uint8_t room[40];
static struct tcp_options out;

static void of(size_t length)
{
    wire_tcp_options_parse(anything(room, sizeof room, length), length, &out);
}

void prove(void)
{
    of(0), of(4), of(8), of(12), of(16), of(20), of(24), of(28), of(32), of(36), of(40);
    proved();
}
