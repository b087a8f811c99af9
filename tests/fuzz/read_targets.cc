#include <cstdio>
#include <cstdlib>

#include "format/errors.h"
#include "format/trace_reader.h"
#include "tests/fuzz/targets.h"

namespace tarry::fuzz {
namespace {

constexpr size_t kMaxLocators = 200;

void expect(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "not true: %s\n", what);
  std::abort();
}

// Looks at all of what a visitor gets, as a user of it would.
class Looker : public TraceVisitor {
 public:
  explicit Looker(const TraceReader& reader) : reader_(reader) {}

  void onThread(const ThreadDef& def) override { look(def.comm); }
  void onResource(const Resource& resource) override { look(resource.path); }
  void onFrame(const Frame& frame) override {
    look(frame.symbol);
    look(frame.module);
  }
  void onStack(const Stack& stack) override {
    for (const FrameId frame : stack.frames) sum_ += frame.value;
  }
  void onOpenFd(const OpenFd& fd) override { expect(bool{fd.process}, "an open fd belongs to somebody"); }
  void onLife(const LifeEvent& event) override {
    at(event.ts_ns);
    look(event.comm);
    look(event.info.cmdline);
  }
  void onSyscall(const SyscallEvent& event) override {
    at(event.enter_ns);
    expect(event.dur_ns >= 0, "a duration is not negative");
    for (const ObjectRef& object : event.objects) sum_ += object.resource.value;
    for (const StringArg& string : event.strings) look(string.text);
    for (const PayloadRef& payload : event.payloads) {
      expect(payload.length >= payload.data.size(), "no more is kept of a payload than there was");
      for (const uint8_t byte : payload.data) sum_ += byte;
    }
    if (calls_.size() < kMaxLocators) calls_.push_back(event.locator);
  }
  void onSwitch(const SwitchEvent& event) override { at(event.ts_ns); }
  void onWake(const WakeEvent& event) override { at(event.ts_ns); }
  void onSignal(const SignalEvent& event) override { at(event.ts_ns); }
  void onSocket(const SocketEvent& event) override { at(event.ts_ns); }
  void onPacket(const PacketEvent& event) override { at(event.ts_ns); }
  void onPlaintext(const PlaintextEvent& event) override { at(event.ts_ns); }
  void onFold(const FoldEvent& event) override { at(event.ts_ns); }
  void onLoss(const LossEvent& event) override { at(event.ts_ns); }
  void onClock(const ClockPoint& clock) override { at(clock.boottime_ns); }

  const std::vector<CallLocator>& calls() const { return calls_; }
  bool ordered() const { return ordered_; }
  uint64_t sum() const { return sum_; }

 private:
  void look(StringId id) {
    for (const char c : reader_.text(id)) sum_ += static_cast<uint8_t>(c);
  }
  void at(int64_t ts_ns) {
    expect(ts_ns >= -kSaneNs && ts_ns <= kSaneNs, "a time is one that can be reckoned with");
    ordered_ = ordered_ && ts_ns >= last_ns_;
    last_ns_ = ts_ns;
  }

  static constexpr int64_t kSaneNs = int64_t{1} << 62;
  const TraceReader& reader_;
  std::vector<CallLocator> calls_;
  int64_t last_ns_ = INT64_MIN;
  bool ordered_ = true;
  uint64_t sum_ = 0;
};

void readAll(Bytes file) {
  try {
    TraceReader reader = TraceReader::fromMemory(std::move(file));
    Looker looker(reader);
    reader.read(looker);
    expect(looker.ordered(), "events come in the order of time");
    reader.totals();
    volatile uint64_t used =
        looker.sum() + static_cast<uint64_t>(reader.startNs()) + static_cast<uint64_t>(reader.endNs());
    (void)used;
    for (const CallLocator& call : looker.calls()) reader.readCall(call);
  } catch (const TraceError& e) {
    expect(*e.what() != '\0', "an error says what failed");
  }
}

}  // namespace

void fuzzFile(ByteView bytes) {
  readAll(Bytes(bytes.begin(), bytes.end()));
}

void fuzzBlocks(ByteView input) {
  readAll(frameMessages(splitMessages(input)));
}

}  // namespace tarry::fuzz
