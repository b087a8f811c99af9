// Header compression of HTTP/2 (RFC 7541), by libnghttp2. What one block says changes the meaning of those
// after it, so after a block that is not whole none can be read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

struct nghttp2_hd_inflater;

namespace tarry::analysis {

// A header block, decoded.
struct HeaderSet {
  std::string method, scheme, authority, path, status;
  std::string fields;  // "name: value" lines
  bool whole = true;   // false: longer than is kept
};

class HeaderInflater {
 public:
  // May be called at any time; counts from the next block on. Tables are bounded, whatever the peers agree
  // on.
  void tableSize(uint32_t bytes);
  // False where it makes no sense; nothing can be read after that.
  bool inflate(std::span<const uint8_t> block, HeaderSet& into);
  void fail() { failed_ = true; }
  bool failed() const { return failed_; }

 private:
  struct Free {
    void operator()(nghttp2_hd_inflater* inflater) const;
  };
  bool prepare();

  std::unique_ptr<nghttp2_hd_inflater, Free> inflater_;
  bool failed_ = false;
};

}  // namespace tarry::analysis
