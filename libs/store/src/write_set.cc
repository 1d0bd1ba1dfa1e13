#include <kronika/store/state_store.h>

namespace kronika::store {

void WriteSet::put(ColumnFamily cf, std::string_view key, std::string_view value) {
  const auto key_at = static_cast<std::uint32_t>(arena_.size());
  arena_.append(key);
  const auto value_at = static_cast<std::uint32_t>(arena_.size());
  arena_.append(value);
  ops_.push_back({cf, true, key_at, static_cast<std::uint32_t>(key.size()), value_at,
                  static_cast<std::uint32_t>(value.size())});
}

void WriteSet::erase(ColumnFamily cf, std::string_view key) {
  const auto key_at = static_cast<std::uint32_t>(arena_.size());
  arena_.append(key);
  ops_.push_back({cf, false, key_at, static_cast<std::uint32_t>(key.size()), 0, 0});
}

WriteSet::Write WriteSet::at(std::size_t index) const {
  const Op& op = ops_[index];
  const std::string_view bytes = arena_;
  return {op.cf, op.is_put, bytes.substr(op.key_at, op.key_bytes),
          bytes.substr(op.value_at, op.value_bytes)};
}

void WriteSet::clear() {
  // One unusually large transaction must not keep its memory for ever.
  constexpr std::size_t kKeepBytes = 16U << 20;
  if (arena_.capacity() > kKeepBytes) {
    std::string().swap(arena_);
    std::vector<Op>().swap(ops_);
  }
  ops_.clear();
  arena_.clear();
}

}  // namespace kronika::store
