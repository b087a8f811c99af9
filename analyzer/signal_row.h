// A signal as a row of its table.
#pragma once

#include <string>

#include "analyzer/tables.h"
#include "format/events.h"

namespace tarry::analysis {

// What the row's texts view.
struct SignalTexts {
  std::string name, info;
};

// Everything but id, ts and the threads. The row's views live as long as `texts`.
tables::SignalRow signalRow(const SignalEvent& event, SignalTexts& texts);

}  // namespace tarry::analysis
