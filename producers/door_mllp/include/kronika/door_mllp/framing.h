// MLLP, release 1: a message stands between VT (0x0b) and FS CR (0x1c 0x0d). Reads a stream of
// bytes in whatever portions it comes, without a second copy, and never holds more than a message.
//
//   Framing framing(max);
//   for (Framing::Step s; (s = framing.read(bytes)).found != Framing::Found::kMore;) {
//     bytes.remove_prefix(s.used); ... framing.message() ...
//   }
//
// Use from one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace kronika::door_mllp {

inline constexpr char kStart = '\x0b';
inline constexpr char kEnd = '\x1c';

class Framing {
 public:
  enum class Found : std::uint8_t {
    kMore,     ///< all bytes are used up, and nothing is complete
    kMessage,  ///< message() is whole
    kCut,      ///< a new frame begins before the last one ended; message() is what there was
    kStray,    ///< bytes outside a frame; the place in the stream is lost
    kTooLong,  ///< the frame ended; message() is its beginning
  };
  struct Step {
    Found found = Found::kMore;
    std::size_t used = 0;
  };

  explicit Framing(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  /// Reads on; begins a new message if the last step gave one.
  [[nodiscard]] Step read(std::string_view bytes);
  /// Valid until the next read().
  [[nodiscard]] const std::string& message() const { return message_; }
  /// A frame has begun and not ended.
  [[nodiscard]] bool in_frame() const { return in_frame_; }
  /// Bytes that are held.
  [[nodiscard]] std::size_t held() const { return message_.capacity(); }
  /// Keeps the beginning alone and skips the rest: the frame ends as kTooLong.
  void skip_rest();
  /// Frees what a message took, where it took much.
  void shrink();

 private:
  void append(std::string_view part);

  std::size_t max_bytes_;
  std::string message_;
  bool in_frame_ = false;
  bool skipping_ = false;
  bool given_ = false;  ///< message_ was handed out and is to be cleared
};

/// VT, the text, FS CR.
[[nodiscard]] std::string framed(std::string_view text);

}  // namespace kronika::door_mllp
