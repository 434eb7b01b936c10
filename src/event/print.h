/* print.h - text on its way to a writer, gathered in pieces so that a line is few calls. The
 * printers of the field types are shared by the sinks; what they and the JSON sink write numbers
 * with goes straight into memory. */
#ifndef EVENT_PRINT_H
#define EVENT_PRINT_H

#include "aksu/sink.h"

struct print {
    struct aksu_writer writer;
    size_t used;
    unsigned fields;            /* printed so far in this line; the sinks count them */
    char text[512];
};

void event_print_octets(struct print *p, const char *text, size_t length);
void event_print_text(struct print *p, const char *text);
void event_print_u64(struct print *p, uint64_t n);
void event_print_ctl(struct print *p, uint8_t ctl);
void event_print_endpoint(struct print *p, const struct aksu_endpoint *end);
void event_print_ip(struct print *p, const struct aksu_ip *ip);
/* "12.000345": `time` nanoseconds in units of 10^9 (6 digits after the point, cut, not rounded). */
void event_print_seconds(struct print *p, aksu_time time);
/* What is gathered goes to the writer. */
void event_print_flush(struct print *p);

/* In decimal at `at`, where there is room for EVENT_U64_TEXT octets; what follows the last digit.
 * No zero ends it. */
#define EVENT_U64_TEXT 20
char *event_write_u64(char *at, uint64_t n);

/* The name of the lowest option bit of `has`, which is taken away; NULL when none is left. */
const char *event_option_name(uint16_t *has);

#endif
