/* broken.c - the end of a broken promise where the program has no other: it says which
 * and aborts, which a fuzzer reports. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/peer/peer.h"

__attribute__((weak)) _Noreturn void peer_broken(const char *what)
{
    fprintf(stderr, "broken: %s\n", what);
    abort();
}
