#include "hl7v2/hl7v2.h"

#include <algorithm>
#include <array>
#include <string>

namespace kronika::codec::hl7v2 {
namespace {

using domain::Reason;

/// The number of a trigger event such as A01 or I14; 0: it has another form.
int number_of(std::string_view trigger, char letter) {
  if (trigger.size() != 3 || trigger[0] != letter) return 0;
  if (trigger[1] < '0' || trigger[1] > '9' || trigger[2] < '0' || trigger[2] > '9') return 0;
  return (trigger[1] - '0') * 10 + (trigger[2] - '0');
}

/// Message types that are recognised (HL7 table 0003): ADT^A01 to A62, ORU, REF and RRI.
bool is_recognised(std::string_view code, std::string_view trigger) {
  if (code == "ADT") {
    const int n = number_of(trigger, 'A');
    return n >= 1 && n <= 62;
  }
  if (code == "ORU") {
    const int n = number_of(trigger, 'R');
    return n == 1 || (n >= 30 && n <= 32) || n == 40;
  }
  if (code == "REF" || code == "RRI") {
    const int n = number_of(trigger, 'I');
    return n >= 12 && n <= 15;
  }
  return false;
}

bool is_code(std::string_view code) {
  return code == "ADT" || code == "ORU" || code == "REF" || code == "RRI";
}

bool is_mapped_adt(std::string_view trigger) {
  static constexpr std::array<std::string_view, 5> kMapped{"A01", "A03", "A08", "A11", "A13"};
  for (const std::string_view t : kMapped) {
    if (t == trigger) return true;
  }
  return false;
}

void read_body(Reader& reader, const Segment& msh) {
  const std::string_view code = msh.raw(9, 1);
  const std::string_view trigger = msh.raw(9, 2);
  if (code.empty() || trigger.empty()) return;  // a header fault
  if (!is_recognised(code, trigger)) {
    return reader.header_fault(
        Reason::kTypeUnknown, msh.place(9, is_code(code) ? 2 : 1),
        is_code(code) ? "No trigger event of this message type has this code."
                      : "Of HL7 v2 the messages ADT, ORU, REF and RRI are taken; this is another.");
  }
  const Segment evn = reader.syntax().first(SegmentId::kEvn);
  if (!evn.raw(1).empty() && evn.raw(1) != trigger) {
    reader.ignore("flag trigger_mismatch", evn.place(1));  // MSH-9 wins
  }
  if (code == "ADT" && is_mapped_adt(trigger)) return read_adt(reader, trigger);
  if (code == "ORU" && trigger == "R01") return read_results(reader);
  if (code == "REF" && trigger == "I12") return read_referral(reader);
  if (code == "RRI" && trigger == "I12") return read_referral_answer(reader);
  reader.ignore(std::string(code) + "^" + std::string(trigger) + ": recognised, not interpreted",
                msh.place(9));
}

}  // namespace

void read_message(std::string_view bytes, const AdapterSettings& settings, Instant receive_time,
                  Translation& out) {
  Syntax syntax;
  parse(bytes, syntax);
  Reader reader(syntax, settings, receive_time, out);
  out.outcomes.reserve(std::min<std::size_t>(syntax.segments.size(), 16));
  if (reader.read_msh()) read_body(reader, syntax.first(SegmentId::kMsh));
  reader.close();
}

}  // namespace kronika::codec::hl7v2
