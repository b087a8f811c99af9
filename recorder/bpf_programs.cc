#include "recorder/bpf_programs.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>

#include "format/errors.h"
#include "recorder/bpf_kernel_features.h"
#include "tarry_bpf.skel.h"

namespace tarry {

namespace {

constexpr uint64_t kDefinitionsBytes = 8U << 20;
constexpr uint64_t kLeastRingBytes = 64U << 10;
constexpr uint64_t kMostRingBytes = 512U << 20;
// The values of array maps are limited to what kmalloc() gives on older kernels: 4 MiB.
constexpr uint64_t kMostLaneBytes = 2U << 20;
constexpr int64_t kMostSnaplen = 15 * 1024;  // ITEM_BYTES of recorder/capture/parts.h

// libbpf tells why it failed through a callback that takes no context: what this thread's last
// calls said.
thread_local std::string libbpf_messages;

int keepMessage(libbpf_print_level level, const char* format, va_list arguments) {
  if (level == LIBBPF_DEBUG) return 0;
  va_list again;
  va_copy(again, arguments);
  std::string text(static_cast<size_t>(std::max(std::vsnprintf(nullptr, 0, format, again), 0)), '\0');
  va_end(again);
  std::vsnprintf(text.data(), text.size() + 1, format, arguments);
  libbpf_messages += text;
  return static_cast<int>(text.size());
}

// The line that says most: of the verifier's log the last one before its statistics, otherwise the
// first message.
std::string usefulLine(std::string_view log) {
  std::string_view last;
  const size_t begin = log.find("-- BEGIN PROG LOAD LOG --");
  if (begin == std::string_view::npos) {
    const std::string_view first = log.substr(0, log.find('\n'));
    return std::string(first.starts_with("libbpf: ") ? first.substr(8) : first);
  }
  std::string_view rest = log.substr(begin);
  rest.remove_prefix(std::min(rest.find('\n') + 1, rest.size()));
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    if (line.starts_with("processed ") || line.starts_with("-- END")) break;  // statistics, end of the log
    if (!line.empty()) last = line;
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
  }
  return std::string(last);
}

[[noreturn]] void refuse(const std::string& what, int error) {
  if (error == EPERM || error == EACCES) {
    const std::string detail = usefulLine(libbpf_messages);
    if (::geteuid() != 0 || detail.empty() || detail.find("Operation not permitted") != std::string::npos) {
      throw RecordError(
          "cannot record with eBPF: not permitted (needs root: run it with sudo, or give it the "
          "capabilities CAP_BPF and CAP_PERFMON)");
    }
  }
  std::string detail = usefulLine(libbpf_messages);
  if (!detail.empty()) detail = ": " + detail;
  throw RecordError("cannot record with eBPF: " + what + ": " + std::strerror(error) + detail +
                    " (`tarry doctor` tells what this machine allows)");
}

constexpr uint32_t kUnusedMapEntries = 64;

uint64_t roundedRing(uint64_t bytes) {
  return std::bit_ceil(std::clamp(bytes, kLeastRingBytes, kMostRingBytes));
}

// How a CPU's memory is shared: the lane has its part, the ring the rest, for the long records and for all
// where the lane is full.
uint64_t laneBytes(uint64_t ring_bytes) {
  return std::clamp<uint64_t>(ring_bytes / 2, LANE_LEAST, kMostLaneBytes);
}

// One of the kernel's jiffies: the clock that is only moved on by ticks shows how long one is.
uint64_t tickMicroseconds() {
  timespec tick{};
  ::clock_getres(CLOCK_MONOTONIC_COARSE, &tick);
  return static_cast<uint64_t>(tick.tv_nsec) / 1000;
}

uint64_t restOfRing(uint64_t ring_bytes) {
  return std::max(ring_bytes / 2, kLeastRingBytes);
}

}  // namespace

void BpfPrograms::SkeletonDeleter::operator()(tarry_bpf* skeleton) const {
  tarry_bpf__destroy(skeleton);
}

void BpfPrograms::LinkDeleter::operator()(bpf_link* link) const {
  bpf_link__destroy(link);
}

BpfPrograms::BpfPrograms(const BackendOptions& options, uint32_t mode, const CgroupTarget& cgroup,
                         const CapturePlan& plan) {
  libbpf_set_print(keepMessage);
  libbpf_messages.clear();
  skeleton_.reset(tarry_bpf__open());
  if (!skeleton_) refuse("the programs cannot be opened", errno);
  settle(options, mode, cgroup);
  load();
  makeRings(restOfRing(roundedRing(options.ring_bytes)));
  fillPlan(plan);
}

BpfPrograms::~BpfPrograms() = default;

void BpfPrograms::settle(const BackendOptions& options, uint32_t mode, const CgroupTarget& cgroup) {
  const KernelFeatures features = readKernelFeatures();
  auto& settings = *skeleton_->rodata;
  settings.have_rdonly_cast = features.rdonly_cast;
  settings.switch_has_state = features.switch_has_state;
  settings.have_user_task_copy = features.user_task_copy;
  settings.have_percpu_offsets = features.percpu_offsets;
  settings.runqueues_offset = features.runqueues_offset;
  settings.preempt_count_offset = features.preempt_count_offset;
  settings.mode = mode;
  settings.snaplen =
      static_cast<uint32_t>(options.snaplen < 0 ? kMostSnaplen : std::min(options.snaplen, kMostSnaplen));
  settings.rest_snaplen = static_cast<uint64_t>(options.snaplen < 0 ? INT64_MAX : options.snaplen);
  settings.stack_min_sleep_ns =
      options.stack_min_sleep_ns < 0 ? ~0ULL : static_cast<uint64_t>(options.stack_min_sleep_ns);
  settings.tick_us = tickMicroseconds();
  settings.target_cgroup = cgroup.id;
  settings.target_hierarchy = cgroup.hierarchy;

  auto& programs = skeleton_->progs;
  if (options.level == Level::waits) {
    bpf_program__set_autoload(programs.on_sys_enter, false);
    bpf_program__set_autoload(programs.on_sys_exit, false);
  }
  if (!features.user_task_copy) bpf_program__set_autoload(programs.on_polling_task, false);
  if (!features.data_ready) bpf_program__set_autoload(programs.on_data_ready, false);
  if (!features.sockets) {
    for (bpf_program* program : {programs.on_socket_state, programs.on_socket_destroyed,
                                 programs.on_retransmit, programs.on_retransmit_synack,
                                 programs.on_send_reset, programs.on_receive_reset, programs.on_socket_mark})
      bpf_program__set_autoload(program, false);
  }
  if (!features.suspends) bpf_program__set_autoload(programs.on_suspend, false);
  settings.watch_code = options.snaplen != 0;
  if (options.snaplen == 0) {
    bpf_program__set_autoload(programs.on_tls_enter, false);
    bpf_program__set_autoload(programs.on_tls_exit, false);
  }
  settlePackets(options, features.packets);
  if (mode != MODE_CGROUP) bpf_program__set_autoload(programs.on_cgroup_attach, false);
  const auto cpus = static_cast<uint32_t>(libbpf_num_possible_cpus());
  bpf_map__set_max_entries(skeleton_->maps.event_rings, cpus);
  lane_bytes_ = laneBytes(roundedRing(options.ring_bytes));
  settings.lane_bytes = lane_bytes_;
  bpf_map__set_max_entries(skeleton_->maps.lanes, cpus);
  bpf_map__set_value_size(skeleton_->maps.lanes, static_cast<uint32_t>(LANE_DATA + lane_bytes_));
  bpf_map__set_max_entries(skeleton_->maps.definitions, static_cast<uint32_t>(kDefinitionsBytes));
}

void BpfPrograms::settlePackets(const BackendOptions& options, bool possible) {
  if (options.packet_bytes > 0 && !possible)
    throw RecordError(
        "cannot record packets: this kernel lacks bpf_dynptr_from_skb (it came with Linux 6.11)");
  skeleton_->rodata->packet_bytes = options.packet_bytes;
  if (options.packet_bytes > 0) return;
  bpf_program__set_autoload(skeleton_->progs.on_packet_sent, false);
  bpf_program__set_autoload(skeleton_->progs.on_packet_received, false);
  for (bpf_map* map :
       {skeleton_->maps.packet_owners, skeleton_->maps.packet_ports, skeleton_->maps.datagram_marks})
    bpf_map__set_max_entries(map, kUnusedMapEntries);
}

void BpfPrograms::load() {
  const int error = tarry_bpf__load(skeleton_.get());
  if (error != 0) refuse("the kernel refuses the programs", -error);
}

void BpfPrograms::makeRings(uint64_t bytes) {
  const auto cpus = static_cast<uint32_t>(libbpf_num_possible_cpus());
  const int outer = bpf_map__fd(skeleton_->maps.event_rings);
  for (uint32_t cpu = 0; cpu < cpus; ++cpu) {
    UniqueFd ring(
        bpf_map_create(BPF_MAP_TYPE_RINGBUF, "tarry_events", 0, 0, static_cast<uint32_t>(bytes), nullptr));
    if (!ring) {
      throw RecordError("cannot make a ring of " + std::to_string(bytes >> 10) +
                        " KiB per CPU: " + std::strerror(errno) + " (choose a smaller one)");
    }
    const int fd = ring.get();
    if (bpf_map_update_elem(outer, &cpu, &fd, BPF_ANY) != 0) refuse("a ring cannot be set", errno);
    event_rings_.emplace_back(fd, bytes);
    ring_maps_.push_back(std::move(ring));
  }
  definitions_ = std::make_unique<BpfRing>(bpf_map__fd(skeleton_->maps.definitions), kDefinitionsBytes);
  mapped_code_ = std::make_unique<BpfRing>(bpf_map__fd(skeleton_->maps.mapped_code),
                                           bpf_map__max_entries(skeleton_->maps.mapped_code));
  lanes_ = std::make_unique<BpfLanes>(bpf_map__fd(skeleton_->maps.lanes), cpus, lane_bytes_);
  ring_bytes_ = cpus * (bytes + lane_bytes_) + kDefinitionsBytes;
}

void BpfPrograms::fillPlan(const CapturePlan& plan) {
  std::vector<uint32_t> keys;
  std::vector<call_plan> values;
  for (const CallShape& row : plan.rows()) {
    keys.push_back(static_cast<uint32_t>(keys.size()));
    values.push_back(row.plan);
  }
  auto count = static_cast<uint32_t>(keys.size());
  if (bpf_map_update_batch(bpf_map__fd(skeleton_->maps.plans), keys.data(), values.data(), &count, nullptr) !=
      0) {
    refuse("the capture plan cannot be set", errno);
  }
}

void BpfPrograms::attachIterators() {
  attachWhere([](std::string_view section) { return section.starts_with("iter"); });
}

void BpfPrograms::attachEvents() {
  attachWhere([](std::string_view section) { return !section.starts_with("iter") && section != "uprobe"; });
}

void BpfPrograms::attachWhere(bool (*wanted)(std::string_view section)) {
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, skeleton_->obj) {
    const std::string_view section = bpf_program__section_name(program);
    if (!bpf_program__autoload(program) || !wanted(section)) continue;
    bpf_iter_link_info info{};
    info.map.map_fd = static_cast<uint32_t>(bpf_map__fd(skeleton_->maps.socket_marks));
    LIBBPF_OPTS(bpf_iter_attach_opts, of_marks, .link_info = &info, .link_info_len = sizeof(info));
    const bool over_marks = section == "iter/bpf_map_elem";
    LinkPtr link(over_marks ? bpf_program__attach_iter(program, &of_marks) : bpf_program__attach(program));
    if (!link) refuse("cannot attach to " + std::string(section), errno);
    if (section == "iter/task") {
      task_iterator_ = std::move(link);
    } else if (section == "iter.s/task") {
      polling_iterator_ = std::move(link);
    } else if (section == "iter/task_file") {
      file_iterator_ = std::move(link);
    } else if (over_marks) {
      socket_iterator_ = std::move(link);
    } else {
      links_.push_back(std::move(link));
    }
  }
}

bool BpfPrograms::attachTls(const std::string& path, uint64_t offset, const ProbeSite& site) {
  LIBBPF_OPTS(bpf_uprobe_opts, options);
  options.bpf_cookie = site.cookie;
  const auto attach = [&](bpf_program* program, bool at_return) {
    options.retprobe = at_return;
    LinkPtr link(bpf_program__attach_uprobe_opts(program, -1, path.c_str(), offset, &options));
    if (!link) return false;
    const std::lock_guard lock(links_mutex_);
    links_.push_back(std::move(link));
    return true;
  };
  auto& programs = skeleton_->progs;
  // The end first: an enter whose end is not seen would be taken for one that never returned.
  if (site.returns && !attach(programs.on_tls_exit, true)) return false;
  if (site.exit && !attach(programs.on_tls_exit, false)) return false;
  return !site.enter || attach(programs.on_tls_enter, false);
}

int BpfPrograms::mappedCodeFd() const {
  return bpf_map__fd(skeleton_->maps.mapped_code);
}

void BpfPrograms::forgetMappedCode(uint32_t resource) {
  bpf_map_delete_elem(bpf_map__fd(skeleton_->maps.told_code), &resource);
}

void BpfPrograms::detach() {
  links_.clear();
}

void BpfPrograms::iterate(const LinkPtr& link, const std::function<void()>& between) {
  const UniqueFd reader(bpf_iter_create(bpf_link__fd(link.get())));
  if (!reader) refuse("cannot list what runs", errno);
  std::array<char, 512> filler{};
  while (true) {
    const ssize_t count = ::read(reader.get(), filler.data(), filler.size());
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    between();
    if (count == 0) return;
    if (count < 0) refuse("cannot list what runs", errno);
  }
}

void BpfPrograms::visitTasks(uint32_t job, int32_t pid, const std::function<void()>& between) {
  skeleton_->bss->snapshot_job = job;
  skeleton_->bss->snapshot_pid = pid;
  iterate(task_iterator_, between);
  const bool marks = job != SNAP_SELF && job != SNAP_FINISH;
  if (marks && polling_iterator_) iterate(polling_iterator_, between);
}

void BpfPrograms::visitFiles(const std::function<void()>& between) {
  iterate(file_iterator_, between);
}

void BpfPrograms::visitSockets(const std::function<void()>& between) {
  if (socket_iterator_) iterate(socket_iterator_, between);
}

void BpfPrograms::addTargetPid(int32_t pid) {
  const uint8_t yes = 1;
  if (bpf_map_update_elem(bpf_map__fd(skeleton_->maps.target_pids), &pid, &yes, BPF_ANY) != 0) {
    refuse("a target cannot be set", errno);
  }
}

int64_t BpfPrograms::aliveThreads() const {
  return __atomic_load_n(&skeleton_->bss->alive_threads, __ATOMIC_RELAXED);
}

uint64_t BpfPrograms::lost() const {
  uint64_t sum = 0;
  for (const auto& count : skeleton_->bss->lost_total) sum += __atomic_load_n(&count, __ATOMIC_RELAXED);
  return sum;
}

uint64_t BpfPrograms::lostUnattributed(uint32_t source) const {
  return __atomic_load_n(&skeleton_->bss->lost_unattributed[source], __ATOMIC_RELAXED);
}

void BpfPrograms::setResourceEpoch(uint32_t epoch) {
  __atomic_store_n(&skeleton_->bss->resource_epoch, epoch, __ATOMIC_RELAXED);
}

uint32_t BpfPrograms::cgroupMoves() const {
  return __atomic_load_n(&skeleton_->bss->cgroup_moves, __ATOMIC_RELAXED);
}

uint64_t BpfPrograms::missed() const {
  // They record nothing, and meet themselves often: soft timers run with interrupts on, which may be timers.
  const auto& programs = skeleton_->progs;
  const std::array<const bpf_program*, 8> context = {programs.on_softirq_entry,  programs.on_softirq_exit,
                                                     programs.on_irq_entry,      programs.on_irq_exit,
                                                     programs.on_hrtimer_entry,  programs.on_hrtimer_exit,
                                                     programs.on_block_complete, programs.on_data_ready};
  uint64_t sum = 0;
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, skeleton_->obj) {
    if (std::find(context.begin(), context.end(), program) != context.end()) continue;
    const int fd = bpf_program__fd(program);
    if (fd < 0) continue;
    bpf_prog_info info{};
    uint32_t size = sizeof(info);
    if (bpf_obj_get_info_by_fd(fd, &info, &size) == 0) sum += info.recursion_misses;
  }
  return sum;
}

}  // namespace tarry
