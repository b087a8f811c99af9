// Which file a recording goes to, and that it can be written, found out before anything is started.
#pragma once

#include <string>
#include <utility>

namespace tarry {

// A reserved output path. Unless kept, a file that was not there before is removed again: a command
// that could not be started leaves no trace of nothing.
class OutputFile {
 public:
  // "-" is standard output, which must not be a terminal. An existing file is left as it is until
  // the sink is opened. Throws RecordError where the path cannot be written.
  static OutputFile named(const std::string& path);
  // NAME.tarry in the current directory, or the first of NAME-2.tarry, NAME-3.tarry … that does not
  // exist: a recording never replaces another one unless the user names it.
  static OutputFile numbered(const std::string& name);
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  const std::string& path() const { return path_; }
  bool isStdout() const { return path_ == "-"; }
  void keep() { created_ = false; }
  // Removes the file in any case, unless it is a device or a FIFO.
  void discard();

 private:
  OutputFile(std::string path, bool created) : path_(std::move(path)), created_(created) {}
  std::string path_;
  bool created_;  // by us, and not to be kept so far
};

}  // namespace tarry
