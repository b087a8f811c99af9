// TemporaryFile: a file that becomes TARGET when it is whole, and is removed again otherwise.
#pragma once

#include <string>

namespace tarry {

class TemporaryFile {
 public:
  // Beside `target`, readable by its owner only. Throws TraceError.
  explicit TemporaryFile(const std::string& target);
  ~TemporaryFile();
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  const std::string& path() const { return path_; }
  void renameTo(const std::string& target);

 private:
  std::string path_;
};

}  // namespace tarry
