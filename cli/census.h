// Census: what `tarry info` finds out by reading a trace's definitions and losses, and what it
// calls their sources.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string_view>

#include "format/trace_reader.h"

namespace tarry::cli {

std::string_view lossSourceText(LossSource source);

class Census : public TraceVisitor {
 public:
  void onThread(const ThreadDef& thread) override;
  void onLoss(const LossEvent& loss) override;
  void onFold(const FoldEvent& fold) override;
  void onClock(const ClockPoint& clock) override;

  size_t threads() const { return threads_.size(); }
  size_t processes() const { return processes_.size(); }
  const std::map<LossSource, uint64_t>& lost() const { return lost_; }
  uint64_t lostTotal() const { return lost_total_; }
  // What is a count alone, to stay within --max-size.
  uint64_t foldedCalls() const { return folded_calls_; }
  uint64_t payloadsLeftOut() const { return payloads_left_out_; }

  // Between the first and the last time that the clocks were read together.
  bool clockCompared() const { return clocks_ >= 2; }
  int64_t suspendedNs() const;  // in which the machine slept
  int64_t driftNs() const;      // of the wall clock against the trace's

 private:
  std::set<uint32_t> threads_, processes_;
  std::map<LossSource, uint64_t> lost_;
  uint64_t lost_total_ = 0;
  uint64_t folded_calls_ = 0;
  uint64_t payloads_left_out_ = 0;
  uint64_t clocks_ = 0;
  ClockPoint first_, last_;
};

}  // namespace tarry::cli
