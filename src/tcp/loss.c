/* loss.c - the loss detectors by name. Called by the stack when it is made. */
#include "base/bytes.h"
#include "tcp/loss.h"

static bool is(const char *a, const char *b)
{
    while (*a != 0 && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

const struct loss_ops *loss_find(const char *name)
{
    static const struct loss_ops *const all[] = { &loss_rack, &loss_sack };
    for (unsigned i = 0; i < sizeof all / sizeof all[0]; i++)
        if (is(name, all[i]->name))
            return all[i];
    return NULL;
}
