#include "format/trace_check.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "format/block_file.h"
#include "format/block_output.h"
#include "format/errors.h"
#include "format/header_codec.h"

namespace tarry {
namespace {

class Counter : public TraceVisitor {
 public:
  explicit Counter(CheckResult& result) : result_(result) {}
  void onThread(const ThreadDef&) override { ++result_.definitions; }
  void onResource(const Resource&) override { ++result_.definitions; }
  void onFrame(const Frame&) override { ++result_.definitions; }
  void onStack(const Stack&) override { ++result_.definitions; }
  void onOpenFd(const OpenFd&) override { ++result_.definitions; }
  void onEpollMember(const EpollMember&) override { ++result_.definitions; }
  void onLife(const LifeEvent&) override { ++result_.events; }
  void onSyscall(const SyscallEvent&) override { ++result_.events; }
  void onSwitch(const SwitchEvent&) override { ++result_.events; }
  void onWake(const WakeEvent&) override { ++result_.events; }
  void onSignal(const SignalEvent&) override { ++result_.events; }
  void onSocket(const SocketEvent&) override { ++result_.events; }
  void onPlaintext(const PlaintextEvent&) override { ++result_.events; }
  void onPacket(const PacketEvent&) override { ++result_.events; }
  void onFold(const FoldEvent&) override { ++result_.events; }
  void onLoss(const LossEvent&) override { ++result_.events; }
  void onClock(const ClockPoint&) override { ++result_.events; }

 private:
  CheckResult& result_;
};

bool isSameFile(const std::string& a, const std::string& b) {
  struct stat first {
  }, second{};
  return stat(a.c_str(), &first) == 0 && stat(b.c_str(), &second) == 0 && first.st_dev == second.st_dev &&
         first.st_ino == second.st_ino;
}

void writeTrailer(BlockOutput& output, const BlockFile& file) {
  Trailer trailer = file.trailer().value_or(Trailer{});
  trailer.repaired = true;
  const std::vector<BlockInfo> index = output.index();
  BlockMessage message(0, index.size(), 0, 0);
  guarded([&] { encodeTrailer(trailer, index, 0, message.block().initTrailer()); });
  output.write(message);
  output.writeSeekTable();
}

RepairResult copyGoodBlocks(BlockFile& file, BlockOutput& output) {
  RepairResult result;
  result.lost_blocks =
      file.report().damaged_frames + (file.report().cut && file.report().cut_bytes != 0 ? 1 : 0);
  result.lost_bytes = file.report().damaged_bytes + file.report().cut_bytes;
  if (file.blocks().empty() || file.blocks().front().kind != BlockKind::header) {
    BlockMessage message(0, 1, 0, 0);
    guarded([&] { encodeHeader(file.header(), message.block().initHeader()); });
    output.write(message);
  }
  for (const BlockInfo& info : file.blocks()) {
    try {
      file.load(info);
    } catch (const BadBlock&) {
      ++result.lost_blocks;
      result.lost_bytes += info.file_bytes;
      continue;
    }
    output.copy(file.frame(info), info);
    ++result.kept_blocks;
  }
  writeTrailer(output, file);
  output.sync();
  result.written_bytes = output.bytesWritten();
  return result;
}

}  // namespace

CheckResult checkTrace(const std::string& path) {
  CheckResult result;
  TraceReader reader = TraceReader::open(path);
  Counter counter(result);
  reader.read(counter);
  result.report = reader.report();
  result.repaired = reader.trailer() && reader.trailer()->repaired;
  return result;
}

RepairResult repairTrace(const std::string& path, const std::string& output) {
  if (isSameFile(path, output)) {
    throw TraceError(fmt::format("cannot repair {} into itself (name another file)", path));
  }
  BlockFile file(openByteSource(path), path);
  struct stat status {};
  const bool existed = stat(output.c_str(), &status) == 0;
  constexpr int kLevel = 3;  // of the few blocks that are new
  try {
    BlockOutput out(openFileSink(output), kLevel);
    return copyGoodBlocks(file, out);
  } catch (...) {
    if (!existed && output != "-") unlink(output.c_str());
    throw;
  }
}

}  // namespace tarry
