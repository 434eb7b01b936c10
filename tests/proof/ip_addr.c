/* ip_addr.c - what tests/proof/any takes from base/ip_addr.h as proven: octets of one length. */
#include "proof.h"
#include "base/ip_addr.h"

static uint8_t room[16];
static struct aksu_ip a, b;

static void of(size_t length)
{
    a = ip_from_v4(anything(room, sizeof room, length));
    Frama_C_make_unknown((char *)&a, sizeof a);
    Frama_C_make_unknown((char *)&b, sizeof b);
    room[0] = ip_eq(&a, &b) || ip_is_v4(&a);
}

void prove(void)
{
    of(4), of(16);
    proved();
}
