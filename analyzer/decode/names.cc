#include "analyzer/decode/names.h"

#include <algorithm>
#include <array>

namespace tarry::decode {
namespace {

struct TypeNames {
  ArgType type;
  const NameTable* table;
};

std::span<const TypeNames> typeNames() {
  static const TypeNames types[] = {
      {ArgType::access_mode, &kAccessMode},
      {ArgType::at_flags, &kAtFlags},
      {ArgType::unlink_flags, &kUnlinkFlags},
      {ArgType::execveat_flags, &kExecveatFlags},
      {ArgType::faccess_flags, &kFaccessFlags},
      {ArgType::name_to_handle_flags, &kNameToHandleFlags},
      {ArgType::statx_flags, &kStatxFlags},
      {ArgType::statx_mask, &kStatxMask},
      {ArgType::seek_whence, &kSeekWhence},
      {ArgType::close_range_flags, &kCloseRangeFlags},
      {ArgType::rename_flags, &kRenameFlags},
      {ArgType::splice_flags, &kSpliceFlags},
      {ArgType::fallocate_mode, &kFallocateMode},
      {ArgType::fadvise_advice, &kFadviseAdvice},
      {ArgType::sync_file_range_flags, &kSyncFileRangeFlags},
      {ArgType::xattr_flags, &kXattrFlags},
      {ArgType::flock_op, &kFlockOp},
      {ArgType::rwf_flags, &kRwfFlags},
      {ArgType::memfd_flags, &kMemfdFlags},
      {ArgType::inotify_mask, &kInotifyMask},
      {ArgType::inotify_flags, &kInotifyFlags},
      {ArgType::mount_flags, &kMountFlags},
      {ArgType::umount_flags, &kUmountFlags},
      {ArgType::move_mount_flags, &kMoveMountFlags},
      {ArgType::open_tree_flags, &kOpenTreeFlags},
      {ArgType::fsopen_flags, &kFsopenFlags},
      {ArgType::fsmount_flags, &kFsmountFlags},
      {ArgType::mount_attr_flags, &kMountAttrFlags},
      {ArgType::fspick_flags, &kFspickFlags},
      {ArgType::fsconfig_cmd, &kFsconfigCmd},
      {ArgType::swap_flags, &kSwapFlags},
      {ArgType::fcntl_cmd, &kFcntlCmd},
      {ArgType::mmap_prot, &kMmapProt},
      {ArgType::mremap_flags, &kMremapFlags},
      {ArgType::msync_flags, &kMsyncFlags},
      {ArgType::mlock_flags, &kMlockFlags},
      {ArgType::mlockall_flags, &kMlockallFlags},
      {ArgType::madvise_advice, &kMadviseAdvice},
      {ArgType::mbind_flags, &kMbindFlags},
      {ArgType::pkey_rights, &kPkeyRights},
      {ArgType::shmat_flags, &kShmatFlags},
      {ArgType::unshare_flags, &kUnshareFlags},
      {ArgType::setns_flags, &kSetnsFlags},
      {ArgType::wait_options, &kWaitOptions},
      {ArgType::waitid_type, &kWaitidType},
      {ArgType::rlimit_resource, &kRlimitResource},
      {ArgType::rusage_who, &kRusageWho},
      {ArgType::prctl_option, &kPrctlOption},
      {ArgType::arch_prctl_code, &kArchPrctlCode},
      {ArgType::sched_policy, &kSchedPolicy},
      {ArgType::priority_which, &kPriorityWhich},
      {ArgType::ioprio_which, &kIoprioWhich},
      {ArgType::seccomp_op, &kSeccompOp},
      {ArgType::seccomp_flags, &kSeccompFlags},
      {ArgType::ptrace_request, &kPtraceRequest},
      {ArgType::membarrier_cmd, &kMembarrierCmd},
      {ArgType::kcmp_type, &kKcmpType},
      {ArgType::pidfd_flags, &kPidfdFlags},
      {ArgType::sigprocmask_how, &kSigprocmaskHow},
      {ArgType::module_flags, &kModuleFlags},
      {ArgType::key_op, &kKeyOp},
      {ArgType::reboot_cmd, &kRebootCmd},
      {ArgType::bpf_cmd, &kBpfCmd},
      {ArgType::perf_flags, &kPerfFlags},
      {ArgType::syslog_type, &kSyslogType},
      {ArgType::landlock_flags, &kLandlockFlags},
      {ArgType::landlock_rule, &kLandlockRule},
      {ArgType::rseq_flags, &kRseqFlags},
      {ArgType::getrandom_flags, &kGetrandomFlags},
      {ArgType::socket_domain, &kSocketDomain},
      {ArgType::accept_flags, &kAcceptFlags},
      {ArgType::msg_flags, &kMsgFlags},
      {ArgType::shutdown_how, &kShutdownHow},
      {ArgType::sockopt_level, &kSockoptLevel},
      {ArgType::epoll_op, &kEpollOp},
      {ArgType::epoll_create_flags, &kEpollCreateFlags},
      {ArgType::eventfd_flags, &kEventfdFlags},
      {ArgType::timerfd_flags, &kTimerfdFlags},
      {ArgType::timerfd_settime_flags, &kTimerfdSettimeFlags},
      {ArgType::timer_flags, &kTimerFlags},
      {ArgType::clock_nanosleep_flags, &kClockNanosleepFlags},
      {ArgType::signalfd_flags, &kSignalfdFlags},
      {ArgType::itimer_which, &kItimerWhich},
      {ArgType::clock_id, &kClockId},
      {ArgType::io_uring_enter_flags, &kIoUringEnterFlags},
      {ArgType::io_uring_register_op, &kIoUringRegisterOp},
      {ArgType::socketcall_nr, &kSocketcallNr},
      {ArgType::ipc_call_nr, &kIpcCallNr},
  };
  return types;
}

// The order is strace's; O_SYNC holds the bit of O_DSYNC, O_TMPFILE that of O_DIRECTORY.
constexpr Name kOpenFlagsX86[] = {
    {0100, "O_CREAT"},       {0200, "O_EXCL"},         {0400, "O_NOCTTY"},       {01000, "O_TRUNC"},
    {02000, "O_APPEND"},     {04000, "O_NONBLOCK"},    {04010000, "O_SYNC"},     {010000, "O_DSYNC"},
    {040000, "O_DIRECT"},    {0100000, "O_LARGEFILE"}, {0400000, "O_NOFOLLOW"},  {01000000, "O_NOATIME"},
    {02000000, "O_CLOEXEC"}, {010000000, "O_PATH"},    {020200000, "O_TMPFILE"}, {0200000, "O_DIRECTORY"},
    {020000, "FASYNC"},
};
constexpr Name kOpenFlagsArm[] = {
    {0100, "O_CREAT"},       {0200, "O_EXCL"},         {0400, "O_NOCTTY"},       {01000, "O_TRUNC"},
    {02000, "O_APPEND"},     {04000, "O_NONBLOCK"},    {04010000, "O_SYNC"},     {010000, "O_DSYNC"},
    {0200000, "O_DIRECT"},   {0400000, "O_LARGEFILE"}, {0100000, "O_NOFOLLOW"},  {01000000, "O_NOATIME"},
    {02000000, "O_CLOEXEC"}, {010000000, "O_PATH"},    {020040000, "O_TMPFILE"}, {040000, "O_DIRECTORY"},
    {020000, "FASYNC"},
};
const NameTable kOpenX86 = {NameTable::Kind::flags, "O_???", kOpenFlagsX86};
const NameTable kOpenArm = {NameTable::Kind::flags, "O_???", kOpenFlagsArm};

}  // namespace

std::string_view nameOf(const NameTable& table, uint64_t value) {
  switch (table.kind) {
    case NameTable::Kind::values: {
      auto it = std::lower_bound(table.names.begin(), table.names.end(), value,
                                 [](const Name& name, uint64_t v) { return name.value < v; });
      return it != table.names.end() && it->value == value ? it->name : std::string_view{};
    }
    case NameTable::Kind::flags: {
      auto it = std::find_if(table.names.begin(), table.names.end(),
                             [value](const Name& name) { return name.value == value; });
      return it != table.names.end() ? it->name : std::string_view{};
    }
  }
  return {};
}

const NameTable* namesOfType(ArgType type) {
  static const auto index = [] {
    std::array<const NameTable*, 512> tables{};
    for (const TypeNames& entry : typeNames()) tables.at(static_cast<size_t>(entry.type)) = entry.table;
    return tables;
  }();
  const auto i = static_cast<size_t>(type);
  return i < index.size() ? index[i] : nullptr;
}

const NameTable& openFlagNames(Abi abi) {
  return abi == Abi::aarch64 ? kOpenArm : kOpenX86;
}

}  // namespace tarry::decode
