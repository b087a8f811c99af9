// The parts of the kernel that the BPF programs use, by the names that its BTF knows.
#pragma once

#include <string>
#include <vector>

namespace tarry {

struct Need {
  std::string name;
  bool optional = false;
  std::string use;  // what it is for, or what is missing without
};

const std::vector<Need>& neededTracepoints();
const std::vector<Need>& neededIterators();

}  // namespace tarry
