// HTTP/1.x: requests matched to their responses in the order of a connection.
#pragma once

#include <memory>

#include "analyzer/net/http_log.h"
#include "analyzer/net/protocol_router.h"

namespace tarry::analysis {

// Its channels are filled into `log`, which must outlive it.
std::unique_ptr<Protocol> http1Protocol(HttpLog& log);

}  // namespace tarry::analysis
