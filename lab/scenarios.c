/* scenarios.c - the scenarios in their order. */
#include "lab/scenarios.h"

#include <string.h>

const struct lab_scenario *const lab_scenarios[] = {
    &lab_handshake,
    &lab_flow_control,
    &lab_item_duplication,
    NULL,
};

const struct lab_scenario *lab_find_scenario(const char *name)
{
    for (unsigned i = 0; lab_scenarios[i] != NULL; i++)
        if (strcmp(name, lab_scenarios[i]->name) == 0 || strcmp(name, lab_scenarios[i]->id) == 0)
            return lab_scenarios[i];
    return NULL;
}
