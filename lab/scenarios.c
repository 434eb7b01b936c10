/* scenarios.c - the scenarios in their order. */
#include "lab/scenarios.h"

const struct lab_scenario *const lab_scenarios[] = {
    &lab_handshake,
    &lab_two_way,
    &lab_isn,
    &lab_syn_lost,
    &lab_mss,
    &lab_close_scenario,
    &lab_simultaneous_open,
    &lab_simultaneous_close,
    &lab_reset,
    &lab_time_wait,
    &lab_syn_flood,
    &lab_fast_open,
    &lab_silent_death,
    &lab_cable_pull,
    &lab_flow_control,
    &lab_segments_wire,
    &lab_wraparound,
    &lab_reorder,
    &lab_blind_attack,
    &lab_item_duplication,
    &lab_udp,
    &lab_listen_ports,
    &lab_loss,
    &lab_forgotten_close,
    NULL,
};

static char plain(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c == '_' ? '-' : c;
}

static bool is_same(const char *a, const char *b)
{
    while (*a != '\0' && plain(*a) == plain(*b))
        a++, b++;
    return *a == '\0' && *b == '\0';
}

const struct lab_scenario *lab_find_scenario(const char *name)
{
    for (unsigned i = 0; lab_scenarios[i] != NULL; i++)
        if (is_same(name, lab_scenarios[i]->name) || is_same(name, lab_scenarios[i]->id))
            return lab_scenarios[i];
    return NULL;
}
