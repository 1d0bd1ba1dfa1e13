#include "hl7v2/syntax.h"

#include <algorithm>
#include <cstring>

namespace kronika::codec::hl7v2 {
namespace {

using domain::Reason;

constexpr std::array<std::string_view, kSegmentIds> kNames{
    "", "MSH", "MSA", "EVN", "PID", "PV1", "OBR", "OBX", "NTE", "DG1", "RF1", "PRD", "PR1"};

/// `name`: three characters at least.
SegmentId id_of(std::string_view name) {
  const auto at = std::find_if(kNames.begin() + 1, kNames.end(), [&](std::string_view known) {
    return known[0] == name[0] && known[1] == name[1] && known[2] == name[2];
  });
  return at == kNames.end() ? SegmentId::kOther : static_cast<SegmentId>(at - kNames.begin());
}

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alnum(char c) { return is_upper(c) || is_digit(c) || (c >= 'a' && c <= 'z'); }
bool may_separate(char c) { return c > ' ' && c < '\x7f' && !is_alnum(c); }

/// Segments of which a message of ours has one: their places need no number.
bool occurs_once(SegmentId id) {
  return id == SegmentId::kMsh || id == SegmentId::kMsa || id == SegmentId::kEvn ||
         id == SegmentId::kPid || id == SegmentId::kPv1 || id == SegmentId::kRf1;
}

void fault(Syntax& out, std::string position, std::string sentence) {
  out.faults.push_back({Reason::kUndecodable, std::move(position), std::move(sentence)});
}

/// MSH-1 and MSH-2. False: there is no way to read on.
bool read_separators(std::string_view msh, Syntax& out) {
  Separators& s = out.separators;
  s.field = msh[3];
  const std::string_view encoding = msh.substr(4, msh.find(s.field, 4) - 4);
  if (encoding.size() < 4 || encoding.size() > 5) {
    fault(out, "MSH-2", "MSH-2 holds four encoding characters, or five; this is another number.");
    return false;
  }
  std::string all(encoding);
  all += s.field;
  std::sort(all.begin(), all.end());
  const bool twice = std::adjacent_find(all.begin(), all.end()) != all.end();
  if (twice || !std::all_of(all.begin(), all.end(), may_separate)) {
    fault(
        out, "MSH-2",
        "The separators of MSH-1 and MSH-2 must differ from each other, and be no letters, digits "
        "or blanks.");
    return false;
  }
  s.component = encoding[0];
  s.repetition = encoding[1];
  s.escape = encoding[2];
  s.subcomponent = encoding[3];
  return true;
}

bool is_segment_name(std::string_view line, char field) {
  return line.size() >= 3 && is_upper(line[0]) && (is_upper(line[1]) || is_digit(line[1])) &&
         (is_upper(line[2]) || is_digit(line[2])) && (line.size() == 3 || line[3] == field);
}

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

/// The bytes that one escape stands for, in the message's own character set. False: broken.
bool unescape(std::string_view code, const Separators& s, std::string& out) {
  if (code.empty()) return false;
  if (code.size() == 1) {
    switch (code[0]) {
      case 'F':
        out += s.field;
        return true;
      case 'S':
        out += s.component;
        return true;
      case 'T':
        out += s.subcomponent;
        return true;
      case 'R':
        out += s.repetition;
        return true;
      case 'E':
        out += s.escape;
        return true;
      case 'H':  // highlighting on and off: nothing in plain text
      case 'N':
        return true;
      default:
        return false;
    }
  }
  if (code[0] == 'X') {
    if (code.size() % 2 == 0) return false;
    for (std::size_t i = 1; i < code.size(); i += 2) {
      const int high = hex_digit(code[i]);
      const int low = hex_digit(code[i + 1]);
      if (high < 0 || low < 0) return false;
      out += static_cast<char>(high * 16 + low);
    }
    return true;
  }
  if (code[0] == '.') {  // formatting of FT: line breaks are kept, the rest is layout
    if (code.starts_with(".br") || code.starts_with(".sp") || code.starts_with(".ce")) out += '\n';
    return true;
  }
  // Local escapes mean nothing to us; other character sets cannot be read.
  return code[0] == 'Z';
}

bool is_utf8(std::string_view text) {
  std::size_t i = 0;
  while (i < text.size()) {
    const auto lead = static_cast<unsigned char>(text[i]);
    if (lead < 0x80) {
      ++i;
      continue;
    }
    const std::size_t more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
    if (lead < 0xc2 || lead > 0xf4 || i + more >= text.size() + 0U) return false;
    std::uint32_t point = lead & (0x3fU >> more);
    for (std::size_t k = 1; k <= more; ++k) {
      const auto next = static_cast<unsigned char>(text[i + k]);
      if ((next & 0xc0U) != 0x80U) return false;
      point = point << 6U | (next & 0x3fU);
    }
    const bool overlong = (more == 2 && point < 0x800) || (more == 3 && point < 0x10000);
    if (overlong || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) return false;
    i += more + 1;
  }
  return true;
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

}  // namespace

std::string_view name_of(SegmentId id) { return kNames[static_cast<std::size_t>(id)]; }

std::string_view nth(std::string_view text, char separator, int n) {
  if (separator == '\0') return n == 1 ? text : std::string_view{};
  for (int i = 1; i < n; ++i) {
    const auto at = text.find(separator);
    if (at == std::string_view::npos) return {};
    text.remove_prefix(at + 1);
  }
  return text.substr(0, text.find(separator));
}

std::size_t count_of(std::string_view text, char separator) {
  return 1 + static_cast<std::size_t>(std::count(text.begin(), text.end(), separator));
}

Segment::Segment(std::string_view bytes, SegmentId id, std::uint32_t occurrence,
                 const Separators& s)
    : bytes_(bytes), separators_(&s), id_(id), occurrence_(occurrence) {
  begin_[0] = 0;
  const char* const start = bytes.data();
  const char* const end = start + bytes.size();
  const char* at = start;
  while (fields_ <= kMaxField) {
    const auto* next =
        static_cast<const char*>(std::memchr(at, s.field, static_cast<std::size_t>(end - at)));
    ++fields_;
    at = next == nullptr ? end + 1 : next + 1;
    begin_[static_cast<std::size_t>(fields_)] = static_cast<std::uint32_t>(at - start);
    if (next == nullptr) break;
  }
}

std::string_view Segment::field(int n) const {
  if (id_ == SegmentId::kMsh) {
    if (n == 1) return bytes_.substr(3, 1);
    --n;  // the separator itself is MSH-1
  }
  if (n < 0 || n >= fields_) return {};
  const auto at = static_cast<std::size_t>(n);
  return bytes_.substr(begin_[at], begin_[at + 1] - begin_[at] - 1);
}

std::string_view Segment::raw(int field, int component, int subcomponent, int repetition) const {
  const std::string_view text = this->field(field);
  if (text.empty()) return {};
  const Separators& s = *separators_;
  int at_repetition = 1, at_component = 1, at_subcomponent = 1;
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= text.size() && at_repetition <= repetition; ++i) {
    const char c = i < text.size() ? text[i] : s.repetition;  // the end ends all levels
    if (c != s.repetition && c != s.component && c != s.subcomponent) continue;
    if (at_repetition == repetition && at_component == component &&
        at_subcomponent == subcomponent) {
      const std::string_view part = text.substr(begin, i - begin);
      return part == "\"\"" ? std::string_view{} : part;
    }
    if (c == s.repetition) {
      ++at_repetition;
      at_component = at_subcomponent = 1;
    } else if (c == s.component) {
      ++at_component;
      at_subcomponent = 1;
    } else {
      ++at_subcomponent;
    }
    begin = i + 1;
  }
  return {};
}

std::size_t Segment::repetitions(int field) const {
  const std::string_view text = this->field(field);
  return text.empty() ? 0 : count_of(text, separators_->repetition);
}

std::string Segment::place() const {
  std::string out(name_of(id_));
  if (!occurs_once(id_)) out += "[" + std::to_string(occurrence_) + "]";
  return out;
}

std::string Segment::place(int field, int component, int repetition) const {
  std::string out = place() + "-" + std::to_string(field);
  if (repetition > 1) out += "[" + std::to_string(repetition) + "]";
  if (component > 0) out += "." + std::to_string(component);
  return out;
}

std::optional<Charset> charset_of(std::string_view msh18) {
  if (msh18.empty() || msh18 == "ASCII") return Charset::kAscii;
  if (msh18 == "8859/1") return Charset::kLatin1;
  if (msh18 == "UNICODE UTF-8") return Charset::kUtf8;
  return std::nullopt;
}

Segment Syntax::segment(std::size_t i) const {
  const SegmentRef& ref = segments[i];
  return {ref.bytes, ref.id, ref.occurrence, separators};
}

Segment Syntax::first(SegmentId id) const {
  for (std::size_t i = 0; i < segments.size(); ++i) {
    if (segments[i].id == id) return segment(i);
  }
  return {};
}

bool looks_like_hl7v2(std::string_view bytes) {
  return bytes.size() > 3 && bytes.starts_with("MSH") && may_separate(bytes[3]);
}

void parse(std::string_view bytes, Syntax& out) {
  if (!looks_like_hl7v2(bytes)) {
    return fault(out, "MSH-1", "A message begins with MSH and its field separator; this does not.");
  }
  const char end_of_segment = bytes.find('\r') == std::string_view::npos ? '\n' : '\r';
  std::array<std::uint32_t, kSegmentIds> seen{};
  std::size_t line_number = 0;
  for (std::string_view rest = bytes; !rest.empty();) {
    const auto cut = rest.find(end_of_segment);
    std::string_view line = rest.substr(0, cut);
    rest = cut == std::string_view::npos ? std::string_view{} : rest.substr(cut + 1);
    while (!line.empty() && line.front() == '\n') line.remove_prefix(1);  // of CR LF
    if (line.empty()) continue;
    ++line_number;
    if (line_number == 1 && !read_separators(line, out)) return;
    if (!is_segment_name(line, out.separators.field)) {
      fault(out, "segment[" + std::to_string(line_number) + "]",
            "A segment begins with three letters or digits and the field separator; this one does "
            "not.");
      if (out.faults.size() >= 20) return;
      continue;
    }
    if (out.segments.size() == kMaxSegments) {
      return fault(
          out, "segment[" + std::to_string(line_number) + "]",
          "A message has at most " + std::to_string(kMaxSegments) + " segments; send it in parts.");
    }
    const SegmentId id = id_of(line.substr(0, 3));
    const std::uint32_t occurrence =
        id == SegmentId::kOther ? 0 : ++seen[static_cast<std::size_t>(id)];
    if (id == SegmentId::kMsh && occurrence > 1) {
      return fault(out, "MSH", "Several messages stand in one; send each by itself.");
    }
    out.segments.push_back({line, id, occurrence});
  }
}

bool decode(std::string_view raw, const Separators& s, Charset charset, std::string& out) {
  out.clear();
  std::string bytes;
  if (raw.find(s.escape) == std::string_view::npos) {
    bytes.assign(raw);
  } else {
    for (std::size_t i = 0; i < raw.size();) {
      if (raw[i] != s.escape) {
        bytes += raw[i++];
        continue;
      }
      const auto close = raw.find(s.escape, i + 1);
      if (close == std::string_view::npos) return false;
      if (!unescape(raw.substr(i + 1, close - i - 1), s, bytes)) return false;
      i = close + 1;
    }
  }
  switch (charset) {
    case Charset::kAscii:
      if (!is_ascii(bytes)) return false;
      break;
    case Charset::kUtf8:
      if (!is_utf8(bytes)) return false;
      break;
    case Charset::kLatin1:
      for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x80) {
          out += c;
        } else {
          out += static_cast<char>(0xc0U | byte >> 6U);
          out += static_cast<char>(0x80U | (byte & 0x3fU));
        }
      }
      return true;
  }
  out = std::move(bytes);
  return true;
}

std::string escape(std::string_view text, const Separators& s) {
  std::string out;
  const auto coded = [&](char code) {
    out += s.escape;
    out += code;
    out += s.escape;
  };
  for (const char c : text) {
    if (c == s.field) {
      coded('F');
    } else if (c == s.component) {
      coded('S');
    } else if (c == s.subcomponent) {
      coded('T');
    } else if (c == s.repetition) {
      coded('R');
    } else if (c == s.escape) {
      coded('E');
    } else {
      out += static_cast<unsigned char>(c) < 0x20 || c == '\x7f' ? '?' : c;
    }
  }
  return out;
}

}  // namespace kronika::codec::hl7v2
