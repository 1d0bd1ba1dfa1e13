#include "read.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <map>
#include <numeric>

#include <yaml-cpp/yaml.h>

#include <kronika/config/errc.h>

namespace kronika::config {
namespace {

std::string at_line(const std::filesystem::path& file, const YAML::Node& node) {
  return file.string() + ":" + std::to_string(node.Mark().line + 1);
}

Result<void> flatten(const YAML::Node& node, const std::string& prefix,
                     const std::filesystem::path& file, std::vector<Raw>& out) {
  for (const auto& member : node) {
    const std::string where = at_line(file, member.first);
    if (!member.first.IsScalar()) {
      return fail(code<Errc::kFile>(), where + ": a setting's name must be a word");
    }
    const std::string name = prefix + member.first.Scalar();
    const YAML::Node& value = member.second;
    if (value.IsMap()) {
      if (auto r = flatten(value, name + ".", file, out); !r) return r;
      continue;
    }
    Raw raw{.name = name, .text = {}, .list = {}, .is_list = value.IsSequence(), .origin = where};
    if (value.IsScalar()) {
      raw.text = value.Scalar();
    } else if (value.IsSequence()) {
      for (const auto& entry : value) {
        if (!entry.IsScalar()) {
          return fail(code<Errc::kMalformed>(),
                      at_line(file, entry) + ": " + name + ": a list of plain values is expected");
        }
        raw.list.push_back(entry.Scalar());
      }
    } else {
      return fail(code<Errc::kMalformed>(),
                  where + ": " + name + ": no value; give one or take the line out");
    }
    const auto earlier =
        std::find_if(out.begin(), out.end(), [&](const Raw& r) { return r.name == name; });
    if (earlier != out.end()) {
      return fail(code<Errc::kContradiction>(), where + ": " + name + ": already set at " +
                                                    earlier->origin + "; keep one of the two");
    }
    out.push_back(std::move(raw));
  }
  return {};
}

// "64MiB" is a number of bytes; everything else must be digits with at most a sign.
bool parse_integer(std::string_view text, bool is_bytes, std::int64_t& out) {
  std::int64_t factor = 1;
  if (is_bytes) {
    for (const auto& [suffix, size] : {std::pair<std::string_view, std::int64_t>{"KiB", 1LL << 10},
                                       {"MiB", 1LL << 20},
                                       {"GiB", 1LL << 30}}) {
      if (text.ends_with(suffix)) {
        text.remove_suffix(suffix.size());
        factor = size;
        break;
      }
    }
  }
  const auto [end, errc] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (errc != std::errc() || end != text.data() + text.size()) return false;
  return !__builtin_mul_overflow(out, factor, &out);
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const auto end = std::min(text.find(separator), text.size());
    auto part = text.substr(0, end);
    while (!part.empty() && part.front() == ' ') part.remove_prefix(1);
    while (!part.empty() && part.back() == ' ') part.remove_suffix(1);
    if (!part.empty()) parts.emplace_back(part);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

bool is_name_text(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '_' || c == '-';
  });
}

// Settings whose text has a form of its own; "" when `text` has it, else what is expected.
std::string expected_form(std::string_view name, const std::string& text) {
  if (name == "kafka.bootstrap_servers") {
    const auto servers = split(text, ',');
    const bool good =
        !servers.empty() && std::all_of(servers.begin(), servers.end(), [](const std::string& s) {
          const auto colon = s.rfind(':');
          std::int64_t port = 0;
          return colon != std::string::npos && colon > 0 &&
                 parse_integer(std::string_view(s).substr(colon + 1), false, port) && port > 0 &&
                 port < 65'536;
        });
    if (!good) return "one or more host:port, separated by commas";
  }
  if (name == "instance" && (text.empty() || !is_name_text(text))) {
    return "letters, digits, '.', '_' and '-', at least one";
  }
  if (name == "kafka.topic_prefix" && !is_name_text(text)) {
    return "letters, digits, '.', '_' and '-', or nothing";
  }
  if (name == "gateway.address" && !text.starts_with("127.") && text != "localhost" &&
      text != "::1") {
    return "a loopback address, because the gateway speaks plaintext (put a proxy with TLS in "
           "front of it)";
  }
  if (name == "metrics.address" && text.empty()) return "an address";
  return "";
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replace = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replace});
    }
  }
  return row[b.size()];
}

}  // namespace

Result<std::vector<Raw>> read_file(const std::filesystem::path& file) {
  YAML::Node root;
  try {
    root = YAML::LoadFile(file.string());
  } catch (const YAML::BadFile&) {
    return fail(code<Errc::kFile>(), file.string() +
                                         ": cannot be read; check the path, or leave --config and "
                                         "KRONIKA_CONFIG out to run with the defaults");
  } catch (const YAML::Exception& e) {
    return fail(code<Errc::kFile>(), file.string() + ":" + std::to_string(e.mark.line + 1) +
                                         ": not valid YAML: " + e.msg);
  }
  std::vector<Raw> raws;
  if (root.IsNull()) return raws;  // an empty file
  if (!root.IsMap()) {
    return fail(code<Errc::kFile>(),
                file.string() + ":1: settings are expected, as in 'log: {level: info}'");
  }
  if (auto r = flatten(root, "", file, raws); !r) return tl::unexpected(r.error());
  return raws;
}

Result<Value> parse(const Row& row, const Raw& raw, const std::filesystem::path& home) {
  const auto malformed = [&](const std::string& expected) {
    const std::string given = raw.is_list ? "a list" : "'" + raw.text + "'";
    return fail(code<Errc::kMalformed>(), raw.origin + ": " + std::string(row.name) + ": " + given +
                                              " does not fit; expected " + expected);
  };
  Value value;
  if (row.type == Type::kList) {
    value.list = raw.is_list ? raw.list : split(raw.text, ',');
    return value;
  }
  if (raw.is_list) return malformed("one value");
  value.text = raw.text;
  switch (row.type) {
    case Type::kText:
      if (const auto form = expected_form(row.name, raw.text); !form.empty()) {
        return malformed(form);
      }
      break;
    case Type::kInteger: {
      const bool is_bytes = row.unit == "bytes";
      if (!parse_integer(raw.text, is_bytes, value.number) || value.number < row.min ||
          value.number > row.max) {
        return malformed("a whole number from " + std::to_string(row.min) + " to " +
                         std::to_string(row.max) +
                         (is_bytes           ? " bytes (KiB, MiB and GiB may follow)"
                          : row.unit.empty() ? ""
                                             : " " + std::string(row.unit)));
      }
      break;
    }
    case Type::kPath:
      if (raw.text.empty() && row.default_text.empty()) break;  // may be left out
      if (raw.text.empty()) return malformed("a path");
      value.text = (home / raw.text).lexically_normal().string();
      break;
    case Type::kChoice: {
      const auto choices = split(row.choices, ' ');
      if (std::find(choices.begin(), choices.end(), raw.text) == choices.end()) {
        return malformed("one of: " + std::string(row.choices));
      }
      break;
    }
    case Type::kList:
      break;
  }
  return value;
}

std::string value_text(const Row& row, const Value& value) {
  if (row.type == Type::kInteger) return std::to_string(value.number);
  if (row.type != Type::kList) return value.text;
  std::string joined;
  for (const auto& entry : value.list) joined += (joined.empty() ? "" : ",") + entry;
  return joined;
}

std::string suggestion(std::string_view unknown_name) {
  const Row* best = nullptr;
  std::size_t best_distance = 4;  // further away is another word
  for (const Row& row : rows()) {
    const auto distance = edit_distance(unknown_name, row.name);
    if (distance < best_distance) {
      best_distance = distance;
      best = &row;
    }
  }
  return best == nullptr ? "" : "; did you mean " + std::string(best->name) + "?";
}

}  // namespace kronika::config
