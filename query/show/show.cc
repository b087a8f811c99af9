#include "query/show/show.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <unordered_map>
#include <unordered_set>

#include "analyzer/decode/names.h"
#include "analyzer/decode/siginfo.h"
#include "analyzer/decode/text.h"
#include "format/errors.h"
#include "format/readable.h"
#include "format/syscall_table.h"
#include "query/render/rows.h"
#include "query/render/units.h"
#include "query/show/line_printer.h"

namespace tarry {
namespace {

// Threads and losses, before the first line is printed.
class Survey : public TraceVisitor {
 public:
  void onThread(const ThreadDef& thread) override {
    if (!thread.recorded) return;
    tids_.insert(thread.tid);
    known_pids_.insert({thread.pid, thread.ns_pid});
    known_tids_.insert({thread.tid, thread.ns_tid});
  }
  void onLoss(const LossEvent& loss) override {
    if (loss.source == LossSource::syscalls || loss.source == LossSource::encoder) lost_ += loss.count;
    if (loss.source == LossSource::signals) lost_signals_ += loss.count;
    if (loss.source == LossSource::plaintext) lost_plaintexts_ += loss.count;
  }
  void onFold(const FoldEvent& fold) override {
    if (fold.kind == FoldKind::calls) folded_ += fold.count;
    else if (fold.kind == FoldKind::payload) payload_left_out_ = true;
  }
  uint64_t folded() const { return folded_; }
  bool payloadLeftOut() const { return payload_left_out_; }
  size_t threads() const { return tids_.size(); }
  uint64_t lost() const { return lost_; }
  uint64_t lostSignals() const { return lost_signals_; }
  uint64_t lostPlaintexts() const { return lost_plaintexts_; }
  void requireKnown(const ShowOptions& options) const {
    for (const int pid : options.pids)
      if (!known_pids_.contains(pid))
        throw UsageError(fmt::format("no process '{}' was recorded (tarry tree lists them)", pid));
    for (const int tid : options.tids)
      if (!known_tids_.contains(tid))
        throw UsageError(fmt::format("no thread {} was recorded (tarry why --threads lists them)", tid));
  }

 private:
  std::unordered_set<int32_t> known_pids_, known_tids_;
  std::unordered_set<int32_t> tids_;
  uint64_t lost_ = 0;
  uint64_t lost_signals_ = 0;
  uint64_t lost_plaintexts_ = 0;
  uint64_t folded_ = 0;
  bool payload_left_out_ = false;
};

// wait(2): "exited with 0", "killed by SIGSEGV (core dumped)".
std::string exitText(int32_t status) {
  const auto bits = static_cast<uint32_t>(status);
  if ((bits & 0x7f) == 0) return fmt::format("+++ exited with {} +++", bits >> 8 & 0xff);
  std::string signal;
  decode::appendSignal(signal, bits & 0x7f);
  return fmt::format("+++ killed by {}{} +++", signal, (bits & 0x80) != 0 ? " (core dumped)" : "");
}

// strace's marks for what is left out: a buffer, a structure, an array.
bool hasGap(std::string_view args) {
  return args.find("\"\"...") != args.npos || args.find("{...}") != args.npos ||
         args.find("[...]") != args.npos;
}

class ShowVisitor : public TraceVisitor {
 public:
  ShowVisitor(TraceReader& reader, const ShowOptions& options, bool prefix, std::ostream& out)
      : reader_(reader),
        options_(options),
        start_ns_(reader.header().start.boottime_ns),
        text_([&reader](StringId id) { return reader.text(id); }),
        label_([this](ResourceId id) { return labelOf(id); }),
        path_([this](ResourceId id) { return pathOf(id); }),
        raw_(options.render),
        printer_(options, reader.header().start, prefix, out),
        out_(out) {
    raw_.names = NameStyle::raw;
  }

  void onThread(const ThreadDef& thread) override { threads_[thread.id] = thread; }

  void onResource(const Resource& resource) override {
    resources_[resource.id] = resource;
    labels_.erase(resource.id);
  }

  void onLife(const LifeEvent& event) override {
    if (event.kind != LifeKind::exit || !options_.exits || options_.json ||
        !wanted(event.thread, event.ts_ns))
      return;
    printer_.event(threads_[event.thread].tid, event.ts_ns, exitText(event.exit_status));
  }

  void onSyscall(const SyscallEvent& event) override {
    if (wanted(event.thread, event.enter_ns) && options_.filter.matches(event, text_, path_)) {
      if (options_.json) {
        printJson(event);
      } else {
        printer_.call(shown(event));
      }
    }
    rememberInterrupted(event);
  }

  // SSL_write(0x55d0, "GET / HTTP/1.1\r\n"..., 78) = 78
  void onPlaintext(const PlaintextEvent& event) override {
    if (!wanted(event.thread, event.ts_ns) || !options_.filter.matches(event)) return;
    if (options_.json) return printJson(event);
    ShownCall call;
    call.tid = threads_[event.thread].tid;
    call.enter_ns = event.ts_ns;
    call.exit_ns = event.ts_ns + event.dur_ns;
    call.name = tlsFunction(event);
    call.text.args = options_.render.hide_pointers ? "0x..." : fmt::format("{:#x}", event.session);
    // What is received is not known when the call begins.
    call.text.entered = call.text.args.size();
    call.text.args += ", ";
    decode::appendQuoted(call.text.args,
                         {reinterpret_cast<const char*>(event.data.data()), event.data.size()},
                         options_.render.string_limit, event.length > event.data.size());
    call.text.args += fmt::format(", {}", event.length);
    if (event.direction == PayloadDirection::in) call.text.entered = call.text.args.size();
    call.text.result = std::to_string(event.result);
    printer_.call(call);
  }

  void onSignal(const SignalEvent& event) override {
    if (!wanted(event.thread, event.ts_ns) || !options_.filter.matches(event)) return;
    std::string signal;
    decode::appendSignal(signal, static_cast<uint32_t>(event.signo));
    if (options_.json) return printJson(event, signal);
    const std::string text = event.kind == SignalKind::stopped
                                 ? fmt::format("--- stopped by {} ---", signal)
                                 : fmt::format("--- {} {} ---", signal, infoText(event));
    printer_.event(threads_[event.thread].tid, event.ts_ns, text);
  }

  // "... 1,234 × read(</dev/zero>) = 0.002310 s, 77.1 KiB ..."
  void onFold(const FoldEvent& event) override {
    if (event.kind != FoldKind::calls || !wanted(event.thread, event.ts_ns)) return;
    if (!options_.filter.matches(event, path_)) return;
    const SyscallSpec* spec = findSyscall(event.abi, event.nr);
    const std::string name = spec ? std::string(spec->name) : fmt::format("syscall_{}", event.nr);
    const decode::ErrorName* error = event.error != 0 ? decode::findError(event.error) : nullptr;
    if (options_.json) return printJson(event, name, error);
    const std::string label = event.resource ? labelOf(event.resource) : std::string();
    std::string text = fmt::format("... {} × {}({})", formatCount(event.count), name,
                                   label.empty() ? label : fmt::format("<{}>", label));
    if (event.error != 0)
      text += fmt::format(" = -1 {}", error ? std::string(error->name) : std::to_string(event.error));
    text +=
        fmt::format(" <{}.{:06}> ...", event.total_ns / 1'000'000'000, event.total_ns % 1'000'000'000 / 1000);
    printer_.event(threads_[event.thread].tid, event.ts_ns, text);
  }

  // At level `waits` there are no calls; those that blocked are known from the switches.
  void onSwitch(const SwitchEvent& event) override {
    if (reader_.header().level != Level::waits) return;
    if (event.in) return endWait(event);
    if (event.pending.nr < 0 || event.state == TaskState::runnable) return;
    if (!wanted(event.thread, event.ts_ns)) return;
    std::vector<ObjectRef> objects;
    SyscallEvent call = pendingCall(event, objects);
    if (!options_.filter.matches(call, text_, path_)) return;
    waits_.push_back({event.thread, shown(call), false});
    // A thread that never comes back must not hold up the others for ever.
    constexpr size_t kMostWaits = 4096;
    if (waits_.size() > kMostWaits) printWait();
  }

  // Some call was shown without what its pointers led to.
  bool contentsMissing() const { return contents_missing_; }

  void finish() {
    while (!waits_.empty()) printWait();
    printer_.finish();
  }

 private:
  struct Wait {
    ThreadId thread;
    ShownCall call;
    bool done = false;
  };

  bool wanted(ThreadId id, int64_t ts_ns) const {
    const int64_t ts = ts_ns - start_ns_;
    if (ts < options_.from_ns || ts > options_.to_ns) return false;
    if (options_.pids.empty() && options_.tids.empty()) return true;
    auto it = threads_.find(id);
    if (it == threads_.end()) return false;
    const auto among = [](const std::vector<int>& list, int value) {
      return std::find(list.begin(), list.end(), value) != list.end();
    };
    const ThreadDef& thread = it->second;
    return among(options_.pids, thread.pid) || among(options_.pids, thread.ns_pid) ||
           among(options_.tids, thread.tid) || among(options_.tids, thread.ns_tid);
  }

  std::string labelOf(ResourceId id) {
    auto it = labels_.find(id);
    if (it != labels_.end()) return it->second;
    auto resource = resources_.find(id);
    return labels_
        .emplace(id, resource == resources_.end() ? std::string() : fdLabel(resource->second, text_))
        .first->second;
  }

  std::string_view pathOf(ResourceId id) const {
    auto it = resources_.find(id);
    return it == resources_.end() ? std::string_view{} : reader_.text(it->second.path);
  }

  const RenderOptions& renderOptions(const SyscallEvent& event) const {
    return options_.filter.isRaw(event) ? raw_ : options_.render;
  }

  ShownCall shown(const SyscallEvent& event) {
    const SyscallSpec* spec = findSyscall(event.abi, event.nr);
    ShownCall call;
    call.tid = threads_[event.thread].tid;
    call.enter_ns = event.enter_ns;
    call.exit_ns = event.enter_ns + event.dur_ns;
    call.unfinished = event.flags.unfinished;
    call.no_return = spec && spec->no_return;
    call.name = callName(event);
    call.text = renderCall(event, text_, label_, renderOptions(event));
    if (call.name == "restart_syscall") call.text.args = resumedText(event.thread);
    contents_missing_ = contents_missing_ || hasGap(call.text.args);
    return call;
  }

  // restart_syscall has no arguments: what it goes on with is the call that the thread was interrupted in.
  std::string resumedText(ThreadId thread) const {
    const auto it = interrupted_.find(thread);
    return fmt::format("<... resuming interrupted {} ...>",
                       it == interrupted_.end() ? std::string_view("system call") : it->second);
  }

  // Of every call, shown or not.
  void rememberInterrupted(const SyscallEvent& event) {
    constexpr int64_t kRestartBlock = -516;  // ERESTART_RESTARTBLOCK, include/linux/errno.h
    if (event.ret != kRestartBlock || event.flags.unfinished) return;
    if (const SyscallSpec* spec = findSyscall(event.abi, event.nr)) interrupted_[event.thread] = spec->name;
  }

  static SyscallEvent pendingCall(const SwitchEvent& event, std::vector<ObjectRef>& objects) {
    SyscallEvent call;
    call.thread = event.thread;
    call.enter_ns = event.ts_ns;
    call.abi = event.pending.abi;
    call.nr = event.pending.nr;
    call.args = event.pending.args;
    call.arg_mask = 0x3f;
    call.flags.unfinished = true;
    const SyscallSpec* spec = findSyscall(call.abi, call.nr);
    for (size_t i = 0; spec && i < spec->arg_count; ++i) {
      if (spec->args[i].type != ArgType::fd) continue;
      objects.push_back(
          {static_cast<ObjectRole>(i), static_cast<int32_t>(call.args[i]), event.pending.resource, 0});
      break;
    }
    call.objects = objects;
    return call;
  }

  void endWait(const SwitchEvent& event) {
    for (Wait& wait : waits_) {
      if (wait.thread != event.thread || wait.done) continue;
      wait.call.exit_ns = event.ts_ns;
      wait.done = true;
    }
    while (!waits_.empty() && waits_.front().done) printWait();
  }

  void printWait() {
    const Wait& wait = waits_.front();
    const int64_t dur_ns = wait.call.exit_ns - wait.call.enter_ns;
    printer_.remark(wait.call, wait.done ? fmt::format(" <blocked {}.{:06}>", dur_ns / 1'000'000'000,
                                                       dur_ns % 1'000'000'000 / 1000)
                                         : std::string(" <blocked ...>"));
    waits_.pop_front();
  }

  std::string infoText(const SignalEvent& event) const {
    std::string text;
    decode::appendSiginfo(text, decode::siginfoOf(event), options_.render.names,
                          options_.render.hide_pointers);
    return text;
  }

  static std::string_view tlsFunction(const PlaintextEvent& event) {
    const bool sent = event.direction == PayloadDirection::in;
    switch (event.library) {
      case TlsLibrary::openssl: return sent ? "SSL_write" : "SSL_read";
      case TlsLibrary::gnutls: return sent ? "gnutls_record_send" : "gnutls_record_recv";
      case TlsLibrary::unknown: break;
    }
    return sent ? "tls_send" : "tls_receive";
  }

  void printJson(const PlaintextEvent& event) {
    const ThreadDef& thread = threads_[event.thread];
    const std::string_view data(reinterpret_cast<const char*>(event.data.data()), event.data.size());
    std::string line = fmt::format(
        R"({{"ts":{},"pid":{},"tid":{},"comm":{},"tls":{},"session":{},"resource":{},"data":{},"length":{},"ret":{},"dur":{}}})",
        event.ts_ns - start_ns_, thread.pid, thread.tid, jsonString(reader_.text(thread.comm)),
        jsonString(tlsFunction(event)), event.session,
        event.resource ? jsonString(labelOf(event.resource)) : "null", jsonString(data), event.length,
        event.result, event.dur_ns);
    line += '\n';
    out_.write(line.data(), static_cast<std::streamsize>(line.size()));
  }

  void printJson(const SignalEvent& event, std::string_view signal) {
    const ThreadDef& thread = threads_[event.thread];
    std::string line = fmt::format(R"({{"ts":{},"pid":{},"tid":{},"comm":{},)", event.ts_ns - start_ns_,
                                   thread.pid, thread.tid, jsonString(reader_.text(thread.comm)));
    line += event.kind == SignalKind::stopped ? fmt::format(R"("stopped_by":{}}})", jsonString(signal))
                                              : fmt::format(R"("signal":{},"siginfo":{}}})",
                                                            jsonString(signal), jsonString(infoText(event)));
    line += '\n';
    out_.write(line.data(), static_cast<std::streamsize>(line.size()));
  }

  void printJson(const FoldEvent& event, std::string_view name, const decode::ErrorName* error) {
    const ThreadDef& thread = threads_[event.thread];
    std::string line = fmt::format(
        R"({{"ts":{},"pid":{},"tid":{},"comm":{},"abi":{},"name":{},"folded":{},"dur":{},"errno":{}}})",
        event.ts_ns - start_ns_, thread.pid, thread.tid, jsonString(reader_.text(thread.comm)),
        jsonString(abiName(event.abi)), jsonString(name), event.count, event.total_ns,
        error ? jsonString(error->name) : "null");
    line += '\n';
    out_.write(line.data(), static_cast<std::streamsize>(line.size()));
  }

  void printJson(const SyscallEvent& event) {
    const ThreadDef& thread = threads_[event.thread];
    const RenderedCall text = renderCall(event, text_, label_, renderOptions(event));
    std::string line =
        fmt::format(R"({{"ts":{},"pid":{},"tid":{},"comm":{},"abi":{},"name":{},"args":{},)",
                    event.enter_ns - start_ns_, thread.pid, thread.tid, jsonString(reader_.text(thread.comm)),
                    jsonString(abiName(event.abi)), jsonString(callName(event)), jsonString(text.args));
    if (event.flags.unfinished) {
      line += R"("ret":null,"dur":null)";
    } else {
      const decode::ErrorName* error = event.ret < 0 ? decode::findError(-event.ret) : nullptr;
      line += fmt::format(R"("ret":{},"dur":{},"errno":{})", event.ret, event.dur_ns,
                          error ? jsonString(error->name) : "null");
    }
    line += fmt::format(R"(,"result":{}}})", jsonString(text.result));
    line += '\n';
    out_.write(line.data(), static_cast<std::streamsize>(line.size()));
  }

  TraceReader& reader_;
  const ShowOptions& options_;
  const int64_t start_ns_;
  bool contents_missing_ = false;
  const TextOf text_;
  const ResourceLabelOf label_;
  const CallFilter::PathOf path_;
  RenderOptions raw_;
  LinePrinter printer_;
  std::ostream& out_;
  std::unordered_map<ThreadId, ThreadDef> threads_;
  std::unordered_map<ResourceId, Resource> resources_;
  std::unordered_map<ResourceId, std::string> labels_;          // rendered ones
  std::unordered_map<ThreadId, std::string_view> interrupted_;  // their last calls to be continued
  std::deque<Wait> waits_;                                      // in the order of their beginnings
};

}  // namespace

void show(TraceReader& reader, const ShowOptions& options, std::ostream& out, std::ostream& notes) {
  Survey survey;
  reader.read(survey, {.syscalls = false, .payloads = false, .scheduling = false});
  survey.requireKnown(options);
  if (survey.lost() > 0) {
    notes << "tarry: " << formatCount(survey.lost())
          << " system calls were lost while recording and are not shown\n";
  }
  if (survey.lostSignals() > 0) {
    notes << "tarry: " << formatCount(survey.lostSignals())
          << " signals were lost while recording and are not shown\n";
  }
  if (survey.lostPlaintexts() > 0) {
    notes << "tarry: " << formatCount(survey.lostPlaintexts())
          << " calls of TLS libraries, or whole libraries, were lost while recording and are not shown\n";
  }
  if (survey.folded() > 0) {
    notes << "tarry: to keep the file within --max-size, " << counted(survey.folded(), "short call")
          << " are shown as counts alone (lines with ×)\n";
  }
  if (survey.payloadLeftOut())
    notes << "tarry: to keep the file within --max-size, buffers and structures were left out from some time "
             "on\n";
  const bool waits = reader.header().level == Level::waits;
  if (waits) {
    notes << "tarry: this trace has level waits: only calls that blocked are known, from the switches of "
             "their threads\n";
  }
  const bool one_thread = options.tids.size() == 1 && options.pids.empty();
  bool prefix = survey.threads() > 1 && !one_thread;
  if (options.prefix != ShowPrefix::automatic) prefix = options.prefix == ShowPrefix::always;

  ShowVisitor visitor(reader, options, prefix, out);
  ReadFilter filter;
  // A call that began before `from` may still run then: what is shown goes by the time of entry.
  if (options.from_ns != INT64_MIN) filter.from_ns = reader.header().start.boottime_ns + options.from_ns;
  if (options.to_ns != INT64_MAX) filter.to_ns = reader.header().start.boottime_ns + options.to_ns;
  filter.syscalls = !waits;
  filter.scheduling = waits;
  reader.read(visitor, filter);
  visitor.finish();
  if (reader.report().cut)
    notes << "tarry: the trace was cut: it has no end, and its last half second may be missing\n";
  if (reader.report().damaged_frames > 0) {
    notes << "tarry: " << counted(reader.report().damaged_frames, "damaged block") << " could not be read\n";
  }
  if (options.hints && !waits && reader.header().snaplen == 0 && visitor.contentsMissing()) {
    notes << "tarry: buffers and structures were not recorded: `tarry record -s 32` keeps the first bytes of "
             "each, as strace -s 32 shows them\n";
  }
}

}  // namespace tarry
