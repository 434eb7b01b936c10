/* tee.c - one stream of events to several sinks. */
#include "aksu/sink.h"

static void tee_put(struct aksu_sink *sink, const struct aksu_event *event)
{
    const struct aksu_tee_sink *tee = (const struct aksu_tee_sink *)sink;

    for (unsigned i = 0; i < tee->count; i++)
        tee->to[i]->put(tee->to[i], event);
}

void aksu_tee_init(struct aksu_tee_sink *sink, struct aksu_sink *const *to, unsigned count)
{
    *sink = (struct aksu_tee_sink){ .sink = { tee_put } };
    for (unsigned i = 0; i < count && sink->count < AKSU_TEE_MOST; i++) {
        if (to[i])
            sink->to[sink->count++] = to[i];
    }
}
