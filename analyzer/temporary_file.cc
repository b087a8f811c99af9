#include "analyzer/temporary_file.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "format/errors.h"

namespace tarry {

TemporaryFile::TemporaryFile(const std::string& target) : path_(target + ".XXXXXX") {
  const int fd = mkstemp(path_.data());
  if (fd < 0) throw TraceError("cannot create " + target + ": " + std::strerror(errno));
  close(fd);
}

TemporaryFile::~TemporaryFile() {
  if (!path_.empty()) unlink(path_.c_str());
}

void TemporaryFile::renameTo(const std::string& target) {
  if (std::rename(path_.c_str(), target.c_str()) != 0)
    throw TraceError("cannot create " + target + ": " + std::strerror(errno));
  path_.clear();
}

}  // namespace tarry
