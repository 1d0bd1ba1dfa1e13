// The commands of `kronika`; each answers the exit code. Options are filled by main.cc from the
// command line.
#pragma once

#include "context.h"

#include <cstdint>
#include <string>
#include <vector>

namespace kronika::cli {

/// How a citizen is named on the command line (exactly one), and what is asked.
struct CitizenOptions {
  std::string cpr;
  std::string key;         ///< 32 hex digits
  std::string identifier;  ///< "system|value"
  std::string as_of;       ///< an instant with offset, or a date (its end)
  std::string known_at;
  bool transitions = false;
  std::string measure;
  std::string programme;
  std::string ruleset_version;
  int limit = 0;  ///< entries at most; 0: all
};
int citizen_show(const Context& context, const CitizenOptions& options);
int citizen_timeline(const Context& context, const CitizenOptions& options);
int citizen_measurements(const Context& context, const CitizenOptions& options);
int citizen_explain(const Context& context, const CitizenOptions& options);

struct IndicatorOptions {
  std::string indicator;
  std::string period;  ///< empty: the current quarter
  std::string table;   ///< empty: REGION, or the nation's where `by` is given
  std::string by;      ///< LEVEL, EDUCATION, SEX or AGE_BAND: the same as the table of that name
  std::string programme;
  bool all_rows = false;  ///< also those of areas where nothing is counted
};
int indicator_show(const Context& context, const IndicatorOptions& options);
int indicator_list(const Context& context);

struct TablesOptions {
  std::vector<std::string> indicators;  ///< ids; empty: all that this build computes
  std::string from, to;                 ///< quarters, both included; empty: the current one
};
/// Every table that the gateway offers of these indicators and quarters, and of the 12 months that
/// end with each: IndicatorTable as JSON, one a line, without rows and tables that count nothing.
int indicator_tables(const Context& context, const TablesOptions& options);
struct PublicationOptions {
  std::string indicator;       ///< create: or "all"; list: empty is all
  std::string period;          ///< "2025Q1", "2025Q1-R"
  std::uint32_t revision = 0;  ///< 0: the latest
  std::string table = "REGION";
  std::string programme;
  bool all_rows = false;
};
/// Publishes what may be published now, under the next revision number.
int publication_create(const Context& context, const PublicationOptions& options);
int publication_list(const Context& context, const PublicationOptions& options);
int publication_show(const Context& context, const PublicationOptions& options);

struct CellOptions {
  std::string events;  ///< a file of native events, one a line: fold these instead of asking Kafka
  std::string as_of;   ///< with `events`: an instant with offset, or a date (its end)
};
/// The exact cells behind the indicators, one JSON object a line; canary cells are marked.
int indicator_cells(const Context& context, const CellOptions& options);

int status(const Context& context);
/// What `make run` prints when everything is up; waits up to `wait_seconds` until the view has read
/// what is in the log.
int summary(const Context& context, int wait_seconds);

/// Codes in the event topics that lead nowhere (no row of diagnoses.csv, measurements.csv or
/// interventions.csv), with their counts: diagnoses are kept and open nothing, measurements and
/// interventions were refused (CODE_UNKNOWN, ENUM_UNKNOWN).
int codes_unknown(const Context& context);

int topics_create(const Context& context);
int topics_check(const Context& context);

struct MessageOptions {
  std::string id;  ///< show: the sender's id, or the SHA-256 of the bytes
  std::string sender, reason;
  bool effects = false;  ///< list: each message as show prints it
  CitizenOptions citizen;
  std::string from, to;  ///< dates (to: its end) or instants
  int limit = 50;
};
/// Where one message went, with what each of its events did.
int message_show(const Context& context, const MessageOptions& options);
int message_list(const Context& context, const MessageOptions& options);

struct ReconcileOptions {
  std::string day, from, to;  ///< civil dates
  std::string sender;
  int wait_seconds = 0;  ///< until everything has been compared and nothing waits
};
/// kNotDone where a sender's day does not add up.
int reconcile(const Context& context, const ReconcileOptions& options);

struct DeadLetterOptions {
  int limit = 20;
  std::vector<std::string> places;  ///< partition:offset; show: exactly one
  std::string stage, reason, sender;
  std::string from, to;  ///< dates (to: its end) or instants
  bool waiting = false;  ///< list: those alone that were neither sent once more nor closed
  bool open = false;     ///< show: open the sealed bytes with the key file
  bool dry_run = false;  ///< replay: say what would become of them
  bool again = false;    ///< replay: also those that were accepted when sent once more before
  std::string purpose;   ///< for the audit record
};
int dead_letters_list(const Context& context, const DeadLetterOptions& options);
/// With --open the audit record is written first; without it nothing is shown.
int dead_letters_show(const Context& context, const DeadLetterOptions& options);
/// kNotDone where a letter is not, or would not be, accepted whole.
int dead_letters_replay(const Context& context, const DeadLetterOptions& options);
int dead_letters_close(const Context& context, const DeadLetterOptions& options);

struct KeyOptions {
  std::string file;   ///< empty: seal.key_file
  int months = 3;     ///< make: beyond the present one
  std::string month;  ///< destroy: "2026-08"
};
/// kNotDone where the present month has none.
int keys_list(const Context& context, const KeyOptions& options);
int keys_make(const Context& context, const KeyOptions& options);
int keys_destroy(const Context& context, const KeyOptions& options);

struct VerifyOptions {
  int max_differences = 20;
  bool gateway = true;        ///< also compare the gateway's indicator tables
  bool shared_facts = false;  ///< also look for fact keys under two persons
};
int verify(const Context& context, const VerifyOptions& options);

struct RulesOptions {
  std::string folder;            ///< of the new rules; "configured": this program with its settings
  std::string organisations;     ///< empty: where the settings have it, in the new folder
  std::uint32_t generation = 0;  ///< 0: the next one
  std::string citizens;          ///< a new file for the keys of those who change; empty: none
  bool exact = false;            ///< else counts of people are rounded
  int max_rows = 20;
};
/// What other rules would change. kNotDone where anything; kUsage where they may not follow those
/// in force; kUnreachable where it could not be told.
int verify_rules(const Context& context, const RulesOptions& options);

}  // namespace kronika::cli
