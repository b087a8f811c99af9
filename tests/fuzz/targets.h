// What the fuzz targets do with one input. Each comes back for any input; an abort, a sanitizer's report,
// too much memory or time is a finding.
#pragma once

#include "tests/fuzz/messages.h"

namespace tarry::fuzz {

// Any bytes as a trace file: it is read, or refused with a TraceError. Events come in the order of time.
void fuzzFile(ByteView bytes);
// Messages (messages.h) as the blocks of a trace: read, and every call that came read once more by itself.
void fuzzBlocks(ByteView input);
// The same, loaded into a database with all arguments as text: each thread's states are a partition.
void fuzzLoad(ByteView input);
// The same, and what the verbs say about it (show, why, http, tree, files, summary, time) and export of it.
void fuzzExplain(ByteView input);
// A conversation (conversation.h) through the decoders of HTTP: bodies lie within their pieces, and memory is
// bounded.
void fuzzHttp(ByteView input);
// The same conversation as a trace of its client, or of both ends, and its exports: an HTTP Archive is sound
// JSON, a capture's blocks follow each other. And what a replay would say.
void fuzzExport(ByteView input);

// What a client and a server say, in pieces, to the decoder of DNS or of TLS, whose rows are then
// stored: what is kept is not much more than what was said.
void fuzzDns(ByteView input);
void fuzzTls(ByteView input);

}  // namespace tarry::fuzz
