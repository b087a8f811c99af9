// Rows of events that come with bytes (packets, plaintext), for codecs, writer and reader: the bytes of a
// whole block lie behind each other, and each row says which are its own.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "format/block.h"

namespace tarry {

template <class Event>
struct ByteRows {
  struct Row {
    Event event;      // without its data
    uint32_t at = 0;  // where its kept bytes begin in `bytes`
    uint32_t size = 0;
  };

  std::vector<Row> rows;
  std::vector<uint8_t> bytes;

  // Keeps as much of its data as a block may hold.
  void add(const Event& event) {
    const size_t space = std::min<size_t>(kMaxPayloadBytes, kMaxBlockPayloadBytes - bytes.size());
    const auto data = event.data.first(std::min(event.data.size(), space));
    rows.push_back({event, static_cast<uint32_t>(bytes.size()), static_cast<uint32_t>(data.size())});
    rows.back().event.data = {};
    bytes.insert(bytes.end(), data.begin(), data.end());
  }
  size_t size() const { return rows.size(); }
  // With its data, which live as long as the rows stay as they are.
  Event event(uint32_t row) const {
    Event event = rows[row].event;
    event.data = std::span(bytes).subspan(rows[row].at, rows[row].size);
    return event;
  }
  // Takes the bytes of rows that know their sizes. Throws BadBlock if the rows want more.
  void place(std::span<const uint8_t> of_block) {
    uint64_t at = 0;
    for (Row& row : rows) {
      if (row.size > of_block.size() - at)
        throw BadBlock("a row whose bytes are beyond the end of its block");
      row.at = static_cast<uint32_t>(at);
      at += row.size;
    }
    bytes.assign(of_block.begin(), of_block.end());
  }
  void clear() {
    rows.clear();
    bytes.clear();
  }
};

}  // namespace tarry
