/* capture_help.h - two stacks on a wire whose one end is captured, and a reader of the file. */
#ifndef TESTS_CAPTURE_HELP_H
#define TESTS_CAPTURE_HELP_H

#include "help.h"

#include "aksu/device.h"
#include "aksu/socket.h"

enum { FRAMES = 256, ROOM = 66000, A = 0, B = 1 };

/* One end of a wire in memory: an interface of our own. */
struct wire_end {
    struct aksu_interface i;
    struct wire_end *other;
    enum aksu_transmit next[4];     /* what becomes of the next frames; then DONE */
    unsigned answers, first, count;
    struct aksu_frame frame[FRAMES];
    uint8_t octets[FRAMES][ROOM];
};

/* Two stacks on a wire; what passes the second one's end is captured. */
struct world {
    struct wire_end *end;
    struct aksu_interface *i[2];
    struct aksu *net[2];
    aksu_device device[2];
    aksu_time now;
    char path[40];
};

struct entry {
    bool out;
    uint64_t at;
    uint32_t length;
    const uint8_t *octets;
    char comment[66000];
};
struct file {
    uint8_t *octets;
    size_t length;
    uint32_t link, entries;
    char application[64], name[16], last[66000];
    struct entry entry[FRAMES];
};

struct wire_end *new_wire(bool ethernet, uint32_t offload);
void world_init(struct world *w, bool ethernet, uint32_t offload);
void world_fini(struct world *w);
/* The capture is over, and can be read. */
void world_stop(struct world *w);
void world_settle(struct world *w);
void world_pass(struct world *w, aksu_time time);
aksu_conn open_from(struct world *w, unsigned side, const char *to, uint16_t port);
aksu_listener listen_at(struct world *w, unsigned side);
struct file *file_of(const char *path);
void free_file(struct file *f);
void assert_says(const char *comment, const char *words);
void assert_silent(const char *comment, const char *words);
bool has_tshark(void);
/* How many lines tshark prints. */
unsigned tshark_lines(const char *path, const char *arguments);
/* Text from B to A over a connection of its own. */
void send_text(struct world *w, const char *to, size_t length);

#endif
