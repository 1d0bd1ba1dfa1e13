#include "commands.h"
#include "log_scan.h"
#include "table.h"
#include "times.h"

#include <algorithm>
#include <deque>
#include <iostream>
#include <map>

#include <nlohmann/json.hpp>

#include <kronika/bus/topics.h>
#include <kronika/codec/seal.h>
#include <kronika/deadletters/errc.h>
#include <kronika/deadletters/replay.h>
#include <kronika/domain/time.h>
#include <kronika/edge/setup.h>

namespace kronika::cli {
namespace {

using deadletters::DeadLetter;

// Sent together, with one wait for Kafka a step; their bytes are in memory meanwhile.
constexpr std::size_t kLettersAtOnce = 64;

std::string short_time(Instant time) {
  std::string text = domain::to_local_text(time).substr(0, 16);
  if (text.size() > 10) text[10] = ' ';
  return text;
}

Result<deadletters::Selection> selection_of(const DeadLetterOptions& options) {
  deadletters::Selection selection;
  for (const std::string& text : options.places) {
    const auto place = deadletters::read_place(text);
    if (!place) return tl::unexpected(place.error());
    selection.places.push_back(*place);
  }
  selection.stage = options.stage;
  selection.reason = options.reason;
  selection.sender = options.sender;
  const auto time = [](const std::string& option, const std::string& text,
                       std::optional<Instant>& out) -> Result<void> {
    if (text.empty()) return {};
    if (const auto date = domain::parse_date(text)) {
      out = option == "--to" ? domain::end_of_day(*date) : domain::start_of_day(*date);
      return {};
    }
    out = read_time(text);
    if (out) return {};
    return fail(deadletters::kSelection, option +
                                             " is a date (2026-01-31) or an instant with offset "
                                             "(2026-01-31T10:00:00+01:00)");
  };
  if (auto ok = time("--from", options.from, selection.from); !ok) {
    return tl::unexpected(ok.error());
  }
  if (auto ok = time("--to", options.to, selection.to); !ok) return tl::unexpected(ok.error());
  return selection;
}

/// What an act is done with: nothing named is not everything.
Result<deadletters::Selection> chosen_by(const DeadLetterOptions& options) {
  auto selection = selection_of(options);
  if (!selection || !selection->empty()) return selection;
  return fail(deadletters::kSelection,
              "name places, or choose with --reason, --stage, --sender, --from, --to");
}

Result<deadletters::Replays> read_replays(const Context& context) {
  deadletters::Replays replays;
  const auto done = scan_topics(context, {std::string(bus::kAudit)},
                                [&](const bus::Record& record) -> Result<void> {
                                  replays.add(record);
                                  return {};
                                });
  if (!done) return tl::unexpected(done.error());
  return replays;
}

int report_letter(const Context& context, const Error& error) {
  if (error.code == deadletters::kSelection) return report(context, error.context, kUsage);
  if (error.code == deadletters::kAuditAway) return report(context, error.context, kUnreachable);
  return report(context, error);
}

nlohmann::json json_of(const DeadLetter& letter, const std::string& replayed) {
  nlohmann::json headers = nlohmann::json::object();
  for (const auto& [key, value] : letter.headers) headers[key] = value;
  return {{"place", deadletters::text_of(letter.at)},
          {"time", domain::to_text(letter.time)},
          {"sender", letter.sender()},
          {"sealed", letter.sealed()},
          {"bytes", letter.value.size()},
          {"replayed", replayed},
          {"headers", headers}};
}

/// A letter whose bytes need not be kept: what a list shows of it.
struct Listed {
  DeadLetter letter;
  std::string replayed;
};

// ---- replay

struct ReplayReport {
  std::int64_t chosen = 0, sent = 0, skipped = 0;
  std::map<std::string, std::int64_t> verdicts;
  std::map<std::string, std::int64_t> reasons;  ///< of letters that are refused again
  nlohmann::json rows = nlohmann::json::array();
  std::vector<std::vector<std::string>> table;
};

constexpr std::size_t kMostRows = 1000;

void add_row(ReplayReport& report, const DeadLetter& letter, const deadletters::Attempt& attempt) {
  const std::string verdict(deadletters::to_text(attempt.plan.verdict));
  ++report.verdicts[verdict];
  if (!attempt.plan.reasons.empty()) ++report.reasons[attempt.plan.reasons];
  if (attempt.sent) ++report.sent;
  if (report.table.size() >= kMostRows) return;
  nlohmann::json places = nlohmann::json::array();
  for (const auto& e : attempt.events) {
    places.push_back(e.topic + "/" + std::to_string(e.partition) + "@" + std::to_string(e.offset));
  }
  report.rows.push_back({{"place", deadletters::text_of(letter.at)},
                         {"was", letter.reasons()},
                         {"verdict", verdict},
                         {"events", attempt.plan.events},
                         {"reasons", attempt.plan.reasons},
                         {"why", attempt.plan.sentence},
                         {"sent", attempt.sent},
                         {"published", places}});
  report.table.push_back({deadletters::text_of(letter.at), letter.reasons(), verdict,
                          std::to_string(attempt.plan.events), attempt.plan.reasons,
                          attempt.plan.sentence});
}

int print_replay(const Context& context, const ReplayReport& report, bool dry_run) {
  if (context.json) {
    context.out << nlohmann::json{{"dry_run", dry_run},          {"chosen", report.chosen},
                                  {"sent", report.sent},         {"skipped", report.skipped},
                                  {"verdicts", report.verdicts}, {"letters", report.rows}}
                       .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)
                << '\n';
  } else {
    Table table({"place",
                 "was",
                 dry_run ? "would be" : "is",
                 {"events", Table::kRight},
                 "refused again",
                 "why"});
    for (const auto& row : report.table) table.row(row);
    if (!table.empty()) table.print(context.out, "  ");
    if (report.table.size() == kMostRows) context.out << "  ... further ones are counted only\n";
    context.out << grouped(report.chosen) << (report.chosen == 1 ? " letter" : " letters");
    for (const auto& [verdict, n] : report.verdicts) {
      context.out << ", " << grouped(n) << ' ' << verdict;
    }
    if (report.skipped > 0) {
      context.out
          << "; " << grouped(report.skipped)
          << " left out: accepted when they were sent once more before, or closed (--again)";
    }
    context.out << (dry_run ? "; nothing was sent\n"
                            : "; " + grouped(report.sent) + " sent once more\n");
  }
  const auto of = [&](const char* verdict) {
    const auto found = report.verdicts.find(verdict);
    return found == report.verdicts.end() ? 0 : found->second;
  };
  return of("accepted") == report.chosen ? kDone : kNotDone;
}

}  // namespace

int dead_letters_list(const Context& context, const DeadLetterOptions& options) {
  const auto selection = selection_of(options);
  if (!selection) return report_letter(context, selection.error());
  const auto replays = read_replays(context);
  if (!replays) return report(context, replays.error());
  std::deque<Listed> latest;
  std::map<std::pair<std::string, std::string>, std::int64_t> by_reason;
  std::int64_t count = 0, waiting = 0;
  const auto keep = options.limit > 0 ? static_cast<std::size_t>(options.limit) : SIZE_MAX;
  const auto earlier = [](const Listed& a, const Listed& b) {
    return a.letter.time < b.letter.time;
  };
  const auto done = scan_topics(
      context, {std::string(bus::kDeadLetter)}, [&](const bus::Record& record) -> Result<void> {
        DeadLetter letter = deadletters::read_dead_letter(record);
        if (!selection->matches(letter)) return {};
        const std::string replayed = replays->outcome(letter.at);
        if (options.waiting && !replayed.empty()) return {};
        ++count;
        if (replayed.empty()) ++waiting;
        ++by_reason[{letter.fault("stage"), letter.fault("reason")}];
        // A consumer's names its sender in its bytes, which are few.
        if (letter.sealed()) letter.value.resize(std::min<std::size_t>(letter.value.size(), 3));
        latest.push_back({std::move(letter), replayed});
        // Partitions come one after the other: the oldest of all go, now and then.
        if (keep != SIZE_MAX && latest.size() >= 2 * keep + 1000) {
          std::stable_sort(latest.begin(), latest.end(), earlier);
          latest.erase(latest.begin(), latest.end() - static_cast<std::ptrdiff_t>(keep));
        }
        return {};
      });
  if (!done) return report(context, done.error());
  std::stable_sort(latest.begin(), latest.end(), earlier);
  while (latest.size() > keep) latest.pop_front();
  if (context.json) {
    nlohmann::json all = {
        {"count", count}, {"waiting", waiting}, {"latest", nlohmann::json::array()}};
    for (const Listed& one : latest) all["latest"].push_back(json_of(one.letter, one.replayed));
    context.out << all.dump() << '\n';
    return kDone;
  }
  context.out << grouped(count) << " dead letters, " << grouped(waiting)
              << " of them neither sent once more nor closed\n";
  Table reasons({"stage", "reason", {"count", Table::kRight}});
  for (const auto& [key, n] : by_reason) reasons.row({key.first, key.second, grouped(n)});
  if (count > 0) reasons.print(context.out, "  ");
  if (latest.empty()) return kDone;
  context.out << "The latest " << latest.size() << " (kronika dead-letters show PLACE)\n";
  Table table({"place", "time", "stage", "reason", "sender", "source", "replayed", "what"});
  for (const auto& [letter, replayed] : latest) {
    const std::string sender = letter.sender();
    table.row({deadletters::text_of(letter.at), short_time(letter.time), letter.fault("stage"),
               letter.fault("reason"), sender.empty() ? "-" : sender, letter.source(),
               replayed.empty() ? "-" : replayed, letter.fault("detail")});
  }
  table.print(context.out, "  ");
  return kDone;
}

int dead_letters_show(const Context& context, const DeadLetterOptions& options) {
  const auto selection = selection_of(options);
  if (!selection) return report_letter(context, selection.error());
  std::optional<DeadLetter> found;
  const auto done = scan_topics(
      context, {std::string(bus::kDeadLetter)}, [&](const bus::Record& record) -> Result<void> {
        if (codec::RecordPlace{record.partition, record.offset} == selection->places.front()) {
          found = deadletters::read_dead_letter(record);
        }
        return {};
      });
  if (!done) return report(context, done.error());
  if (!found) {
    return report(context,
                  "no dead letter stands at " + options.places.front() +
                      " (PARTITION:OFFSET, as kronika dead-letters list shows it)",
                  kNotDone);
  }
  const auto replays = read_replays(context);
  if (!replays) return report(context, replays.error());
  const std::string replayed = replays->outcome(found->at);
  std::string content;
  if (options.open) {
    const auto sealer = codec::Sealer::from_file(context.settings().seal_key_file);
    if (!sealer) return report(context, sealer.error());
    bus::Publisher::Options publisher;
    publisher.delivery_timeout = std::chrono::seconds(10);
    auto bus = bus::Publisher::open(client_options(context), publisher);
    if (!bus) return report(context, bus.error());
    deadletters::AuditLog audit(**bus);
    auto opened =
        deadletters::open_letter(*found, *sealer, audit, options.purpose, SystemClock().now());
    if (!opened) return report_letter(context, opened.error());
    content = std::move(*opened);
  }
  if (context.json) {
    nlohmann::json all = json_of(*found, replayed);
    if (options.open) all["content"] = content;
    context.out << all.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
    return kDone;
  }
  for (const auto& [key, value] : found->headers) context.out << key << ": " << value << '\n';
  context.out << found->value.size() << " bytes"
              << (found->sealed() ? ", sealed (--open shows them, with seal.key_file)" : "")
              << '\n';
  if (!replayed.empty()) {
    context.out << (replayed == "closed" ? "closed\n" : "sent once more: " + replayed + "\n");
  }
  if (options.open) context.out << '\n' << content << '\n';
  return kDone;
}

int dead_letters_replay(const Context& context, const DeadLetterOptions& options) {
  const auto selection = chosen_by(options);
  if (!selection) return report_letter(context, selection.error());
  const auto setup = edge::EdgeSetup::open(context.settings(), "kronika-cli-replay", nullptr);
  if (!setup) return report(context, setup.error());
  const auto replays = read_replays(context);
  if (!replays) return report(context, replays.error());
  deadletters::AuditLog audit((*setup)->bus());
  deadletters::Replayer replayer((*setup)->tools(), (*setup)->options(), (*setup)->clock(), audit,
                                 options.purpose);
  ReplayReport done;
  std::vector<DeadLetter> batch;
  const auto take_batch = [&]() -> Result<void> {
    if (options.dry_run) {
      for (const DeadLetter& letter : batch) {
        add_row(done, letter, {letter.at, replayer.plan(letter), false, {}, {}});
      }
    } else {
      const auto attempts = replayer.replay(batch);
      if (!attempts) return tl::unexpected(attempts.error());
      for (std::size_t i = 0; i < batch.size(); ++i) add_row(done, batch[i], (*attempts)[i]);
    }
    batch.clear();
    return {};
  };
  // The topic is read to the end that it has now: what a replay dead-letters again is not met.
  auto read = scan_topics(context, {std::string(bus::kDeadLetter)},
                          [&](const bus::Record& record) -> Result<void> {
                            DeadLetter letter = deadletters::read_dead_letter(record);
                            if (!selection->matches(letter)) return {};
                            const std::string before = replays->outcome(letter.at);
                            if (!options.again && (before == "accepted" || before == "closed")) {
                              ++done.skipped;
                              return {};
                            }
                            ++done.chosen;
                            batch.push_back(std::move(letter));
                            return batch.size() < kLettersAtOnce ? Result<void>() : take_batch();
                          });
  if (read) read = take_batch();
  if (!read) return report_letter(context, read.error());
  if (done.chosen + done.skipped == 0) {
    return report(context, "no dead letter is chosen by that", kNotDone);
  }
  return print_replay(context, done, options.dry_run);
}

int dead_letters_close(const Context& context, const DeadLetterOptions& options) {
  const auto selection = chosen_by(options);
  if (!selection) return report_letter(context, selection.error());
  const auto setup = edge::EdgeSetup::open(context.settings(), "kronika-cli-close", nullptr);
  if (!setup) return report(context, setup.error());
  const auto replays = read_replays(context);
  if (!replays) return report(context, replays.error());
  std::vector<DeadLetter> open;
  const auto read = scan_topics(
      context, {std::string(bus::kDeadLetter)}, [&](const bus::Record& record) -> Result<void> {
        DeadLetter letter = deadletters::read_dead_letter(record);
        if (!selection->matches(letter) || !replays->outcome(letter.at).empty()) return {};
        letter.value.clear();  // its place is enough
        open.push_back(std::move(letter));
        return {};
      });
  if (!read) return report(context, read.error());
  if (open.empty()) return report(context, "no open dead letter is chosen by that", kNotDone);
  if (!options.dry_run) {
    deadletters::AuditLog audit((*setup)->bus());
    deadletters::Replayer replayer((*setup)->tools(), (*setup)->options(), (*setup)->clock(), audit,
                                   options.purpose);
    for (std::size_t i = 0; i < open.size(); i += kLettersAtOnce) {
      const auto begin = open.begin() + static_cast<std::ptrdiff_t>(i);
      const auto end =
          begin + static_cast<std::ptrdiff_t>(std::min(kLettersAtOnce, open.size() - i));
      if (auto ok = replayer.close({begin, end}); !ok) return report_letter(context, ok.error());
    }
  }
  if (context.json) {
    context.out << nlohmann::json{{"dry_run", options.dry_run}, {"closed", open.size()}}.dump()
                << '\n';
    return kDone;
  }
  context.out << grouped(static_cast<std::int64_t>(open.size()))
              << (options.dry_run ? " would be closed\n" : " closed\n");
  return kDone;
}

}  // namespace kronika::cli
