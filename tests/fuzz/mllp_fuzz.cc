// MLLP framing: the same messages in whatever portions the bytes come, and never more than the
// limit.
#include "fuzz.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <kronika/door_mllp/framing.h>

namespace {

using kronika::door_mllp::Framing;
using Seen = std::vector<std::pair<Framing::Found, std::string>>;

constexpr std::size_t kLimit = 8'192;

Seen all(std::string_view bytes, std::size_t portion) {
  Framing framing(kLimit);
  Seen seen;
  while (!bytes.empty()) {
    std::string_view part = bytes.substr(0, portion);
    bytes.remove_prefix(part.size());
    for (;;) {
      const Framing::Step step = framing.read(part);
      kronika::fuzz::require(step.used <= part.size());
      kronika::fuzz::require(framing.held() <= 4 * kLimit);
      part.remove_prefix(step.used);
      if (step.found == Framing::Found::kMore) break;
      seen.emplace_back(step.found, framing.message());
      if (step.found == Framing::Found::kStray) return seen;
    }
  }
  return seen;
}

/// What is kept of a message that is too long depends on the portions; that it is too long does
/// not.
Seen without_beginnings(Seen seen) {
  for (auto& [found, text] : seen) {
    if (found == Framing::Found::kTooLong || text.size() > 4'000) text.clear();
  }
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::size_t portion = 1 + data[0];
  const std::string_view bytes = kronika::fuzz::view(data + 1, size - 1);
  kronika::fuzz::require(without_beginnings(all(bytes, bytes.size())) ==
                         without_beginnings(all(bytes, portion)));
  return 0;
}
