/* calls.h - what the files of sim/ that make up a world call of each other. The interface is
 * aksu/sim.h. */
#ifndef SIM_CALLS_H
#define SIM_CALLS_H

#include "sim/world.h"

/* --- world.c --- */

/* False, with the sentence set; for calls that cannot be carried out. */
bool sim_refuse(struct aksu_sim *w, const char *sentence);
uint64_t sim_random(struct aksu_sim *w);
/* An array of pointers with room for one behind `count`. NULL: no memory, and it stays as it is. */
void *sim_room(void *array, uint32_t count, uint32_t *room);

/* --- queue.c --- */

/* A place in the queue for a new entry; false: no memory. */
bool sim_queue_admit(struct aksu_sim *w, struct due *d, enum due_kind kind);
void sim_queue_set(struct aksu_sim *w, struct due *d, aksu_time at);

/* --- cable.c --- */

/* Out of a host, or on from a router. */
void sim_way_put(struct way *way, const struct aksu_frame *frame);
/* What is due comes out at the other end: one frame. */
void sim_way_deliver(struct way *way);
bool sim_route(struct aksu_sim *w);

/* --- step.c --- */

/* Everything that a host and its applications want to do now. */
void sim_settle(struct aksu_sim_node *host);

/* --- flow.c --- */

void sim_flow_ready(struct aksu_sim_node *host, const struct aksu_ready *ready);
/* Its time has come: it is opened, or its application woken. */
void sim_flow_due(struct aksu_sim_end *end);
void sim_flow_failed(struct aksu_sim_end *end, enum aksu_status reason);
void sim_flow_touch(struct aksu_sim_end *end);
/* The end of a flow that a segment of this host belongs to; NULL: of no flow. */
struct aksu_sim_end *sim_end_of(struct aksu_sim_node *host, const struct aksu_endpoint *local,
                                const struct aksu_endpoint *remote);

/* --- judge.c --- */

void sim_judge_put(struct aksu_sink *sink, const struct aksu_event *event);
/* After a step: every end that it touched, and the budget of the host. */
void sim_judge_step(struct aksu_sim *w, const struct aksu_sim_node *host);
/* judge_pipe.c */
void sim_pipe_out(struct sim_pipe *p, const struct aksu_event_segment_out *s);
void sim_pipe_in(struct sim_pipe *p, const struct aksu_event_segment_in *s);
void sim_pipe_event(struct aksu_sim_end *end, const struct aksu_event *event);
/* The segment that arrived last was not dropped. */
void sim_pipe_apply(struct sim_pipe *p);
void sim_pipe_judge(struct aksu_sim_end *end, const struct aksu_info *info);
/* What STATUS says of a live connection. */
void sim_judge_info(struct aksu_sim_end *end, const struct aksu_info *info);
/* The run is over, with a sentence; `end` may be NULL. */
void sim_judge_violation(struct aksu_sim *w, const struct aksu_sim_end *end, const char *format,
                         ...)
    __attribute__((format(printf, 3, 4)));

#endif
