#include "analyzer/signal_row.h"

#include "analyzer/decode/siginfo.h"
#include "analyzer/decode/text.h"

namespace tarry::analysis {
namespace {

Label kindName(SignalKind kind) {
  switch (kind) {
    case SignalKind::unknown: return Label("unknown");
    case SignalKind::delivered: return Label("delivered");
    case SignalKind::stopped: return Label("stopped");
  }
  return Label("unknown");
}

Label defaultName(int32_t signo) {
  switch (decode::defaultAction(signo)) {
    case decode::DefaultAction::terminate: return Label("terminate");
    case decode::DefaultAction::core: return Label("core");
    case decode::DefaultAction::stop: return Label("stop");
    case decode::DefaultAction::resume: return Label("continue");
    case decode::DefaultAction::ignore: return Label("ignore");
  }
  return Label();
}

Label actionName(const SignalEvent& event) {
  switch (event.action) {
    case SignalAction::unknown: return Label();
    case SignalAction::handler: return Label("handler");
    case SignalAction::ignored: return Label("ignore");
    case SignalAction::by_default: return defaultName(event.signo);
  }
  return Label();
}

}  // namespace

tables::SignalRow signalRow(const SignalEvent& event, SignalTexts& texts) {
  tables::SignalRow row;
  row.event = kindName(event.kind);
  row.signo = event.signo;
  texts.name.clear();
  decode::appendSignal(texts.name, static_cast<uint32_t>(event.signo));
  row.name = texts.name;
  row.action = actionName(event);
  if (event.kind != SignalKind::delivered) return row;

  const decode::Siginfo info = decode::siginfoOf(event);
  const std::string_view code = decode::siginfoCodeName(event.signo, event.code);
  if (!code.empty()) row.code = Label(code);
  if (info.hasSender()) {
    row.sender_pid = info.pid();
    row.sender_uid = info.uid();
  }
  if (info.isOfChild()) row.status = info.status();
  if (info.layout() == decode::SiginfoLayout::fault) row.addr = static_cast<int64_t>(info.address());
  if (info.hasValue()) row.value = info.intValue();
  texts.info.clear();
  decode::appendSiginfo(texts.info, info, NameStyle::names, false);
  row.info = texts.info;
  return row;
}

}  // namespace tarry::analysis
