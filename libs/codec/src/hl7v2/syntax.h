// The syntax of HL7 v2 ("pipes and hats"), read without copying: a message is a list of views of
// its segments, a Segment knows where its fields begin, and parts of a field are views again.
// Separators are the sender's own (MSH-1, MSH-2). What the fields mean is not known here.
//
//   Syntax s = parse(bytes);                        // s.faults: why it is no message
//   Segment pid = s.first(SegmentId::kPid);
//   std::string_view cpr = component(nth(pid.field(3), '~', 1), ...);
//
// The bytes must outlive everything made of them. Bounded: at most kMaxSegments are taken.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <kronika/codec/adapter.h>

namespace kronika::codec::hl7v2 {

inline constexpr std::size_t kMaxSegments = 20'000;
/// Fields of a segment that can be asked for; later ones are in no mapping.
inline constexpr int kMaxField = 64;

struct Separators {
  char field = '|';
  char component = '^';
  char repetition = '~';
  char escape = '\\';
  char subcomponent = '&';
};

/// The segments that an adapter reads; the rest are kOther.
enum class SegmentId : std::uint8_t {
  kOther,
  kMsh,
  kMsa,
  kEvn,
  kPid,
  kPv1,
  kObr,
  kObx,
  kNte,
  kDg1,
  kRf1,
  kPrd,
  kPr1
};
inline constexpr std::size_t kSegmentIds = 13;
[[nodiscard]] std::string_view name_of(SegmentId id);

/// Part `n` (from 1) of text split at `separator`; empty where there is none. Separator 0: the text
/// has one part.
[[nodiscard]] std::string_view nth(std::string_view text, char separator, int n);
/// Parts of text split at `separator`: at least 1.
[[nodiscard]] std::size_t count_of(std::string_view text, char separator);

/// One segment. Default: an absent one, all of whose fields are empty.
class Segment {
 public:
  Segment() = default;
  Segment(std::string_view bytes, SegmentId id, std::uint32_t occurrence, const Separators& s);

  explicit operator bool() const { return id_ != SegmentId::kOther; }
  [[nodiscard]] SegmentId id() const { return id_; }
  /// 1 for the first OBX of the message, 2 for the second.
  [[nodiscard]] std::uint32_t occurrence() const { return occurrence_; }
  /// Field n as HL7 counts, with its repetitions. MSH-1 and MSH-2 are the separators.
  [[nodiscard]] std::string_view field(int n) const;
  /// A subcomponent, escapes and all; HL7's explicit null ("") reads as empty.
  [[nodiscard]] std::string_view raw(int field, int component = 1, int subcomponent = 1,
                                     int repetition = 1) const;
  [[nodiscard]] std::size_t repetitions(int field) const;
  /// "PID-3.1", "OBX[2]-5", "PID-3[2].4": component 0 leaves the component out.
  [[nodiscard]] std::string place(int field, int component = 0, int repetition = 1) const;
  /// "OBX[2]", or "PID" for a segment that occurs once.
  [[nodiscard]] std::string place() const;

 private:
  std::string_view bytes_;
  const Separators* separators_ = nullptr;
  SegmentId id_ = SegmentId::kOther;
  std::uint32_t occurrence_ = 0;
  int fields_ = 0;                                  ///< fields indexed, the name being field 0
  std::array<std::uint32_t, kMaxField + 2> begin_;  ///< begin_[n]..begin_[n + 1] - 1 is field n
};

enum class Charset : std::uint8_t { kAscii, kLatin1, kUtf8 };
/// Of MSH-18 (HL7 table 0211); empty is ASCII. Nothing: a set that is not read.
[[nodiscard]] std::optional<Charset> charset_of(std::string_view msh18);

struct SegmentRef {
  std::string_view bytes;
  SegmentId id = SegmentId::kOther;
  std::uint32_t occurrence = 0;
};

struct Syntax {
  Separators separators;
  std::vector<SegmentRef> segments;  ///< the first is MSH where there are any
  std::vector<Fault> faults;

  [[nodiscard]] Segment segment(std::size_t i) const;
  [[nodiscard]] Segment first(SegmentId id) const;
};

/// Whether the bytes begin as a message does: "MSH" and a separator.
[[nodiscard]] bool looks_like_hl7v2(std::string_view bytes);
/// Segments end with CR; where a message has no CR at all, with LF. The result points to itself:
/// parse into the variable that is used.
void parse(std::string_view bytes, Syntax& out);

/// Takes escapes out (\F\ \S\ \T\ \R\ \E\ \X..\ and the formatting ones) and writes UTF-8. False:
/// the bytes are not of the character set, or an escape is broken.
[[nodiscard]] bool decode(std::string_view raw, const Separators& s, Charset charset,
                          std::string& out);
/// The reverse of the separators' escapes, for answers; control characters become '?'.
[[nodiscard]] std::string escape(std::string_view text, const Separators& s);

}  // namespace kronika::codec::hl7v2
