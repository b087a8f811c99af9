#include "recorder/capture_plan.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "recorder/capture/capture.h"

namespace tarry {

namespace {

constexpr uint32_t kX32Bit = 0x40000000;

// A structure of fixed size behind a pointer.
struct StructShape {
  ArgType type;
  bool in, out;
  uint32_t size_64, size_32;  // bytes on 64-bit and 32-bit ABIs; 0: not captured there
};

constexpr std::array kStructs = {
    StructShape{ArgType::epoll_event_in, true, false, 12, 12},  // packed on x86
    StructShape{ArgType::fd_pair_out, false, true, 8, 8},
    StructShape{ArgType::wait_status_out, false, true, 4, 4},
    StructShape{ArgType::stat_out, false, true, 144, 64},
    StructShape{ArgType::stat64_out, false, true, 144, 96},
    StructShape{ArgType::statx_out, false, true, 256, 256},
    StructShape{ArgType::statfs_out, false, true, 120, 64},
    StructShape{ArgType::statfs64_out, false, true, 120, 84},
    StructShape{ArgType::timespec_in, true, false, 16, 8},
    StructShape{ArgType::timespec_out, false, true, 16, 8},
    StructShape{ArgType::timespec_inout, true, true, 16, 8},
    StructShape{ArgType::timespec64_in, true, false, 16, 16},
    StructShape{ArgType::timespec64_out, false, true, 16, 16},
    StructShape{ArgType::timespec64_inout, true, true, 16, 16},
    StructShape{ArgType::timespec_pair_in, true, false, 32, 16},
    StructShape{ArgType::timespec64_pair_in, true, false, 32, 32},
    StructShape{ArgType::timeval_in, true, false, 16, 8},
    StructShape{ArgType::timeval_out, false, true, 16, 8},
    StructShape{ArgType::timeval_inout, true, true, 16, 8},
    StructShape{ArgType::timeval_pair_in, true, false, 32, 16},
    StructShape{ArgType::timezone, false, true, 8, 8},
    StructShape{ArgType::itimerval_in, true, false, 32, 16},
    StructShape{ArgType::itimerval_out, false, true, 32, 16},
    StructShape{ArgType::itimerspec_in, true, false, 32, 16},
    StructShape{ArgType::itimerspec_out, false, true, 32, 16},
    StructShape{ArgType::itimerspec64_in, true, false, 32, 32},
    StructShape{ArgType::itimerspec64_out, false, true, 32, 32},
    StructShape{ArgType::timex_inout, true, true, 208, 128},
    StructShape{ArgType::timex64_inout, true, true, 208, 208},
    StructShape{ArgType::time_out, false, true, 8, 4},
    StructShape{ArgType::time_in, true, false, 8, 4},
    StructShape{ArgType::utimbuf_in, true, false, 16, 8},
    StructShape{ArgType::sigset_in, true, false, 8, 8},
    StructShape{ArgType::sigset_out, false, true, 8, 8},
    StructShape{ArgType::old_sigset_in, true, false, 8, 4},
    StructShape{ArgType::old_sigset_out, false, true, 8, 4},
    StructShape{ArgType::sigaction_in, true, false, 32, 20},
    StructShape{ArgType::sigaction_out, false, true, 32, 20},
    StructShape{ArgType::siginfo_in, true, false, 128, 128},
    StructShape{ArgType::siginfo_out, false, true, 128, 128},
    StructShape{ArgType::sigaltstack_in, true, false, 24, 12},
    StructShape{ArgType::sigaltstack_out, false, true, 24, 12},
    StructShape{ArgType::rlimit_in, true, false, 16, 8},
    StructShape{ArgType::rlimit_out, false, true, 16, 8},
    StructShape{ArgType::rlimit64_in, true, false, 16, 16},
    StructShape{ArgType::rlimit64_out, false, true, 16, 16},
    StructShape{ArgType::rusage_out, false, true, 144, 72},
    StructShape{ArgType::sysinfo_out, false, true, 112, 64},
    StructShape{ArgType::utsname_out, false, true, 390, 390},
    StructShape{ArgType::tms_out, false, true, 32, 16},
    StructShape{ArgType::int_out, false, true, 4, 4},
    StructShape{ArgType::int_in, true, false, 4, 4},
    StructShape{ArgType::offset_inout, true, true, 8, 8},
    StructShape{ArgType::loff_out, false, true, 8, 8},
    StructShape{ArgType::size_out, false, true, 8, 4},
    StructShape{ArgType::ulong_out, false, true, 8, 4},
    StructShape{ArgType::long_inout, true, true, 8, 4},
    StructShape{ArgType::open_how_in, true, false, 24, 24},
    StructShape{ArgType::sched_param_in, true, false, 4, 4},
    StructShape{ArgType::sched_param_out, false, true, 4, 4},
    StructShape{ArgType::sched_attr_in, true, false, 48, 48},
    StructShape{ArgType::sched_attr_out, false, true, 48, 48},
    StructShape{ArgType::seccomp_in, true, false, 16, 8},  // struct sock_fprog
    StructShape{ArgType::socklen_inout, true, true, 4, 4},
    StructShape{ArgType::cap_header, true, false, 8, 8},
    StructShape{ArgType::cap_data, false, true, 24, 24},
    StructShape{ArgType::cap_data_in, true, false, 24, 24},
    StructShape{ArgType::io_uring_params_inout, true, true, 120, 120},
    StructShape{ArgType::futex_waitv_pair_in, true, false, 48, 48},
    StructShape{ArgType::sigevent_in, true, false, 64, 64},
    StructShape{ArgType::mq_attr_in, true, false, 64, 32},
    StructShape{ArgType::mq_attr_out, false, true, 64, 32},
    StructShape{ArgType::mount_attr_in, true, false, 32, 32},
    StructShape{ArgType::user_desc, true, false, 16, 16},
};

// An array whose number of elements is another argument or the result.
struct ArrayShape {
  ArgType type;
  bool in, out;
  uint32_t element;
};

constexpr std::array kArrays = {
    ArrayShape{ArgType::pollfd_inout, true, false, 8},
    ArrayShape{ArgType::epoll_events_out, false, true, 12},
    ArrayShape{ArgType::sockaddr_in, true, false, 1},
    ArrayShape{ArgType::sockopt_in, true, false, 1},
    ArrayShape{ArgType::clone_args_in, true, false, 1},
    ArrayShape{ArgType::cpu_mask_in, true, false, 1},
    ArrayShape{ArgType::bpf_attr_in, true, false, 1},
    ArrayShape{ArgType::futex_waitv_in, true, false, 24},
    ArrayShape{ArgType::sembuf_in, true, false, 6},
    ArrayShape{ArgType::gid_list_in, true, false, 4},
    ArrayShape{ArgType::gid_list_out, false, true, 4},
    ArrayShape{ArgType::cpu_mask_out, false, true, 1},
};

// A structure behind an argument that may be one, as the command `back` arguments before it says.
struct CommandShape {
  ArgType type;
  bool in, out;
  uint32_t rule;  // RULE_*
  uint8_t back;
};

constexpr std::array kByCommand = {
    CommandShape{ArgType::fcntl_arg, true, true, RULE_FCNTL, 1},
    CommandShape{ArgType::ioctl_arg, true, true, RULE_IOCTL, 1},
    CommandShape{ArgType::futex_val2, true, false, RULE_FUTEX, 2},
    CommandShape{ArgType::futex_val2_64, true, false, RULE_FUTEX64, 2},
    CommandShape{ArgType::shmctl_arg, false, true, RULE_SHMCTL, 1},
};

template <class Table>
const typename Table::value_type* findShape(const Table& table, ArgType type) {
  const auto it =
      std::find_if(table.begin(), table.end(), [type](const auto& row) { return row.type == type; });
  return it == table.end() ? nullptr : &*it;
}

bool isNumber(ArgType type) {
  if (type >= ArgType::open_flags && type <= ArgType::rwf_flags) return true;
  if (type >= ArgType::offset_low && type <= ArgType::page_offset) return true;
  if (type >= ArgType::file_mode && type <= ArgType::mount_attr_flags) return true;
  if (type <= ArgType::dirfd) return true;
  // pointers whose value is itself of interest, or that may be numbers
  return type == ArgType::ioctl_arg || type == ArgType::fcntl_arg || type == ArgType::prctl_arg ||
         type == ArgType::futex_val2 || type == ArgType::futex_val2_64 || type == ArgType::pointer ||
         type == ArgType::robust_list || type == ArgType::rseq;
}

// Fills one plan; items that are always needed come first, since there is room for a few only.
class PlanBuilder {
 public:
  PlanBuilder(const SyscallSpec& spec, Abi abi, int64_t snaplen)
      : spec_(spec), abi_(abi), is_64_(abiWordSize(abi) == 8), snaplen_(snaplen) {
    shape_.plan.fd_arg[0] = shape_.plan.fd_arg[1] = NO_ARG;
    shape_.plan.pair_arg = shape_.plan.rest_item = NO_ARG;
    shape_.plan.flags = PLAN_KNOWN;
    shape_.arg_count = spec.arg_count;
    shape_.keep_mask = 0;
  }

  CallShape build() {
    for (uint8_t i = 0; i < spec_.arg_count; ++i) addObject(i);
    for (uint8_t i = 0; i < spec_.arg_count; ++i) addAlways(i);
    if (snaplen_ != 0) {
      for (uint8_t i = 0; i < spec_.arg_count; ++i) addWithSnaplen(i);
      addOddOnes();
      addRest();
    }
    if (spec_.result == ArgType::fd) shape_.plan.flags |= PLAN_RETURNS_FD;
    if (spec_.name == "fcntl" || spec_.name == "fcntl64") {
      shape_.plan.flags |= PLAN_RETURNS_FD;
      shape_.plan.returns_if_dup = 1;
    }
    if (spec_.name == "connect" || spec_.name == "bind" || spec_.name == "listen") {
      shape_.plan.flags |= PLAN_LATE_RESOURCE;
    }
    shorten();
    return shape_;
  }

 private:
  void addObject(uint8_t arg) {
    const ArgType type = spec_.args[arg].type;
    if (isNumber(type)) shape_.keep_mask = static_cast<uint8_t>(shape_.keep_mask | 1U << arg);
    if (type == ArgType::fd || type == ArgType::dirfd) {
      const size_t slot = shape_.plan.fd_arg[0] == NO_ARG ? 0 : 1;
      if (shape_.plan.fd_arg[slot] != NO_ARG) return;
      shape_.plan.fd_arg[slot] = arg;
      if (type == ArgType::dirfd) {
        shape_.plan.fd_is_dir = static_cast<uint8_t>(shape_.plan.fd_is_dir | 1U << slot);
      }
    }
    if (type == ArgType::path && (arg == 0 || spec_.args[arg - 1U].type != ArgType::dirfd)) {
      shape_.plan.flags |= PLAN_CWD;
    }
    if (type == ArgType::fd_pair_out) {
      shape_.plan.flags |= PLAN_PAIR;
      shape_.plan.pair_arg = arg;
    }
  }

  void addAlways(uint8_t arg) {
    const ArgSpec& spec = spec_.args[arg];
    if (spec.type == ArgType::path) addItem(ITEM_STRING, arg, false, NO_ARG, STRING_IS_PATH);
    if (spec.type == ArgType::string) addItem(ITEM_STRING, arg, false);
    if (spec.type == ArgType::argv) addItem(ITEM_ARGV, arg, false);
    if (spec.type == ArgType::envp) addItem(ITEM_ENVP, arg, false);
    if (spec.type == ArgType::path_out) addItem(ITEM_RESULT_STRING, arg, true);
    if (spec.type == ArgType::pollfd_inout) addItem(ITEM_READY_POLL, arg, true, lengthArg(spec));
    // One item for the three sets.
    if (spec.type == ArgType::fd_set_inout && arg == 1) addItem(ITEM_READY_SELECT, arg, true);
    if (spec.type == ArgType::pollfd_inout && arg == 0) shape_.plan.sets = SETS_POLL;
    if (spec.type == ArgType::fd_set_inout && arg == 1) shape_.plan.sets = SETS_SELECT;
    if (spec.type == ArgType::epoll_events_out) addItem(ITEM_READY_EPOLL, arg, true);
    const StructShape* fixed = findShape(kStructs, spec.type);
    if (fixed != nullptr && isAlwaysCaptured(fixed->type)) addStruct(*fixed, arg);
  }

  void addWithSnaplen(uint8_t arg) {
    const ArgSpec& spec = spec_.args[arg];
    const uint8_t length = lengthArg(spec);
    const StructShape* fixed = findShape(kStructs, spec.type);
    if (fixed != nullptr && !isAlwaysCaptured(fixed->type)) addStruct(*fixed, arg);
    if (const ArrayShape* array = findShape(kArrays, spec.type)) {
      if (array->in) addItem(ITEM_COUNTED, arg, false, length, array->element);
      if (array->out) addItem(ITEM_COUNTED, arg, true, NO_ARG, elementBytes(*array));
    }
    if (spec.type == ArgType::buffer_in) addItem(ITEM_BUFFER, arg, false, length);
    if (spec.type == ArgType::buffer_out) addItem(ITEM_RESULT, arg, true);
    if (spec.type == ArgType::dirents_out) addItem(ITEM_DIRENTS, arg, true, NO_ARG, reclenOffset());
    if (spec.type == ArgType::sockaddr_out || spec.type == ArgType::sockopt_out) {
      addItem(ITEM_SOCKLEN, arg, true, length);
    }
    if (spec.type == ArgType::iovec_in) addItem(ITEM_IOVEC, arg, false, length);
    if (spec.type == ArgType::iovec_out) addItem(ITEM_IOVEC, arg, true, length);
    if (spec.type == ArgType::iovec_addr) addItem(ITEM_IOVEC, arg, false, length, IOVEC_ARRAY_ONLY);
    if (spec.type == ArgType::fd_set_inout) addItem(ITEM_FIXED, arg, false, NO_ARG, 128);
    if (spec.type == ArgType::pselect_sigset_in) addItem(ITEM_SIGMASK, arg, false);
    if (spec.type == ArgType::clone_args_in) addItem(ITEM_CLONE_IDS, arg, true);
    if (spec.type == ArgType::msgbuf_in) addItem(ITEM_MSGBUF, arg, false, length, wordBytes());
    if (spec.type == ArgType::msgbuf_out) addItem(ITEM_MSGBUF, arg, true, NO_ARG, wordBytes());
    addMessages(spec.type, arg, length);
    addByCommand(spec.type, arg);
  }

  void addMessages(ArgType type, uint8_t arg, uint8_t length) {
    const uint32_t header = is_64_ ? 56 : 28, element = is_64_ ? 64 : 32;
    switch (type) {
      case ArgType::msghdr_in: addItem(ITEM_MSGHDR, arg, false); break;
      case ArgType::msghdr_out:
        addItem(ITEM_FIXED, arg, false, NO_ARG, header);
        addItem(ITEM_MSGHDR, arg, true);
        break;
      case ArgType::mmsghdr_in:
      case ArgType::mmsghdr_out: {
        const bool out = type == ArgType::mmsghdr_out;
        addItem(ITEM_COUNTED, arg, false, length, element);
        addItem(ITEM_COUNTED, arg, true, NO_ARG, element);
        addItem(ITEM_MMSGHDR, arg, out, out ? uint8_t{NO_ARG} : length);  // of messages that came: the result
        break;
      }
      default: break;
    }
  }

  void addByCommand(ArgType type, uint8_t arg) {
    if (type == ArgType::prctl_arg && arg == 1) {
      addItem(ITEM_BY_COMMAND, arg, false, 0, RULE_PRCTL);
      addItem(ITEM_BY_COMMAND, arg, true, 0, RULE_PRCTL);
    }
    if (type == ArgType::prctl_arg && arg == 2) addItem(ITEM_BY_COMMAND, arg, false, 0, RULE_SECCOMP);
    const CommandShape* shape = findShape(kByCommand, type);
    if (shape == nullptr || arg < shape->back) return;
    const auto command = static_cast<uint8_t>(arg - shape->back);
    if (shape->in) addItem(ITEM_BY_COMMAND, arg, false, command, shape->rule);
    if (shape->out) addItem(ITEM_BY_COMMAND, arg, true, command, shape->rule);
  }

  void addStruct(const StructShape& shape, uint8_t arg) {
    uint32_t size = is_64_ ? shape.size_64 : shape.size_32;
    if (abi_ == Abi::aarch64 && shape.type == ArgType::stat_out) size = 128;
    if (abi_ == Abi::aarch64 && shape.type == ArgType::epoll_event_in) size = 16;
    if (size == 0) return;
    if (shape.in) addItem(ITEM_FIXED, arg, false, NO_ARG, size);
    if (shape.out) addItem(ITEM_FIXED, arg, true, NO_ARG, size);
  }

  // What the types of the arguments do not say.
  void addOddOnes() {
    if (spec_.name == "clone") addItem(ITEM_FIXED, 2, true, NO_ARG, 4);  // the parent's copy of the tid
    if (spec_.name == "rt_sigreturn" && (abi_ == Abi::x86_64 || abi_ == Abi::i386))
      addItem(ITEM_SIGRETURN, 0, false);
  }

  // Calls that move bytes of a stream, as many as they return.
  void addRest() {
    constexpr std::array<std::string_view, 12> kStreams = {"read",     "readv",   "preadv2", "recv",
                                                           "recvfrom", "recvmsg", "write",   "writev",
                                                           "pwritev2", "send",    "sendto",  "sendmsg"};
    if (std::find(kStreams.begin(), kStreams.end(), spec_.name) == kStreams.end()) return;
    for (uint8_t i = 0; i < shape_.plan.items; ++i) {
      const plan_item& item = shape_.plan.item[i];
      if (item.arg == 1 && item.what != ITEM_FIXED) shape_.plan.rest_item = i;
    }
  }

  // Whether a short record will do, for the calls that are made most.
  void shorten() {
    constexpr uint8_t kMore = PLAN_RETURNS_FD | PLAN_LATE_RESOURCE | PLAN_CWD | PLAN_PAIR;
    call_plan& plan = shape_.plan;
    if (plan.fd_arg[1] != NO_ARG || plan.fd_is_dir != 0 || (plan.flags & kMore) != 0) return;
    uint8_t buffer = BUFFER_NONE;
    for (uint8_t i = 0; i < plan.items; ++i) {
      const plan_item& item = plan.item[i];
      if (item.arg >= SHORT_ARGS) continue;  // nothing where that argument is 0
      const bool in = item.what == ITEM_BUFFER && item.len_arg == 2, out = item.what == ITEM_RESULT;
      if (item.arg != 1 || (!in && !out) || buffer != BUFFER_NONE) return;
      buffer = in ? BUFFER_IN : BUFFER_OUT;
    }
    // What is larger than one part comes in pieces behind a long record.
    if (buffer != BUFFER_NONE && (snaplen_ < 0 || snaplen_ > CAPTURE_REST_FROM)) return;
    plan.buffer = buffer;
    plan.flags |= PLAN_SHORT;
    if (spec_.arg_count > SHORT_ARGS) plan.zero_args = static_cast<uint8_t>(spec_.arg_count - SHORT_ARGS);
  }

  uint32_t wordBytes() const { return is_64_ ? 8 : 4; }
  // include/linux/dirent.h: behind d_ino and d_off, which are longs in the old call
  uint32_t reclenOffset() const { return spec_.name == "getdents" ? 2 * wordBytes() : 16; }
  uint32_t elementBytes(const ArrayShape& array) const {
    return abi_ == Abi::aarch64 && array.type == ArgType::epoll_events_out ? 16 : array.element;
  }

  static uint8_t lengthArg(const ArgSpec& spec) {
    return spec.length_arg < 0 ? uint8_t{NO_ARG} : static_cast<uint8_t>(spec.length_arg);
  }

  void addItem(uint8_t what, uint8_t arg, bool out, uint8_t length_arg = NO_ARG, uint32_t size = 0) {
    call_plan& plan = shape_.plan;
    if (plan.items == MAX_ITEMS) return;
    plan_item& item = plan.item[plan.items++];
    item.what = what;
    item.arg = arg;
    item.out = out ? 1 : 0;
    item.len_arg = length_arg;
    item.size = size;
    plan.flags = static_cast<uint8_t>(plan.flags | (out ? PLAN_EXIT_PARTS : PLAN_ENTER_PARTS));
  }

  const SyscallSpec& spec_;
  const Abi abi_;
  const bool is_64_;
  const int64_t snaplen_;
  CallShape shape_;
};

int rowOf(uint8_t abi, int32_t nr) {
  auto index = static_cast<uint32_t>(nr);
  if (abi == ABI_X32) index &= ~kX32Bit;
  if (index >= PLAN_CALLS) return -1;
  const int row = static_cast<int>(index);
  if (abi == ABI_I386) return row + PLAN_CALLS;
  return abi == ABI_X32 ? row + 2 * PLAN_CALLS : row;
}

}  // namespace

CallShape planOf(const SyscallSpec& spec, Abi abi, int64_t snaplen) {
  return PlanBuilder(spec, abi, snaplen).build();
}

CapturePlan::CapturePlan(int64_t snaplen) : rows_(size_t{PLAN_TABLES} * PLAN_CALLS) {
#if defined(__aarch64__)
  constexpr std::array kAbis = {Abi::aarch64};
#else
  constexpr std::array kAbis = {Abi::x86_64, Abi::i386, Abi::x32};
#endif
  for (CallShape& row : rows_) {
    row.plan.fd_arg[0] = row.plan.fd_arg[1] = row.plan.pair_arg = row.plan.rest_item = NO_ARG;
  }
  for (const Abi abi : kAbis) {
    for (const SyscallSpec& spec : allSyscalls(abi)) {
      const int row = rowOf(static_cast<uint8_t>(abi), spec.nr);
      if (row >= 0) rows_[static_cast<size_t>(row)] = planOf(spec, abi, snaplen);
    }
  }
}

const CallShape* CapturePlan::find(uint8_t abi, int32_t nr) const {
  const int row = rowOf(abi, nr);
  if (row < 0) return nullptr;
  const CallShape& shape = rows_[static_cast<size_t>(row)];
  return (shape.plan.flags & PLAN_KNOWN) != 0 ? &shape : nullptr;
}

}  // namespace tarry
