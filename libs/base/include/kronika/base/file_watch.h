// Whether files were replaced, for what is read again without a restart: certificates, passwords,
// sealing keys.
//
//   FileWatch watch({certificate, key});
//   if (watch.changed()) ...                  // every few seconds
//
// A secret in Kubernetes is mounted behind a link that is swapped; what counts is the file at its
// end. Thread: one at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace kronika {

class FileWatch {
 public:
  /// Empty paths are left out.
  explicit FileWatch(std::vector<std::filesystem::path> files);

  /// True once the files differ from those last taken and were the same in two looks on end: by
  /// then files that belong together have all been written. They count as taken from then on.
  [[nodiscard]] bool changed();

 private:
  struct Stamp {
    bool there = false;
    std::int64_t modified_ns = 0;
    std::uint64_t inode = 0, bytes = 0;
    friend bool operator==(const Stamp&, const Stamp&) = default;
  };
  [[nodiscard]] std::vector<Stamp> look() const;

  std::vector<std::filesystem::path> files_;
  std::vector<Stamp> taken_, seen_;
};

}  // namespace kronika
