#include "hl7v2/syntax.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>

#include <kronika/codec/hl7v2_ack.h>
#include <kronika/codec/uuid5.h>

namespace kronika::codec {
namespace {

using domain::Reason;
using hl7v2::Segment;
using hl7v2::SegmentId;
using hl7v2::Separators;
using hl7v2::Syntax;

constexpr std::size_t kMaxErrors = 100;
constexpr std::size_t kMaxNotes = 10;
constexpr std::size_t kMaxEcho = 255;

struct Code {
  std::string_view number;  ///< HL7 table 0357
  std::string_view text;
};

/// The message's structure is at fault, not its content: AR instead of AE.
bool is_structural(const Fault& fault) {
  switch (fault.reason) {
    case Reason::kTypeUnknown:
    case Reason::kUndecodable:
    case Reason::kJsonMalformed:
      return true;
    default:
      return fault.position.starts_with("MSH-11") || fault.position.starts_with("MSH-12") ||
             fault.position.starts_with("MSH-18");
  }
}

Code code_of(const Fault& fault) {
  if (fault.position.starts_with("MSH-11")) return {"202", "Unsupported processing id"};
  if (fault.position.starts_with("MSH-12")) return {"203", "Unsupported version id"};
  switch (fault.reason) {
    case Reason::kTypeUnknown:
      return fault.position.ends_with(".2") ? Code{"201", "Unsupported event code"}
                                            : Code{"200", "Unsupported message type"};
    case Reason::kFieldMissing:
      // A place without a field is a segment that is missing.
      return fault.position.find('-') == std::string::npos ? Code{"100", "Segment sequence error"}
                                                           : Code{"101", "Required field missing"};
    case Reason::kValueMissing:
    case Reason::kUnitMissing:
    case Reason::kReasonRequired:
      return {"101", "Required field missing"};
    case Reason::kEnumUnknown:
    case Reason::kCodeUnknown:
    case Reason::kUnitUnknown:
    case Reason::kMunicipalityUnknown:
    case Reason::kProgrammeUnresolved:
      return {"103", "Table value not found"};
    case Reason::kUndecodable:
      return fault.position.starts_with("segment[") ? Code{"100", "Segment sequence error"}
                                                    : Code{"102", "Data type error"};
    case Reason::kInternalInvariant:
      return {"207", "Application internal error"};
    default:
      return {"102", "Data type error"};
  }
}

/// ERL (ERR-2) of a place such as "OBX[2]-3[1].4"; empty where it names no segment.
std::string location(std::string_view place, const Separators& s) {
  place = place.substr(0, place.find(' '));
  if (place.size() < 3 || !std::all_of(place.begin(), place.begin() + 3, [](unsigned char c) {
        return std::isupper(c) != 0 || std::isdigit(c) != 0;
      })) {
    return {};
  }
  const std::string segment(place.substr(0, 3));
  place.remove_prefix(3);
  const auto bracketed = [&](std::string fallback) {
    if (place.empty() || place.front() != '[') return fallback;
    const auto close = place.find(']');
    if (close == std::string_view::npos) return fallback;
    std::string number(place.substr(1, close - 1));
    place.remove_prefix(close + 1);
    return number;
  };
  std::string out = segment + s.component + bracketed("1");
  if (place.empty() || place.front() != '-') return out;
  place.remove_prefix(1);
  const auto end = place.find_first_of("[.");
  out += s.component + std::string(place.substr(0, end));
  place = end == std::string_view::npos ? std::string_view{} : place.substr(end);
  out += s.component + bracketed("1");
  if (!place.empty() && place.front() == '.') {
    out += s.component + std::string(place.substr(1));
  }
  return out;
}

/// As the sender wrote it, so that it finds its own ids again; bounded, and one segment long.
std::string echo(std::string_view field) {
  std::string out(field.substr(0, kMaxEcho));
  std::replace_if(out.begin(), out.end(), [](unsigned char c) { return c < 0x20; }, '?');
  return out;
}

class Answer {
 public:
  Answer(std::string_view message, const Hl7Verdict& verdict)
      : outcome_(verdict), hash_(sha256_hex(message)) {
    hl7v2::parse(message, syntax_);
    msh_ = syntax_.first(SegmentId::kMsh);
  }

  std::vector<std::string> all() const {
    const std::string_view accept = msh_.raw(15);
    const std::string_view application = msh_.raw(16);
    const char verdict = this->verdict();
    if (accept.empty() && application.empty()) return {one(std::string("A") + verdict)};
    std::vector<std::string> out;
    if (wanted(accept, verdict)) out.push_back(one(std::string("C") + verdict));
    if (wanted(application, verdict)) out.push_back(one(std::string("A") + verdict));
    return out;
  }

 private:
  /// 'A' accepted, 'E' error, 'R' rejected.
  char verdict() const {
    if (outcome_.settled == Settled::kTryAgain) return 'E';
    if (outcome_.settled == Settled::kTooLong) return 'R';
    if (outcome_.faults.empty()) return 'A';
    const bool structural =
        std::any_of(outcome_.faults.begin(), outcome_.faults.end(), is_structural);
    return structural && !outcome_.any_accepted ? 'R' : 'E';
  }

  /// HL7 table 0155: always, never, on error or rejection, on success.
  static bool wanted(std::string_view condition, char verdict) {
    if (condition == "NE" || condition.empty()) return false;
    if (condition == "ER") return verdict != 'A';
    if (condition == "SU") return verdict == 'A';
    return true;
  }

  std::string one(const std::string& code) const {
    const Separators& s = syntax_.separators;
    std::string out;
    header(out);
    out += "MSA";
    out += s.field;
    out += code;
    out += s.field;
    out += echo(msh_.field(10));
    out += '\r';
    if (outcome_.settled == Settled::kTryAgain) {
      error(out, {}, {"207", "Application internal error"}, 'E', "TRY_AGAIN",
            "Not stored, nothing was done: send the same message again later.");
      return out;
    }
    if (outcome_.settled == Settled::kTooLong) {
      error(out, {}, {"104", "Value too long"}, 'E', "TOO_LONG",
            "The message is longer than this system takes (ingest.max_message_bytes).");
      return out;
    }
    const std::size_t told = std::min(outcome_.faults.size(), kMaxErrors);
    for (std::size_t i = 0; i < told; ++i) {
      const Fault& f = outcome_.faults[i];
      error(out, location(f.position, s), code_of(f), 'E', domain::slug(f.reason), f.sentence);
    }
    if (told < outcome_.faults.size()) {
      error(out, {}, {"207", "Application internal error"}, 'E', "MORE",
            std::to_string(outcome_.faults.size() - told) +
                " more faults are kept with the message.");
    }
    if (outcome_.faults.empty()) notes(out);
    return out;
  }

  /// Accepted without an event: the sender is told, so that it does not wonder.
  void notes(std::string& out) const {
    const std::size_t told = std::min(outcome_.ignored.size(), kMaxNotes);
    for (std::size_t i = 0; i < told; ++i) {
      const Ignored& what = outcome_.ignored[i];
      error(out, location(what.position, syntax_.separators), {"0", "Message accepted"}, 'I',
            "NOT_INTERPRETED", what.what);
    }
  }

  void header(std::string& out) const {
    const Separators& s = syntax_.separators;
    out += "MSH";
    out += s.field;
    out += s.component;
    out += s.repetition;
    out += s.escape;
    out += s.subcomponent;
    // The receiver answers: its names first, then the sender's.
    for (const int field : {5, 6, 3, 4}) {
      out += s.field;
      out += echo(msh_.field(field));
    }
    out += s.field;
    out += echo(msh_.field(7));
    out += s.field;
    out += s.field;
    out += "ACK";
    if (!msh_.raw(9, 2).empty()) {
      out += s.component;
      out += echo(msh_.raw(9, 2));
      out += s.component;
      out += "ACK";
    }
    out += s.field;
    out += hash_.substr(0, 20);
    out += s.field;
    out += msh_.raw(11).empty() ? "P" : echo(msh_.field(11));
    out += s.field;
    out += msh_.raw(12).empty() ? "2.5" : echo(msh_.field(12));
    if (!msh_.raw(18).empty()) {
      out.append(6, s.field);
      out += echo(msh_.field(18));
    }
    out += '\r';
  }

  void error(std::string& out, const std::string& place, const Code& code, char severity,
             std::string_view reason, std::string_view sentence) const {
    const Separators& s = syntax_.separators;
    out += "ERR";
    out += s.field;
    out += s.field;
    out += place;
    out += s.field;
    out += code.number;
    out += s.component;
    out += code.text;
    out += s.component;
    out += "HL70357";
    out += s.field;
    out += severity;
    out += s.field;
    out += reason;  // ERR-5: our own code
    out += s.component;
    out += s.component;
    out += "KRONIKA";
    out += s.field;
    out += s.field;
    out += s.field;
    out += hl7v2::escape(sentence, s);
    out += '\r';
  }

  const Hl7Verdict& outcome_;
  Syntax syntax_;
  Segment msh_;
  std::string hash_;
};

}  // namespace

Hl7Verdict verdict_of(const Translation& translation) {
  Hl7Verdict verdict;
  for (const Outcome& outcome : translation.outcomes) {
    if (const auto* refused = std::get_if<Refused>(&outcome)) {
      verdict.faults.insert(verdict.faults.end(), refused->faults.begin(), refused->faults.end());
    } else if (const auto* ignored = std::get_if<Ignored>(&outcome)) {
      verdict.ignored.push_back(*ignored);
    } else {
      verdict.any_accepted = true;
    }
  }
  return verdict;
}

std::vector<std::string> hl7v2_answers(std::string_view message, const Hl7Verdict& verdict) {
  return Answer(message, verdict).all();
}

}  // namespace kronika::codec
