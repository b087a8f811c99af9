#include "format/definition_tables.h"

#include <algorithm>
#include <utility>

#include "format/block.h"

namespace tarry {
namespace {

constexpr uint64_t kEntryOverhead = 128;  // of the maps, about

bool isStale(const EpochMarks& marks, uint32_t epoch) {
  return marks.used + 2 < epoch;
}

template <class T>
void appendBytes(std::string& key, T value) {
  key.append(reinterpret_cast<const char*>(&value), sizeof value);
}

}  // namespace

// ---- strings ----------------------------------------------------------------------------------

StringId StringTable::intern(std::string_view text) {
  if (text.empty()) return {};
  text = text.substr(0, kMaxStringBytes);
  if (const auto found = by_text_.find(text); found != by_text_.end()) {
    found->second->marks.used = epoch_;
    return StringId{found->second->id};
  }
  const uint32_t id = next_id_++;
  auto entry = std::make_unique<Entry>(Entry{id, std::string(text), {.used = epoch_, .written = 0}});
  by_text_.emplace(entry->text, entry.get());
  entries_.emplace(id, std::move(entry));
  bytes_ += text.size() + kEntryOverhead;
  return StringId{id};
}

void StringTable::use(StringId id) {
  if (!id) return;
  const auto found = entries_.find(id.value);
  if (found == entries_.end()) return;
  Entry& entry = *found->second;
  entry.marks.used = epoch_;
  if (entry.marks.written == epoch_) return;
  entry.marks.written = epoch_;
  pending_.push_back(id.value);
  pending_bytes_ += entry.text.size();
}

void StringTable::touch(StringId id) {
  if (const auto found = entries_.find(id.value); found != entries_.end()) found->second->marks.used = epoch_;
}

void StringTable::beginEpoch() {
  ++epoch_;
  if (bytes_ > max_bytes_) {
    std::erase_if(entries_, [&](const auto& item) {
      const Entry& entry = *item.second;
      if (!isStale(entry.marks, epoch_)) return false;
      bytes_ -= entry.text.size() + kEntryOverhead;
      by_text_.erase(entry.text);
      return true;
    });
  }
  epoch_bytes_ = bytes_;
}

std::vector<StringRow> StringTable::takePending() {
  std::sort(pending_.begin(), pending_.end());
  std::vector<StringRow> rows;
  rows.reserve(pending_.size());
  for (uint32_t id : pending_) rows.push_back({id, entries_.at(id)->text});
  pending_.clear();
  pending_bytes_ = 0;
  return rows;
}

// ---- stacks -----------------------------------------------------------------------------------

FrameId StackTable::internFrame(const Frame& frame) {
  key_.clear();
  appendBytes(key_, frame.address);
  appendBytes(key_, frame.symbol.value);
  appendBytes(key_, frame.module.value);
  appendBytes(key_, frame.offset);
  const auto [found, is_new] = frame_ids_.try_emplace(key_, next_frame_);
  if (is_new) {
    FrameEntry entry{frame, {.used = epoch_, .written = 0}};
    entry.frame.id = FrameId{next_frame_};
    frames_.emplace(next_frame_++, entry);
  } else {
    frames_.at(found->second).marks.used = epoch_;
  }
  return FrameId{found->second};
}

StackId StackTable::internStack(bool kernel, std::span<const FrameId> frames) {
  if (frames.empty()) return {};
  frames = frames.first(std::min<size_t>(frames.size(), kMaxStackDepth));
  key_.clear();
  key_.push_back(kernel ? 'k' : 'u');
  for (FrameId frame : frames) appendBytes(key_, frame.value);
  const auto [found, is_new] = stack_ids_.try_emplace(key_, next_stack_);
  if (is_new) {
    stacks_.emplace(next_stack_, StackEntry{{next_stack_, kernel, {frames.begin(), frames.end()}},
                                            {.used = epoch_, .written = 0}});
    ++next_stack_;
  } else {
    stacks_.at(found->second).marks.used = epoch_;
  }
  return StackId{found->second};
}

void StackTable::useFrame(FrameId id) {
  const auto found = frames_.find(id.value);
  if (found == frames_.end()) return;
  FrameEntry& entry = found->second;
  entry.marks.used = epoch_;
  strings_.touch(entry.frame.symbol);
  strings_.touch(entry.frame.module);
  if (entry.marks.written == epoch_) return;
  entry.marks.written = epoch_;
  strings_.use(entry.frame.symbol);
  strings_.use(entry.frame.module);
  pending_.frames.push_back(entry.frame);
}

void StackTable::use(StackId id) {
  if (!id) return;
  const auto found = stacks_.find(id.value);
  if (found == stacks_.end()) return;
  StackEntry& entry = found->second;
  entry.marks.used = epoch_;
  if (entry.marks.written == epoch_) return;
  entry.marks.written = epoch_;
  for (FrameId frame : entry.row.frames) useFrame(frame);
  pending_.stacks.push_back(entry.row);
  pending_refs_ += entry.row.frames.size();
}

void StackTable::beginEpoch() {
  ++epoch_;
  if (frames_.size() + stacks_.size() <= max_entries_) {
    // Frames that stay known need their strings.
    for (const auto& [id, entry] : frames_) {
      strings_.touch(entry.frame.symbol);
      strings_.touch(entry.frame.module);
    }
    return;
  }
  std::erase_if(stacks_, [&](const auto& item) { return isStale(item.second.marks, epoch_); });
  for (const auto& [id, entry] : stacks_) {
    for (FrameId frame : entry.row.frames) {
      if (const auto found = frames_.find(frame.value); found != frames_.end())
        found->second.marks.used = epoch_;
    }
  }
  std::erase_if(frames_, [&](const auto& item) { return isStale(item.second.marks, epoch_); });
  std::erase_if(stack_ids_, [&](const auto& item) { return !stacks_.contains(item.second); });
  std::erase_if(frame_ids_, [&](const auto& item) { return !frames_.contains(item.second); });
  for (const auto& [id, entry] : frames_) {
    strings_.touch(entry.frame.symbol);
    strings_.touch(entry.frame.module);
  }
}

StackRows StackTable::takePending() {
  const auto by_id = [](const auto& a, const auto& b) { return a.id < b.id; };
  std::sort(pending_.frames.begin(), pending_.frames.end(), by_id);
  std::sort(pending_.stacks.begin(), pending_.stacks.end(), by_id);
  pending_refs_ = 0;
  return std::exchange(pending_, {});
}

}  // namespace tarry
