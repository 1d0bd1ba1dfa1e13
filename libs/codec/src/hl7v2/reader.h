// One HL7 v2 message being read: what all its facts share (sender, person, times), the checks of
// its fields by tables, and the drafts that become events. The counterpart of fhir/message.h; lives
// for one translate() call.
//
// All faults are found at once: those of the header (MSH, PID, PV1) make one refusal, each fact
// with faults of its own another. A fact is checked to the end even where the header is at fault.
#pragma once

#include "fhir/message.h"
#include "hl7v2/syntax.h"

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <kronika/codec/adapter.h>

namespace kronika::codec::hl7v2 {

enum class Usage : std::uint8_t { kRequired, kOptional };
enum class Form : std::uint8_t {
  kText,
  kTime,     ///< YYYYMMDD[HH[MM[SS[.S]]]][+ZZZZ]
  kInstant,  ///< the same with a time of day
  kTable     ///< one of a closed list
};

/// One row of a profile: what a field must be. Rows are in the order of the fields.
struct FieldRule {
  SegmentId segment;
  int field;
  int component;  ///< 0: the field has one component, and its place needs no number
  Usage usage;
  bool repeats;
  Form form;
  std::span<const std::string_view> table;  ///< of kTable
};

/// Longest text taken from a field; identifiers of HL7 have 199 characters at most.
inline constexpr std::size_t kMaxText = 255;

class Reader {
 public:
  Reader(const Syntax& syntax, const AdapterSettings& settings, Instant receive_time,
         Translation& out)
      : syntax_(&syntax), settings_(&settings), receive_time_(receive_time), out_(&out) {}

  [[nodiscard]] const Syntax& syntax() const { return *syntax_; }
  [[nodiscard]] const domain::Rules& rules() const { return *settings_->rules; }
  [[nodiscard]] const AdapterSettings& settings() const { return *settings_; }
  /// MSH-7 in milliseconds: recorded_at and source_version of every fact.
  [[nodiscard]] Instant recorded() const { return header_.recorded_at; }
  [[nodiscard]] const std::string& sender_org() const { return header_.sender_org; }

  /// Reads MSH, its character set first. False: the message cannot be read on; its faults are
  /// header faults.
  [[nodiscard]] bool read_msh();
  /// The sending organisation: the one that the message's body names, else MSH-4, else the default.
  void read_sender(std::string_view organisation = {});
  void read_person();

  /// Faults of a segment by the rows of a profile that are about it.
  void check(const Segment& segment, std::span<const FieldRule> profile,
             std::vector<Fault>& faults);
  /// Faults of the header's segments.
  void check_header(const Segment& segment, std::span<const FieldRule> profile) {
    check(segment, profile, header_faults_);
  }
  /// A segment that the message must have; a header fault where it has none.
  [[nodiscard]] Segment require(SegmentId id, std::string_view what);
  void header_fault(domain::Reason reason, std::string place, std::string sentence);

  /// Text of a component in UTF-8. Broken escapes and bytes outside the character set: a fault.
  [[nodiscard]] std::string text(const Segment& segment, int field, int component,
                                 std::vector<Fault>& faults, int repetition = 1) const;
  /// Unknown where the field is empty or at fault; check() has reported that.
  [[nodiscard]] When time(const Segment& segment, int field);

  /// A draft with the header's envelope. `place` names its segment in outcomes.
  [[nodiscard]] Draft draft() const;
  /// Judges the draft and puts it out. `where` is the place of the accepted event.
  void finish(Draft draft, std::string where, const PlaceOf& place_of = {});
  void ignore(std::string what, std::string where);
  /// Puts out the header's refusal before everything else. Last call.
  void close();

 private:
  [[nodiscard]] bool is_text_of_charset(std::string_view raw) const;

  const Syntax* syntax_;
  const AdapterSettings* settings_;
  Instant receive_time_;
  Translation* out_;
  Charset charset_ = Charset::kAscii;
  domain::Event header_;
  std::string identifier_;  ///< the CPR number; never in an event or an answer
  std::vector<Fault> header_faults_;
};

/// DTM of HL7 (YYYYMMDD[HH[MM[SS[.S[S[S[S]]]]]]][+/-ZZZZ]); without a zone Copenhagen's clocks.
struct Hl7Time {
  When when;               ///< unknown: malformed
  bool ambiguous = false;  ///< local time that occurs twice or never
};
[[nodiscard]] Hl7Time parse_time(std::string_view text);

/// "SKS", "LOINC", ... of a coding system as HL7 table 0396, an OID or a URI names it; else empty.
[[nodiscard]] std::string_view coding_system(std::string_view name);
/// A diagnosis in a CWE field, of the first of its two codings whose system is known and, if
/// possible, that opens a programme. Empty code: none.
[[nodiscard]] domain::Coding diagnosis_of(Reader& reader, const Segment& segment, int field,
                                          std::vector<Fault>& faults);

}  // namespace kronika::codec::hl7v2
