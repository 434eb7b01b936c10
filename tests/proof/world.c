/* world.c - what the parsers call: a checksum that reads each octet and may be any (the real one is
 * in vectors that Frama-C does not know), and the broken promise, which must not be reached. */
#include "__fc_builtin.h"
#include "base/check.h"
#include "wire/checksum.h"

void bug(const char *promise)
{
    //@ assert \false;
    for (;;)
        ;
}

static uint64_t any_sum(const uint8_t *data, size_t length)
{
    volatile uint8_t octet;
    for (size_t i = 0; i < length; i++)
        octet = data[i];
    return (uint64_t)Frama_C_unsigned_int_interval(0, UINT16_MAX);
}

uint64_t checksum_words(const uint8_t *data, size_t length)
{
    return any_sum(data, length);
}

void checksum_add(struct checksum *c, const uint8_t *data, size_t length)
{
    c->sum = any_sum(data, length);
}

void checksum_add_slices(struct checksum *c, const struct aksu_slice *slice, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        c->sum = any_sum(slice[i].data, slice[i].length);
}

uint16_t checksum_finish(const struct checksum *c)
{
    return (uint16_t)c->sum;
}

struct checksum checksum_pseudo(const struct aksu_ip *source, const struct aksu_ip *destination,
                                uint8_t protocol, uint32_t length)
{
    return (struct checksum){ any_sum(source->octet, 16) + any_sum(destination->octet, 16), false };
}
