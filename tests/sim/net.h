/* net.h - what the tests on aksu/sim.h share: worlds that are freed when a test ends or fails, that
 * name the command which runs them again, and whose conversations can be drawn. */
#ifndef SIM_NET_H
#define SIM_NET_H

#include "aksu/sim.h"
#include "tests/sim/sim.h"

struct aksu_sim *net_world(uint64_t seed, bool digest);
struct aksu_sim_node *net_host(struct aksu_sim *world, const struct aksu_sim_host *how);
struct aksu_sim_node *net_router(struct aksu_sim *world);
struct aksu_sim_cable *net_cable(struct aksu_sim *world, struct aksu_sim_node *a,
                                 struct aksu_sim_node *b, const struct aksu_path_node *there,
                                 unsigned there_count, const struct aksu_path_node *back,
                                 unsigned back_count);
struct aksu_sim_end *net_flow(struct aksu_sim *world, const struct aksu_sim_flow *how);
/* Fails with the sentence of a violation, or when the run did not come to `wanted`. */
void net_expect(struct aksu_sim *world, enum aksu_sim_state state, enum aksu_sim_state wanted);
/* The flow that is drawn when the test runs again. */
void net_blame(struct aksu_sim_end *end);
void net_free_all(void);
/* Writes a table into a page, between <!-- mark: begin --> and <!-- mark: end -->; page.c. */
void net_document(const char *file, const char *mark, const char *table);

/* Worlds from now on are drawn: the two hosts of the flow that failed last, else of flow 0. */
void net_draw(bool on);

extern uint64_t net_segments;           /* of all worlds that were freed */

#endif
