#include "recorder/bpf_kernel_features.h"

#include <bpf/btf.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "format/errors.h"

namespace tarry {

namespace {

struct BtfDeleter {
  void operator()(btf* one) const { btf__free(one); }
};
using BtfPtr = std::unique_ptr<btf, BtfDeleter>;

// Offset of a variable among the per-CPU ones.
std::optional<uint64_t> percpuOffset(const btf& types, std::string_view variable) {
  const int section = btf__find_by_name_kind(&types, ".data..percpu", BTF_KIND_DATASEC);
  if (section < 0) return std::nullopt;
  const btf_type* datasec = btf__type_by_id(&types, static_cast<uint32_t>(section));
  const btf_var_secinfo* entries = btf_var_secinfos(datasec);
  for (uint16_t i = 0; i < btf_vlen(datasec); ++i) {
    const btf_type* entry = btf__type_by_id(&types, entries[i].type);
    if (variable == btf__name_by_offset(&types, entry->name_off)) return entries[i].offset;
  }
  return std::nullopt;
}

// Offset of a member in a structure, in bytes.
std::optional<uint64_t> memberOffset(const btf& types, const char* structure, std::string_view member) {
  const int id = btf__find_by_name_kind(&types, structure, BTF_KIND_STRUCT);
  if (id < 0) return std::nullopt;
  const btf_type* type = btf__type_by_id(&types, static_cast<uint32_t>(id));
  const btf_member* members = btf_members(type);
  for (uint16_t i = 0; i < btf_vlen(type); ++i) {
    // pcpu_hot keeps its fields in anonymous structures
    const char* name = btf__name_by_offset(&types, members[i].name_off);
    if (member == name) return btf_member_bit_offset(type, i) / 8;
    if (*name != '\0') continue;
    const btf_type* inner = btf__type_by_id(&types, members[i].type);
    while (btf_is_mod(inner)) inner = btf__type_by_id(&types, inner->type);
    if (!btf_is_composite(inner)) continue;
    const btf_member* inner_members = btf_members(inner);
    for (uint16_t k = 0; k < btf_vlen(inner); ++k) {
      const char* inner_name = btf__name_by_offset(&types, inner_members[k].name_off);
      const uint64_t base = btf_member_bit_offset(type, i) / 8;
      if (member == inner_name) return base + btf_member_bit_offset(inner, k) / 8;
      if (*inner_name != '\0') continue;
      const btf_type* core = btf__type_by_id(&types, inner_members[k].type);
      if (!btf_is_composite(core)) continue;
      for (uint16_t m = 0; m < btf_vlen(core); ++m) {
        if (member == btf__name_by_offset(&types, btf_members(core)[m].name_off)) {
          return base + btf_member_bit_offset(inner, k) / 8 + btf_member_bit_offset(core, m) / 8;
        }
      }
    }
  }
  return std::nullopt;
}

std::optional<uint64_t> preemptCountOffset(const btf& types) {
  if (const auto plain = percpuOffset(types, "__preempt_count")) return plain;
  const auto hot = percpuOffset(types, "pcpu_hot");  // 6.2 to 6.14
  const auto member = memberOffset(types, "pcpu_hot", "preempt_count");
  if (!hot || !member) return std::nullopt;
  return *hot + *member;
}

// Parameters of a BTF tracepoint, with the leading context; 0 where there is none.
int tracepointArguments(const btf& types, const char* name) {
  const int id = btf__find_by_name_kind(&types, name, BTF_KIND_TYPEDEF);
  if (id < 0) return 0;
  const btf_type* pointer = btf__type_by_id(&types, btf__type_by_id(&types, static_cast<uint32_t>(id))->type);
  if (!btf_is_ptr(pointer)) return 0;
  const btf_type* function = btf__type_by_id(&types, pointer->type);
  return btf_is_func_proto(function) ? btf_vlen(function) : 0;
}

bool hasHelper(const btf& types, std::string_view helper) {
  const int id = btf__find_by_name_kind(&types, "bpf_func_id", BTF_KIND_ENUM);
  if (id < 0) return false;
  const btf_type* type = btf__type_by_id(&types, static_cast<uint32_t>(id));
  const struct btf_enum* values = btf_enum(type);
  for (uint16_t i = 0; i < btf_vlen(type); ++i) {
    if (helper == btf__name_by_offset(&types, values[i].name_off)) return true;
  }
  return false;
}

}  // namespace

KernelFeatures readKernelFeatures() {
  const BtfPtr types(btf__load_vmlinux_btf());
  if (!types) {
    throw RecordError(std::string("cannot record with eBPF: this kernel has no type information (BTF): ") +
                      std::strerror(errno) + " (needs a kernel built with CONFIG_DEBUG_INFO_BTF)");
  }
  KernelFeatures features;
  features.rdonly_cast = btf__find_by_name_kind(types.get(), "bpf_rdonly_cast", BTF_KIND_FUNC) >= 0;
  features.switch_has_state = tracepointArguments(*types, "btf_trace_sched_switch") >= 5;
  features.data_ready = tracepointArguments(*types, "btf_trace_sk_data_ready") > 0;
  features.sockets = tracepointArguments(*types, "btf_trace_inet_sock_set_state") > 0;
  features.packets = btf__find_by_name_kind(types.get(), "bpf_dynptr_from_skb", BTF_KIND_FUNC) >= 0;
  features.suspends = tracepointArguments(*types, "btf_trace_suspend_resume") > 0;
  features.user_task_copy = hasHelper(*types, "BPF_FUNC_copy_from_user_task");
  const auto runqueues = percpuOffset(*types, "runqueues");
  const auto preempt_count = preemptCountOffset(*types);
  if (runqueues && preempt_count) {
    features.percpu_offsets = true;
    features.runqueues_offset = *runqueues;
    features.preempt_count_offset = *preempt_count;
  }
  return features;
}

}  // namespace tarry
