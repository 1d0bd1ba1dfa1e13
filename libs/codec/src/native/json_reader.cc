#include "native/json_reader.h"

#include "proto/event_fields.h"

#include <cmath>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <google/protobuf/descriptor.h>

#include "kronika/event/v1/event.pb.h"

namespace kronika::codec {
namespace {

using domain::Reason;
using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

/// Names that may be shown: those of the contract look like this, a sender's own text might not.
bool plain_name(std::string_view key) {
  for (const char c : key) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    if (!plain) return false;
  }
  return !key.empty() && key.size() < 64;
}

const FieldDescriptor* find_field(const Descriptor* type, std::string_view key) {
  const std::string name(key);
  const FieldDescriptor* field = type->FindFieldByName(name);
  return field != nullptr ? field : type->FindFieldByCamelcaseName(name);
}

/// A visitor for the members of one object.
class JsonReader {
 public:
  template <class M>
  using Of = M;

  JsonReader(const Node& object, const Descriptor* type, std::string path, Draft& draft,
             Comforts& comforts)
      : type_(type), path_(std::move(path)), draft_(&draft), comforts_(&comforts) {
    if (!object.is_object()) {
      malformed({}, "an object");
      return;
    }
    object.members([&](std::string_view key, const Node& value) {
      const FieldDescriptor* field = find_field(type_, key);
      if (field != nullptr) {
        if (value) members_.push_back({field, value});
      } else if (path_.empty() && is_comfort(key)) {
        return;
      } else if (type_ == event::v1::CprReplaced::descriptor() &&
                 (key == "old_cpr" || key == "oldCpr")) {
        comforts_->old_cpr = value.text();
      } else {
        draft_->fault(path_.empty() ? Reason::kTypeUnknown : Reason::kJsonMalformed,
                      plain_name(key) ? path_ + "." + std::string(key) : path_,
                      "The contract (event.proto) has no such member here: a misspelt name, or an "
                      "event type of another release.");
      }
    });
  }

  void text(std::uint32_t n, std::string& s) {
    const Member* m = find(n);
    if (m != nullptr) read_text(*m, s);
  }
  template <class Tag>
  void id(std::uint32_t n, Bytes16<Tag>& id) {
    if (const Member* m = find(n)) {
      const std::string_view text = m->value.text();
      const auto read = read_id(text);
      if (read) {
        id.bytes = read->bytes;
      } else if (!text.empty() || !is_text(m->value)) {
        malformed(m->field->name(), "16 bytes as UUID, hex or base64");
      }
    }
  }
  template <class Tag>
  void id(std::uint32_t n, std::optional<Bytes16<Tag>>& optional) {
    if (find(n) == nullptr) return;
    id(n, optional.emplace());
    if (optional->is_zero()) optional.reset();
  }
  void texts(std::uint32_t n, std::vector<std::string>& list) {
    each(n, [&](const Member& m) { read_text(m, list.emplace_back()); });
  }
  void ids(std::uint32_t n, std::vector<EventId>& list) {
    each(n, [&](const Member& m) {
      const auto read = read_id(m.value.text());
      if (!read) return malformed(m.field->name(), "16 bytes as UUID, hex or base64");
      list.push_back(*read);
    });
  }
  template <class T>
  void number(std::uint32_t n, T& v) {
    const Member* m = find(n);
    if (m == nullptr) return;
    if constexpr (std::is_same_v<T, bool>) {
      read_bool(*m, v);
    } else if constexpr (std::is_enum_v<T>) {
      if (const auto* value =
              m->field->enum_type()->FindValueByName(std::string(m->value.text()))) {
        v = static_cast<T>(value->number());
        return;
      }
      const auto number = m->value.number();
      if (number && *number >= 0 && *number <= 0xff && *number == std::floor(*number)) {
        v = static_cast<T>(static_cast<int>(*number));  // an unknown one is check()'s to refuse
        return;
      }
      draft_->fault(Reason::kEnumUnknown, path_ + "." + m->field->name(),
                    "The value is not one of the enumeration; see event.proto.");
    } else {
      std::uint64_t whole = 0;
      if (read_unsigned(*m, std::numeric_limits<T>::max(), whole)) v = static_cast<T>(whole);
    }
  }
  void flag(std::uint32_t n, std::optional<bool>& v) {
    if (const Member* m = find(n)) read_bool(*m, v.emplace());
  }
  void signed_number(std::uint32_t n, std::int64_t& v) {
    if (const Member* m = find(n)) read_signed(*m, v);
  }
  void instant(std::uint32_t n, Instant& t) { signed_number(n, t.ms); }
  void date(std::uint32_t n, std::optional<domain::CivilDate>& d) {
    const Member* m = find(n);
    if (m == nullptr) return;
    if (const auto date = domain::parse_date(m->value.text())) {
      d = *date;
      return;
    }
    std::int64_t days = 0;
    if (!read_signed(*m, days)) return;
    if (days < std::numeric_limits<std::int32_t>::min() ||
        days > std::numeric_limits<std::int32_t>::max()) {
      return malformed(m->field->name(), "a number of days");
    }
    d = domain::CivilDate{static_cast<std::int32_t>(days)};
  }
  void real(std::uint32_t n, double& v) {
    if (const Member* m = find(n)) read_real(*m, v);
  }
  template <class M>
  void messages(std::uint32_t n, std::vector<M>& list) {
    each(n, [&](const Member& m) { nested(m, list.emplace_back()); });
  }
  template <class M, class Variant>
  void one_of(std::uint32_t n, Variant& v) {
    const Member* m = find(n);
    if (m == nullptr) return;
    if (v.index() != 0) return malformed(m->field->name(), "the only payload");
    nested(*m, v.template emplace<M>());
  }
  template <class Variant>
  void one_of_real(std::uint32_t n, Variant& v) {
    const Member* m = find(n);
    double number = 0;
    if (m != nullptr && read_real(*m, number)) v = number;
  }
  template <class Variant>
  void one_of_text(std::uint32_t n, Variant& v) {
    const Member* m = find(n);
    if (m == nullptr) return;
    if (v.index() != 0) return malformed(m->field->name(), "the only value");
    std::string s;
    read_text(*m, s);
    v = std::move(s);
  }

 private:
  struct Member {
    const FieldDescriptor* field;
    Node value;
  };

  static bool is_comfort(std::string_view key) {
    return key == "cpr" || key == "occurred_at" || key == "occurredAt" || key == "recorded_at" ||
           key == "recordedAt" || key == "birth_date" || key == "birthDate";
  }
  static bool is_text(const Node& value) { return value.is_text(); }

  const Member* find(std::uint32_t n) const {
    const Member* found = nullptr;
    for (const Member& m : members_) {
      if (m.field->number() == static_cast<int>(n)) found = &m;  // written twice: the last counts
    }
    return found;
  }
  template <class F>
  void each(std::uint32_t n, F f) {
    const Member* m = find(n);
    if (m == nullptr) return;
    if (!m->value.is_array()) return malformed(m->field->name(), "a list");
    m->value.each([&](const Node& value, std::size_t) { f(Member{m->field, value}); });
  }
  template <class M>
  void nested(const Member& m, M& message) {
    JsonReader inner(m.value, m.field->message_type(),
                     path_ + (path_.empty() ? "" : ".") + m.field->name(), *draft_, *comforts_);
    fields(inner, message);
  }
  void malformed(std::string_view name, std::string_view wanted) {
    draft_->fault(Reason::kJsonMalformed, name.empty() ? path_ : path_ + "." + std::string(name),
                  "The contract (event.proto) wants " + std::string(wanted) + " here.");
  }
  bool read_text(const Member& m, std::string& s) {
    if (!is_text(m.value)) {
      malformed(m.field->name(), "a text");
      return false;
    }
    s = m.value.text();
    return true;
  }
  void read_bool(const Member& m, bool& v) {
    const auto value = m.value.boolean();
    if (!value) return malformed(m.field->name(), "true or false");
    v = *value;
  }
  bool read_real(const Member& m, double& v) {
    const auto value = m.value.number();
    if (!value || !std::isfinite(*value)) {
      malformed(m.field->name(), "a number");
      return false;
    }
    v = *value;
    return true;
  }
  bool read_unsigned(const Member& m, std::uint64_t max, std::uint64_t& v) {
    const auto value = m.value.unsigned_integer();
    if (!value || *value > max) {
      malformed(m.field->name(), "a whole number that is not negative");
      return false;
    }
    v = *value;
    return true;
  }
  bool read_signed(const Member& m, std::int64_t& v) {
    const auto value = m.value.integer();
    if (!value) {
      malformed(m.field->name(), "a whole number");
      return false;
    }
    v = *value;
    return true;
  }

  const Descriptor* type_;
  std::string path_;
  Draft* draft_;
  Comforts* comforts_;
  std::vector<Member> members_;
};

}  // namespace

std::optional<EventId> read_id(std::string_view text) {
  if (const auto id = uuid_from_text(text)) return id;
  if (text.size() == 32) {
    const auto raw = from_hex(text);
    return raw ? EventId::from_bytes(*raw) : std::nullopt;
  }
  while (!text.empty() && text.back() == '=') text.remove_suffix(1);
  if (text.size() != 22) return std::nullopt;  // 16 bytes in base64
  std::string raw;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    std::uint32_t six;
    if (c >= 'A' && c <= 'Z') {
      six = static_cast<std::uint32_t>(c - 'A');
    } else if (c >= 'a' && c <= 'z') {
      six = static_cast<std::uint32_t>(c - 'a') + 26;
    } else if (c >= '0' && c <= '9') {
      six = static_cast<std::uint32_t>(c - '0') + 52;
    } else if (c == '+' || c == '-') {
      six = 62;
    } else if (c == '/' || c == '_') {
      six = 63;
    } else {
      return std::nullopt;
    }
    bits = bits << 6 | six;
    count += 6;
    if (count >= 8) {
      count -= 8;
      raw.push_back(static_cast<char>(bits >> count & 0xff));
    }
  }
  return EventId::from_bytes(raw);
}

void read_event_json(const Node& root, const Message& reader, Draft& draft, Comforts& comforts) {
  JsonReader members(root, event::v1::Event::descriptor(), "", draft, comforts);
  fields(members, draft.event);

  if (const Node cpr = root["cpr"]) {
    comforts.cpr_given = true;
    comforts.cpr = cpr.text();
  }
  const auto either = [&](std::string_view snake, std::string_view camel) {
    const Node value = root[snake];
    return value ? value : root[camel];
  };
  comforts.occurred = reader.read_time(either("occurred_at", "occurredAt"), ".occurred_at", draft);
  comforts.recorded = reader.read_time(either("recorded_at", "recordedAt"), ".recorded_at", draft);
  if (const Node birth = either("birth_date", "birthDate")) {
    draft.event.birth_date = domain::parse_date(birth.text());
    if (!draft.event.birth_date) {
      draft.fault(Reason::kTimeNoZone, ".birth_date", "This is no date (YYYY-MM-DD).");
    }
  }
}

}  // namespace kronika::codec
