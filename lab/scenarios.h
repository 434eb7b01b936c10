/* scenarios.h - all of them, one file each in scenarios/. */
#ifndef LAB_SCENARIOS_H
#define LAB_SCENARIOS_H

#include "lab/lab.h"

extern const struct lab_scenario lab_handshake;
extern const struct lab_scenario lab_two_way;
extern const struct lab_scenario lab_isn;
extern const struct lab_scenario lab_syn_lost;
extern const struct lab_scenario lab_mss;
extern const struct lab_scenario lab_close_scenario;
extern const struct lab_scenario lab_simultaneous_open;
extern const struct lab_scenario lab_simultaneous_close;
extern const struct lab_scenario lab_reset;
extern const struct lab_scenario lab_time_wait;
extern const struct lab_scenario lab_syn_flood;
extern const struct lab_scenario lab_fast_open;
extern const struct lab_scenario lab_silent_death;
extern const struct lab_scenario lab_cable_pull;
extern const struct lab_scenario lab_flow_control;
extern const struct lab_scenario lab_segments_wire;
extern const struct lab_scenario lab_wraparound;
extern const struct lab_scenario lab_reorder;
extern const struct lab_scenario lab_blind_attack;
extern const struct lab_scenario lab_item_duplication;
extern const struct lab_scenario lab_udp;
extern const struct lab_scenario lab_listen_ports;
extern const struct lab_scenario lab_loss;
extern const struct lab_scenario lab_forgotten_close;

#endif
