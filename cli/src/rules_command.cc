// `kronika verify --rules`: what a new generation of rules would change. The figures are of people,
// so they are shown rounded unless the operator asks for exact ones, and who the people are goes
// into a file of the operator's alone.
#include "cell_json.h"
#include "commands.h"
#include "table.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <iostream>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include <nlohmann/json.hpp>

#include <kronika/base/ids.h>
#include <kronika/domain/suppression.h>
#include <kronika/refdata/loader.h>
#include <kronika/verify/errc.h>
#include <kronika/verify/rule_change.h>

namespace kronika::cli {
namespace {

using verify::RuleChangeReport;

/// Instead of a folder: this program with its own settings.
constexpr std::string_view kConfigured = "configured";

/// A new file that nobody but its owner may read: a line a citizen. Gone again unless it is
/// finished.
class CitizenFile {
 public:
  ~CitizenFile() {
    if (fd_ < 0) return;
    ::close(fd_);
    if (!finished_) ::unlink(path_.c_str());
  }
  /// False: the file is there already, or cannot be made.
  [[nodiscard]] bool open(const std::string& path) {
    path_ = path;
    fd_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
    return fd_ >= 0;
  }
  void add(const PersonKey& person, const std::vector<verify::Change>& changes) {
    buffer_ += to_hex(person.view());
    const char* separator = "\t";
    for (const verify::Change& change : changes) {
      buffer_ += separator;
      separator = "; ";
      if (!change.programme.empty()) buffer_ += change.programme + " ";
      buffer_ += change.field;
      if (!change.before.empty() || !change.after.empty())
        buffer_ += " " + change.before + " -> " + change.after;
    }
    buffer_ += '\n';
    if (buffer_.size() > (1U << 16)) write();
  }
  /// False: the disk refused a part of it.
  [[nodiscard]] bool finish() {
    write();
    finished_ = good_;
    return good_;
  }

 private:
  void write() {
    for (std::size_t at = 0; good_ && at < buffer_.size();) {
      const ssize_t written = ::write(fd_, buffer_.data() + at, buffer_.size() - at);
      good_ = written >= 0 || errno == EINTR;
      if (written > 0) at += static_cast<std::size_t>(written);
    }
    buffer_.clear();
  }
  std::string path_;
  int fd_ = -1;
  bool good_ = true;
  bool finished_ = false;
  std::string buffer_;
};

/// Counts of people: exact, or "<5" and the nearest multiple of five.
class Counts {
 public:
  explicit Counts(bool exact) : exact_(exact) {}
  [[nodiscard]] nlohmann::json json(std::int64_t count) const {
    if (!exact_ && domain::is_small(count)) return "<5";
    return exact_ ? count : (count + 2) / 5 * 5;
  }
  [[nodiscard]] std::string text(std::int64_t count) const {
    const nlohmann::json shown = json(count);
    return shown.is_string() ? shown.get<std::string>() : grouped(shown.get<std::int64_t>());
  }

 private:
  bool exact_;
};

std::string hash_of(const domain::Generation& generation) {
  char hash[20];
  std::snprintf(hash, sizeof hash, "%016llx", static_cast<unsigned long long>(generation.hash));
  return hash;
}
std::string text_of(const domain::Generation& generation) {
  return std::to_string(generation.ordinal) + " (" + hash_of(generation) + ")";
}
nlohmann::json generation_json(const domain::Generation& generation) {
  return {{"ordinal", generation.ordinal}, {"hash", hash_of(generation)}};
}

struct CountOfRow {
  const char* name;
  std::int64_t domain::CellValue::* member;
};
constexpr CountOfRow kCounts[] = {{"numerator", &domain::CellValue::numerator},
                                  {"second", &domain::CellValue::numerator2},
                                  {"denominator", &domain::CellValue::denominator},
                                  {"unknown", &domain::CellValue::unknown},
                                  {"excluded", &domain::CellValue::excluded}};

void print_json(const Context& context, const domain::Rules& rules, const RuleChangeReport& report,
                bool exact) {
  const Counts counts(exact);
  nlohmann::json changes = nlohmann::json::array();
  for (const auto& [change, citizens] : report.changes) {
    changes.push_back({{"programme", change.programme},
                       {"field", change.field},
                       {"before", change.before},
                       {"after", change.after},
                       {"citizens", counts.json(citizens)}});
  }
  const auto figures = [&](const domain::CellValue& value) {
    nlohmann::json out;
    for (const CountOfRow& count : kCounts) out[count.name] = counts.json(value.*count.member);
    return out;
  };
  nlohmann::json rows = nlohmann::json::array();
  for (const verify::RowChange& row : report.rows) {
    rows.push_back({{"indicator", domain::id_of(row.indicator)},
                    {"period", row.period},
                    {"table", domain::name_of(row.table)},
                    {"programme", row.programme},
                    {"key", row.key},
                    {"by", row.by},
                    {"before", figures(row.before)},
                    {"after", figures(row.after)}});
  }
  nlohmann::json out{{"changes_something", report.changes_something()},
                     {"proposed", generation_json(report.proposed)},
                     {"exact", exact},
                     {"events", report.events},
                     {"citizens", report.citizens},
                     {"changed", counts.json(report.changed)},
                     {"unseen", counts.json(report.unseen)},
                     {"changes", changes},
                     {"cells_changed", report.cells.size()},
                     {"rows", rows},
                     {"notes", report.notes}};
  if (report.present) out["present"] = generation_json(*report.present);
  if (exact) {
    nlohmann::json cells = nlohmann::json::array();
    for (const verify::CellChange& cell : report.cells) {
      nlohmann::json entry = json_of(rules, cell.cell, cell.programme);
      entry["before"] = json_of(cell.before);
      entry["after"] = json_of(cell.after);
      cells.push_back(std::move(entry));
    }
    out["cells"] = std::move(cells);
  }
  context.out << out.dump() << '\n';
}

std::int64_t size_of(const verify::RowChange& row) {
  std::int64_t size = 0;
  for (const CountOfRow& count : kCounts)
    size += std::abs(row.after.*count.member - row.before.*count.member);
  return size;
}

void print_rows(const Context& context, const RuleChangeReport& report, const Counts& counts,
                std::size_t limit) {
  std::vector<const verify::RowChange*> largest;
  for (const verify::RowChange& row : report.rows) largest.push_back(&row);
  std::stable_sort(largest.begin(), largest.end(),
                   [](const auto* a, const auto* b) { return size_of(*a) > size_of(*b); });
  const std::size_t shown = std::min(limit, largest.size());
  Table table({"indicator", "period", "table", "programme", "row", "what would change"});
  for (std::size_t i = 0; i < shown; ++i) {
    const verify::RowChange& row = *largest[i];
    std::string what;
    for (const CountOfRow& count : kCounts) {
      const std::int64_t before = row.before.*count.member;
      const std::int64_t after = row.after.*count.member;
      if (before == after) continue;
      what += std::string(what.empty() ? "" : ", ") + count.name + " " + counts.text(before) +
              " -> " + counts.text(after);
    }
    table.row({std::string(domain::id_of(row.indicator)), row.period,
               std::string(domain::name_of(row.table)),
               row.programme.empty() ? "all" : row.programme,
               row.key + (row.by.empty() ? "" : " " + row.by),
               what.empty() ? "values, not their number" : what});
  }
  table.print(context.out);
  if (largest.size() > shown) {
    context.out << "and " << grouped(static_cast<std::int64_t>(largest.size() - shown))
                << " more rows (--json lists them all)\n";
  }
}

void print(const Context& context, const RuleChangeReport& report, bool exact, std::size_t limit) {
  const Counts counts(exact);
  std::ostream& out = context.out;
  for (const std::string& note : report.notes) out << "note: " << note << '\n';
  if (!report.changes.empty()) {
    Table table({"programme", "field", "now", "then", {"citizens", Table::kRight}});
    for (const auto& [change, citizens] : report.changes) {
      table.row({change.programme.empty() ? "-" : change.programme, change.field, change.before,
                 change.after, counts.text(citizens)});
    }
    table.print(out);
  }
  if (!report.rows.empty()) print_rows(context, report, counts, limit);
  if (report.unseen > 0) {
    out << "of " << counts.text(report.unseen)
        << " citizens stored accumulators alone would change, nothing that a reader sees\n";
  }
  out << (report.changes_something() ? "CHANGES: " : "NOTHING CHANGES: ") << "generation "
      << text_of(report.proposed) << " against "
      << (report.present ? text_of(*report.present) : "none") << ": " << grouped(report.events)
      << " events, " << grouped(report.citizens) << " citizens; " << counts.text(report.changed)
      << " citizens and " << grouped(static_cast<std::int64_t>(report.rows.size()))
      << " rows of tables would change" << (exact ? "" : " (figures rounded; --exact tells them)")
      << '\n';
}

int refused(const Context& context, const Error& error) {
  if (error.code == verify::code<verify::Errc::kRulesRefused>())
    return report(context, error.context, kUsage);
  // "Something would change" has the code that other failures of this program have.
  const int code = report(context, error);
  return code == kNotDone ? kUnreachable : code;
}

}  // namespace

int verify_rules(const Context& context, const RulesOptions& options) {
  const config::Reference& own = context.settings().reference;
  const bool configured = options.folder == kConfigured;
  std::string folder = options.folder;
  if (configured) folder = own.dir.string();
  // A site's own register lies elsewhere, and stays as it is.
  const bool inside = own.organisations_file == own.dir / "organisations.csv";
  std::string organisations = options.organisations;
  if (organisations.empty())
    organisations = inside ? folder + "/organisations.csv" : own.organisations_file.string();
  const std::uint32_t ordinal =
      options.generation != 0 ? options.generation : own.generation + (configured ? 0U : 1U);
  const auto rules = refdata::load(folder, organisations, ordinal);
  if (!rules) return refused(context, rules.error());

  CitizenFile citizens;
  verify::RuleChangeOptions how;
  if (!options.citizens.empty()) {
    if (!citizens.open(options.citizens)) {
      return report(context,
                    options.citizens + " cannot be made: " + std::strerror(errno) +
                        "; --citizens wants a file that is not there yet",
                    kUsage);
    }
    how.on_citizen = [&](const PersonKey& person, const std::vector<verify::Change>& changes) {
      citizens.add(person, changes);
    };
  }
  if (!context.json) how.progress = [&](const std::string& line) { context.err << line << '\n'; };
  auto log = verify::open_kafka_source(client_options(context));
  if (!log) return refused(context, log.error());
  verify::RuleChange dry_run(**rules, **log, std::move(how));
  if (auto done = dry_run.run(); !done) return refused(context, done.error());
  if (!options.citizens.empty() && !citizens.finish())
    return report(context, options.citizens + " could not be written whole", kUnreachable);
  if (context.json) {
    print_json(context, **rules, dry_run.report(), options.exact);
  } else {
    print(context, dry_run.report(), options.exact,
          static_cast<std::size_t>(std::max(0, options.max_rows)));
  }
  return dry_run.report().changes_something() ? kNotDone : kDone;
}

}  // namespace kronika::cli
