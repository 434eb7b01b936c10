/* check.c - bug(): the end of a broken promise. The core owns no output, so it traps. */
#include "base/check.h"

_Noreturn void bug(const char *promise)
{
    const char *volatile broken_promise = promise;      /* kept in the frame for the debugger */
    (void)broken_promise;
    __builtin_trap();
}
