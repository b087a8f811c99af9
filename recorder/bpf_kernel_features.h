// What the running kernel has, read from its BTF: the settings of recorder/bpf/kernel_compat.h.
#pragma once

#include <cstdint>

namespace tarry {

struct KernelFeatures {
  bool rdonly_cast = false;       // kfunc bpf_rdonly_cast
  bool switch_has_state = false;  // fourth argument of sched_switch
  bool data_ready = false;        // tracepoint sk_data_ready
  bool sockets = false;           // tracepoint inet_sock_set_state, and with it those of TCP
  bool packets = false;           // kfunc bpf_dynptr_from_skb
  bool suspends = false;          // tracepoint suspend_resume: a kernel that can be suspended
  bool user_task_copy = false;    // helper bpf_copy_from_user_task
  bool percpu_offsets = false;    // the two below hold
  uint64_t runqueues_offset = 0;
  uint64_t preempt_count_offset = 0;
};

// Throws RecordError where the kernel has no BTF.
KernelFeatures readKernelFeatures();

}  // namespace tarry
