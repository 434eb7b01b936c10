/* broken.c - the end of a broken promise where the program has no other: it aborts, which a
 * fuzzer reports. */
#include <stdlib.h>

#include "tests/peer/peer.h"

__attribute__((weak)) _Noreturn void peer_broken(const char *what)
{
    const char *volatile broken_promise = what;     /* for the debugger */
    (void)broken_promise;
    abort();
}
