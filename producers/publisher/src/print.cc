#include <algorithm>
#include <ostream>
#include <utility>

#include <kronika/publisher/publish.h>

namespace kronika::publisher {
namespace {

constexpr std::size_t kIgnoredShown = 8;

using Counts = std::map<std::string, std::uint64_t>;

std::vector<std::pair<std::string, std::uint64_t>> by_size(const Counts& counts) {
  std::vector<std::pair<std::string, std::uint64_t>> rows(counts.begin(), counts.end());
  std::stable_sort(rows.begin(), rows.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  return rows;
}

void list(const char* title, const Counts& counts, std::size_t limit, std::ostream& out) {
  if (counts.empty()) return;
  out << title;
  std::size_t shown = 0;
  const char* separator = " ";
  for (const auto& [name, n] : by_size(counts)) {
    if (shown++ == limit) break;
    out << separator << name << " " << n;
    separator = " · ";
  }
  if (counts.size() > limit) out << " · and " << counts.size() - limit << " more kinds";
  out << "\n";
}

std::string json_text(std::string_view text) {
  std::string out = "\"";
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20) {
      out += "\\u00";
      out += kDigits[byte >> 4];
      out += kDigits[byte & 0xf];
    } else {
      out += c;
    }
  }
  return out + "\"";
}

void object(const char* name, const Counts& counts, std::ostream& out) {
  out << ",\"" << name << "\":{";
  const char* separator = "";
  for (const auto& [key, n] : counts) {
    out << separator << json_text(key) << ":" << n;
    separator = ",";
  }
  out << "}";
}

}  // namespace

void print_human(const PublishReport& report, std::ostream& out) {
  out << "messages   " << report.messages << ": " << report.messages_accepted << " accepted, "
      << report.messages_refused << " with a refusal\n";
  list("          ", report.by_protocol, 16, out);
  out << "events     " << report.events << " published\n";
  list("          ", report.by_type, 40, out);
  if (report.refused > 0) {
    out << "refused    " << report.refused << ", kept sealed in the dead-letter topic\n";
    list("          ", report.by_reason, 40, out);
  }
  if (report.ignored > 0) {
    out << "ignored    " << report.ignored << " resources without an event in the catalogue\n";
    list("          ", report.by_ignored, kIgnoredShown, out);
  }
  if (!report.refused_rows.empty()) out << "\nRefused (file | place | reason | what to do)\n";
  for (const RefusedRow& row : report.refused_rows) {
    out << "  " << row.file << " | " << row.position << " | " << row.reason << " | " << row.sentence
        << "\n";
  }
  if (report.refused > report.refused_rows.size()) {
    out << "  and " << report.refused - report.refused_rows.size() << " more\n";
  }
  for (const std::string& failure : report.failures) out << "FAILED: " << failure << "\n";
}

void print_json(const PublishReport& report, std::ostream& out) {
  out << "{\"messages\":" << report.messages
      << ",\"messages_accepted\":" << report.messages_accepted
      << ",\"messages_refused\":" << report.messages_refused << ",\"events\":" << report.events
      << ",\"refused\":" << report.refused << ",\"ignored\":" << report.ignored
      << ",\"skipped_files\":" << report.skipped_files
      << ",\"acknowledged\":" << report.acknowledged;
  object("by_protocol", report.by_protocol, out);
  object("by_type", report.by_type, out);
  object("by_reason", report.by_reason, out);
  object("by_ignored", report.by_ignored, out);
  out << ",\"refused_rows\":[";
  const char* separator = "";
  for (const RefusedRow& row : report.refused_rows) {
    out << separator << "{\"file\":" << json_text(row.file)
        << ",\"position\":" << json_text(row.position) << ",\"reason\":" << json_text(row.reason)
        << ",\"sentence\":" << json_text(row.sentence) << "}";
    separator = ",";
  }
  out << "],\"failures\":[";
  separator = "";
  for (const std::string& failure : report.failures) {
    out << separator << json_text(failure);
    separator = ",";
  }
  out << "]}\n";
}

}  // namespace kronika::publisher
