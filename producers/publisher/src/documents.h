// Paths to messages: files, folders, streams; NDJSON a line at a time, so that a stream may be
// longer than memory.
#pragma once

#include <cstddef>
#include <functional>
#include <istream>
#include <string>
#include <string_view>
#include <vector>

namespace kronika::publisher {

struct Paths {
  std::vector<std::string> files;  ///< "-" stays itself
  std::vector<std::string> failures;
  std::size_t skipped = 0;
};
/// Expands folders, sorted by name; hidden files and *.md, *.txt of a folder are skipped (a file
/// named itself never is).
[[nodiscard]] Paths expand(const std::vector<std::string>& paths);

/// f(document, number from 1); returns false to stop. Reads at most `limit` bytes into one
/// document; a longer one gives `too_long(number)` instead.
void for_each_document(std::istream& in, std::size_t limit,
                       const std::function<bool(std::string_view, std::size_t)>& f,
                       const std::function<void(std::size_t)>& too_long);

}  // namespace kronika::publisher
