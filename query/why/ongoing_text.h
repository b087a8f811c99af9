// The text form of the ongoing view of `why`.
#pragma once

#include <ostream>
#include <string>

#include "query/why/ongoing.h"
#include "query/why/text.h"

namespace tarry {

// `title`: what was recorded ("shop.service", "pid 4711"); `notes_line`: level and losses.
void printOngoing(const Wording& wording, const Ongoing& ongoing, const std::string& title,
                  const WhyTextOptions& options, std::ostream& out);

}  // namespace tarry
