#include "recorder/output_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "format/errors.h"
#include "format/unique_fd.h"

namespace tarry {

namespace {

RecordError cannotWrite(const std::string& path, int error) {
  return RecordError("cannot write " + path + ": " + std::strerror(error) + " (choose another file with -o)");
}

// True if the file was made just now, false if it exists.
bool createExclusively(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!fd && errno != EEXIST) throw cannotWrite(path, errno);
  return static_cast<bool>(fd);
}

}  // namespace

OutputFile OutputFile::named(const std::string& path) {
  if (path == "-") {
    if (::isatty(STDOUT_FILENO) != 0)
      throw RecordError("a trace is not for a terminal (redirect it, or use -o FILE)");
    return OutputFile(path, false);
  }
  if (createExclusively(path)) return OutputFile(path, true);
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) throw cannotWrite(path, EISDIR);
  if (::faccessat(AT_FDCWD, path.c_str(), W_OK, AT_EACCESS) < 0) throw cannotWrite(path, errno);
  return OutputFile(path, false);
}

OutputFile OutputFile::numbered(const std::string& name) {
  for (int number = 1;; ++number) {
    const std::string path = name + (number > 1 ? "-" + std::to_string(number) : "") + ".tarry";
    if (createExclusively(path)) return OutputFile(path, true);
  }
}

void OutputFile::discard() {
  struct stat status {};
  created_ = !isStdout() && ::lstat(path_.c_str(), &status) == 0 && S_ISREG(status.st_mode);
}

OutputFile::~OutputFile() {
  if (created_) ::unlink(path_.c_str());
}

}  // namespace tarry
