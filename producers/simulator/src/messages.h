// Messages from drafts: fact keys, versions, times of recording and arrival, and what goes wrong on
// the way (Faults).
#pragma once

#include "life.h"

#include <vector>

namespace kronika::simulator {

enum class Kind : std::uint8_t {
  kPlain,
  kLate,
  kDuplicate,
  kCorrection,
  kCancellation,
  kRefusable
};

struct Message {
  Arrival arrival;
  Kind kind = Kind::kPlain;
};

class MessageWriter {
 public:
  MessageWriter(const Options& options, const Timeline& timeline)
      : options_(options), timeline_(timeline) {}

  /// All messages of a citizen that arrive by the end of the time line, in no order.
  [[nodiscard]] std::vector<Message> write(const Citizen& citizen, std::vector<Draft> drafts) const;

 private:
  const Options& options_;
  const Timeline& timeline_;
};

}  // namespace kronika::simulator
