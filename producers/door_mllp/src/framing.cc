#include <algorithm>

#include <kronika/door_mllp/framing.h>

namespace kronika::door_mllp {
namespace {

constexpr std::size_t kBeginning = 4096;  ///< kept of a message that is too long: its MSH
constexpr std::size_t kKeptBuffer = 16 * 1024;

/// Line ends between frames are customary: the CR behind FS, and what tools add.
bool is_filling(char c) { return c == '\r' || c == '\n'; }

}  // namespace

void Framing::skip_rest() {
  if (message_.size() > kBeginning) message_.resize(kBeginning);
  message_.shrink_to_fit();
  skipping_ = true;
}

void Framing::shrink() {
  if (message_.capacity() <= kKeptBuffer) return;
  message_.clear();
  message_.shrink_to_fit();
}

void Framing::append(std::string_view part) {
  if (skipping_) return;
  if (message_.size() + part.size() > max_bytes_) return skip_rest();
  message_.append(part);
}

Framing::Step Framing::read(std::string_view bytes) {
  if (given_) {
    message_.clear();
    given_ = false;
  }
  std::size_t at = 0;
  if (!in_frame_) {
    while (at < bytes.size() && is_filling(bytes[at])) ++at;
    if (at == bytes.size()) return {Found::kMore, at};
    if (bytes[at] != kStart) {
      given_ = true;
      return {Found::kStray, at};
    }
    ++at;
    in_frame_ = true;
    skipping_ = false;
    message_.clear();
  }
  const std::string_view rest = bytes.substr(at);
  const auto stop =
      std::find_if(rest.begin(), rest.end(), [](char c) { return c == kEnd || c == kStart; });
  const auto length = static_cast<std::size_t>(stop - rest.begin());
  append(rest.substr(0, length));
  if (stop == rest.end()) return {Found::kMore, bytes.size()};
  in_frame_ = false;
  given_ = true;
  if (*stop == kStart) return {Found::kCut, at + length};  // the next frame begins there
  return {skipping_ ? Found::kTooLong : Found::kMessage, at + length + 1};
}

std::string framed(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 3);
  out += kStart;
  out += text;
  out += kEnd;
  out += '\r';
  return out;
}

}  // namespace kronika::door_mllp
