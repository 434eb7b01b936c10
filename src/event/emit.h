/* emit.h - how the core says a fact: it is counted, and one predictable branch asks for a
 * listener. */
#ifndef EVENT_EMIT_H
#define EVENT_EMIT_H

#include "aksu/event.h"

/* One per stack. */
struct emitter {
    struct aksu_sink *sink;             /* NULL: nobody listens */
    uint64_t count[AKSU_EV_COUNT];
};

#define EMIT(emitter_, conn_, now_, name_, ...)                                                   \
    do {                                                                                          \
        struct emitter *emit_to = (emitter_);                                                     \
        emit_to->count[AKSU_EV_##name_]++;                                                        \
        if (__builtin_expect(emit_to->sink != NULL, 0))                                           \
            emit_to->sink->put(emit_to->sink, &(struct aksu_event){ .at = (now_),                 \
                .conn = (conn_), .kind = AKSU_EV_##name_, .name_ = { __VA_ARGS__ } });            \
    } while (0)

#endif
