#include "xml/xml.h"

#include "fhir/message.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

#include <pugixml.hpp>

#include <kronika/domain/identity.h>
#include <kronika/domain/time.h>

namespace kronika::codec {
namespace {

using domain::Reason;

constexpr int kMaxDepth = 100;
constexpr int kMaxElements = 100'000;

/// domain.md 13.5.
struct LetterType {
  std::string_view code;
  std::string_view name;
};
constexpr std::array<LetterType, 15> kLetterTypes{{
    {"XDIS16", "admission report"},
    {"XDIS17", "discharge notice"},
    {"XDIS18", "discharge report"},
    {"XDIS19", "completed treatment"},
    {"XDIS20", "admission notice"},
    {"XDIS21", "care plan"},
    {"XDIS91", "correspondence"},
    {"XREF15", "municipal referral"},
    {"XDIS15", "closing note of a municipal referral"},
    {"XREF01", "hospital referral"},
    {"XREF02", "imaging referral"},
    {"XREF07", "physiotherapy referral"},
    {"XREF22", "acute function referral"},
    {"XDIS02", "discharge letter"},
    {"XRPT01", "laboratory report"},
}};

enum class Form : std::uint8_t { kText, kDate, kTimeOfDay, kLetterType, kCpr };
enum class Under : std::uint8_t { kMessage, kLetter };
/// What a message of this family must hold; the letter is Emessage's element beside the envelope.
struct ElementRule {
  Under under;
  std::string_view path;
  bool required;
  Form form;
};
constexpr std::array<ElementRule, 11> kProfile{{
    {Under::kMessage, "Envelope/Sent/Date", true, Form::kDate},
    {Under::kMessage, "Envelope/Sent/Time", true, Form::kTimeOfDay},
    {Under::kMessage, "Envelope/Identifier", true, Form::kText},
    {Under::kLetter, "Letter/Identifier", true, Form::kText},
    {Under::kLetter, "Letter/TypeCode", true, Form::kLetterType},
    {Under::kLetter, "Letter/Authorisation/Date", true, Form::kDate},
    {Under::kLetter, "Letter/Authorisation/Time", true, Form::kTimeOfDay},
    {Under::kLetter, "Sender/Identifier", true, Form::kText},
    {Under::kLetter, "Receiver/Identifier", true, Form::kText},
    {Under::kLetter, "Patient/CivilRegistrationNumber", false, Form::kCpr},
    {Under::kLetter, "Patient/AlternativeIdentifier", false, Form::kText},
}};

constexpr std::size_t kCprRow = 9;

/// Why the text is not read, before a parser sees it; empty: it may be. Comments, CDATA and
/// attribute values may hold '<' and '>', so this counts at least as much as there is.
std::string_view too_much(std::string_view bytes) {
  int depth = 0;
  int elements = 0;
  std::size_t close = 0;  // the first '>' at or after i: found once, not once an element
  for (std::size_t i = bytes.find('<'); i < bytes.size(); i = bytes.find('<', i + 1)) {
    const char next = i + 1 < bytes.size() ? bytes[i + 1] : '\0';
    if (bytes.compare(i, 9, "<!DOCTYPE") == 0 || bytes.compare(i, 8, "<!ENTITY") == 0) {
      return "The document brings a DOCTYPE; documents with entities of their own are not read.";
    }
    if (next == '!' || next == '?') continue;
    if (next == '/') {
      --depth;
      continue;
    }
    if (++elements > kMaxElements) return "The document has more than 100000 elements.";
    if (close <= i) close = bytes.find('>', i);
    if (close == std::string_view::npos) return {};  // cut short: the parser says so
    if (bytes[close - 1] != '/' && ++depth > kMaxDepth)
      return "The document nests more than 100 elements deep.";
  }
  return {};
}

/// "Emessage" of "m:Emessage".
std::string_view local_name(const pugi::xml_node& node) {
  const std::string_view name = node.name();
  const auto colon = name.find(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

pugi::xml_node child(const pugi::xml_node& parent, std::string_view name) {
  for (const pugi::xml_node& c : parent.children()) {
    if (c.type() == pugi::node_element && local_name(c) == name) return c;
  }
  return {};
}

pugi::xml_node follow(pugi::xml_node from, std::string_view path) {
  while (!path.empty()) {
    const auto slash = path.find('/');
    from = child(from, path.substr(0, slash));
    path = slash == std::string_view::npos ? std::string_view{} : path.substr(slash + 1);
  }
  return from;
}

std::string_view trimmed(std::string_view text) {
  const auto from = text.find_first_not_of(" \t\r\n");
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(" \t\r\n") - from + 1);
}

std::string_view text_of(const pugi::xml_node& node) { return trimmed(node.child_value()); }

/// "HH:MM" or "HH:MM:SS".
bool is_time_of_day(std::string_view text) {
  const auto two = [&](std::size_t at, int limit) {
    if (at + 2 > text.size() || text[at] < '0' || text[at] > '9' || text[at + 1] < '0' ||
        text[at + 1] > '9') {
      return false;
    }
    return (text[at] - '0') * 10 + (text[at + 1] - '0') < limit;
  };
  if (text.size() != 5 && text.size() != 8) return false;
  if (!two(0, 24) || text[2] != ':' || !two(3, 60)) return false;
  return text.size() == 5 || (text[5] == ':' && two(6, 60));
}

const LetterType* letter_type(std::string_view code) {
  for (const LetterType& type : kLetterTypes) {
    if (type.code == code) return &type;
  }
  return nullptr;
}

class Letter {
 public:
  Letter(const pugi::xml_node& message, Instant receive_time)
      : message_(message), receive_time_(receive_time) {
    for (const pugi::xml_node& c : message.children()) {
      if (c.type() != pugi::node_element || local_name(c) == "Envelope") continue;
      if (!letter_) letter_ = c;
    }
  }

  void read(Translation& out) {
    out.message_id = shown(text_of(follow(message_, "Envelope/Identifier")));
    if (!letter_) {
      fault(Reason::kFieldMissing, "/Emessage", "The message holds no letter beside its Envelope.");
    }
    for (const ElementRule& rule : kProfile) {
      if (rule.under == Under::kMessage || letter_) check(rule);
    }
    if (letter_ && text_of(follow(letter_, "Patient/CivilRegistrationNumber")).empty() &&
        text_of(follow(letter_, "Patient/AlternativeIdentifier")).empty()) {
      fault(Reason::kFieldMissing, place(kProfile[kCprRow]),
            "The letter does not say which person it is about.");
    }
    if (!faults_.empty()) {
      std::stable_sort(faults_.begin(), faults_.end(),
                       [](const Fault& a, const Fault& b) { return a.reason < b.reason; });
      out.outcomes.emplace_back(Refused{std::move(faults_)});
      return;
    }
    const LetterType* type = letter_type(text_of(follow(letter_, "Letter/TypeCode")));
    out.outcomes.emplace_back(
        Ignored{"MedCom " + std::string(type->code) + " " + std::string(type->name) +
                    ": recognised, not interpreted",
                place({Under::kLetter, "Letter/TypeCode", true, Form::kLetterType})});
  }

 private:
  [[nodiscard]] std::string place(const ElementRule& rule) const {
    std::string out = "/Emessage/";
    if (rule.under == Under::kLetter) out += shown(local_name(letter_)) + "/";
    return out + std::string(rule.path);
  }

  void fault(Reason reason, std::string position, std::string sentence) {
    faults_.push_back({reason, std::move(position), std::move(sentence)});
  }

  void check(const ElementRule& rule) {
    const pugi::xml_node node =
        follow(rule.under == Under::kMessage ? message_ : letter_, rule.path);
    const std::string_view text = text_of(node);
    if (text.empty()) {
      if (rule.required) {
        fault(Reason::kFieldMissing, place(rule), "This element is required and has no value.");
      }
      return;
    }
    switch (rule.form) {
      case Form::kText:
        return;
      case Form::kDate: {
        const auto date = domain::parse_date(text);
        if (!date) {
          fault(Reason::kTimeNoZone, place(rule), "Send a date that exists as YYYY-MM-DD.");
        } else if (*date > domain::civil_date_of(receive_time_)) {
          fault(Reason::kTimeFuture, place(rule), std::string(explain(Reason::kTimeFuture)));
        }
        return;
      }
      case Form::kTimeOfDay:
        if (!is_time_of_day(text)) {
          fault(Reason::kTimeNoZone, place(rule), "Send a time of day as HH:MM or HH:MM:SS.");
        }
        return;
      case Form::kLetterType:
        if (letter_type(text) == nullptr) {
          fault(Reason::kTypeUnknown, place(rule),
                "No letter of MedCom that this system knows has this type.");
        }
        return;
      case Form::kCpr: {
        domain::Refusal refusal;
        if (!domain::read_cpr(text, domain::civil_date_of(receive_time_), /*ecpr_allowed=*/true,
                              refusal)) {
          fault(refusal.reason, place(rule), refusal.sentence);
        }
        return;
      }
    }
  }

  pugi::xml_node message_;
  pugi::xml_node letter_;
  Instant receive_time_;
  std::vector<Fault> faults_;
};

}  // namespace

void read_xml(std::string_view bytes, const AdapterSettings& /*settings*/, Instant receive_time,
              Translation& out) {
  const auto refuse = [&](Reason reason, std::string place, std::string_view sentence) {
    out.outcomes.emplace_back(Refused{{{reason, std::move(place), std::string(sentence)}}});
  };
  if (const std::string_view why = too_much(bytes); !why.empty()) {
    return refuse(Reason::kUndecodable, "/", why);
  }
  pugi::xml_document document;
  const pugi::xml_parse_result parsed =
      document.load_buffer(bytes.data(), bytes.size(), pugi::parse_default, pugi::encoding_auto);
  if (!parsed) {
    return refuse(Reason::kUndecodable, "/ (byte " + std::to_string(parsed.offset) + ")",
                  "This is no well-formed XML: damaged, cut short, or of another format.");
  }
  const pugi::xml_node root = document.document_element();
  if (local_name(root) != "Emessage") {
    return refuse(Reason::kTypeUnknown, "/" + shown(local_name(root)),
                  "Of XML the letters of MedCom are recognised (root element Emessage); this is "
                  "another document.");
  }
  Letter(root, receive_time).read(out);
}

}  // namespace kronika::codec
