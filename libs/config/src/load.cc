#include "read.h"
#include "table.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <optional>
#include <sys/stat.h>
#include <tuple>
#include <unistd.h>
#include <utility>

#include <kronika/base/ids.h>
#include <kronika/config/errc.h>
#include <kronika/config/load.h>

namespace kronika::config {
namespace {

// Read by scripts and by load() itself; every other KRONIKA_ variable must be a setting.
constexpr std::string_view kReservedVariables[] = {"KRONIKA_HOME", "KRONIKA_CONFIG",
                                                   "KRONIKA_PORT_BASE", "KRONIKA_PRESET"};
constexpr std::string_view kTestVariables = "KRONIKA_TEST_";
constexpr std::string_view kList = "`kronika config print` lists them all";

std::string lookup(const std::map<std::string, std::string>& environment, const std::string& name) {
  const auto at = environment.find(name);
  return at == environment.end() ? "" : at->second;
}

// Takes the settings out of the arguments; what is left goes to `loaded.rest`.
Result<std::vector<Raw>> read_flags(const std::vector<std::string>& args, std::string& file,
                                    Loaded& loaded) {
  std::vector<Raw> raws;
  for (std::size_t i = 0; i < args.size(); ++i) {
    const std::string& arg = args[i];
    if (arg == "--") {
      loaded.rest.insert(loaded.rest.end(), args.begin() + static_cast<std::ptrdiff_t>(i),
                         args.end());
      break;
    }
    const auto equals = arg.find('=');
    const std::string option = arg.substr(0, equals);
    const std::string name = option.starts_with("--") ? option.substr(2) : "";
    if (name == "check-config") {
      loaded.check_only = true;
    } else if (name == "config") {
      file.clear();
      if (equals != std::string::npos) {
        file = arg.substr(equals + 1);
      } else if (i + 1 < args.size()) {
        file = args[++i];
      }
      if (file.empty()) {
        return fail(code<Errc::kMalformed>(), "flag --config: a file is expected after it");
      }
    } else if (find_row(name) != nullptr || name.find('.') != std::string::npos) {
      const std::string origin = "flag --" + name;
      if (equals == std::string::npos) {
        return fail(code<Errc::kMalformed>(),
                    origin + ": no value; write --" + name + "=VALUE, without a blank");
      }
      if (std::any_of(raws.begin(), raws.end(), [&](const Raw& r) { return r.name == name; })) {
        return fail(code<Errc::kContradiction>(), origin + ": given twice; keep one of the two");
      }
      raws.push_back({.name = name,
                      .text = arg.substr(equals + 1),
                      .list = {},
                      .is_list = false,
                      .origin = origin});
    } else {
      loaded.rest.push_back(arg);
    }
  }
  return raws;
}

Result<std::vector<Raw>> read_environment(const std::map<std::string, std::string>& environment) {
  const std::string client_variables = environment_name(kClientPrefix);
  std::vector<Raw> raws;
  for (const auto& [variable, text] : environment) {
    if (!variable.starts_with("KRONIKA_") || variable.starts_with(kTestVariables) ||
        std::find(std::begin(kReservedVariables), std::end(kReservedVariables), variable) !=
            std::end(kReservedVariables)) {
      continue;
    }
    const auto row = std::find_if(rows().begin(), rows().end(), [&](const Row& r) {
      return environment_name(r.name) == variable;
    });
    std::string name;
    if (row != rows().end()) {
      name = row->name;
    } else if (variable.starts_with(client_variables)) {
      name = kClientPrefix;
      for (const char c : variable.substr(client_variables.size())) {
        name += c == '_' ? '.' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      }
    } else {
      return fail(code<Errc::kUnknown>(), "environment " + variable +
                                              ": there is no such setting; " + std::string(kList) +
                                              ", or unset it");
    }
    raws.push_back({.name = name,
                    .text = text,
                    .list = {},
                    .is_list = false,
                    .origin = "environment " + variable});
  }
  return raws;
}

bool is_secret_property(std::string_view property) {
  return property.ends_with("password") || property.ends_with(".pem") ||
         property.ends_with("secret") || property.ends_with("sasl.username");
}

// A name that is not in the table: a property for librdkafka, or a mistake.
Result<void> take_client_property(const Raw& raw, Loaded& loaded) {
  if (!raw.name.starts_with(kClientPrefix) || raw.name.size() == kClientPrefix.size()) {
    return fail(
        code<Errc::kUnknown>(),
        raw.origin + ": " + raw.name + ": there is no such setting" +
            (suggestion(raw.name).empty() ? "; " + std::string(kList) : suggestion(raw.name)));
  }
  const std::string property = raw.name.substr(kClientPrefix.size());
  if (const auto why = why_client_property_is_refused(property)) {
    return fail(code<Errc::kContradiction>(),
                raw.origin + ": " + raw.name + ": must not be set, because " + *why);
  }
  if (raw.is_list) {
    return fail(code<Errc::kMalformed>(), raw.origin + ": " + raw.name + ": one value is expected");
  }
  auto& client = loaded.settings.kafka.client;
  const auto earlier = std::find_if(client.begin(), client.end(),
                                    [&](const auto& p) { return p.first == property; });
  const Effective line{raw.name, is_secret_property(property) ? "(redacted)" : raw.text,
                       raw.origin};
  if (earlier == client.end()) {
    client.emplace_back(property, raw.text);
    loaded.effective.push_back(line);
  } else {
    earlier->second = raw.text;
    *std::find_if(loaded.effective.begin(), loaded.effective.end(),
                  [&](const Effective& e) { return e.name == raw.name; }) = line;
  }
  return {};
}

std::string origin_of(const Loaded& loaded, std::string_view name) {
  for (const auto& e : loaded.effective) {
    if (e.name == name) return e.origin;
  }
  return "default";
}

Result<void> contradiction(const Loaded& loaded, std::string_view name, const std::string& what) {
  return fail(code<Errc::kContradiction>(),
              origin_of(loaded, name) + ": " + std::string(name) + ": " + what);
}

/// A pair of files of which one alone is a mistake.
Result<void> check_pair(const Loaded& loaded, std::string_view section, std::string_view cert_name,
                        const std::filesystem::path& cert, std::string_view key_name,
                        const std::filesystem::path& key) {
  if (cert.empty() == key.empty()) return {};
  const std::string name = std::string(section) + std::string(cert.empty() ? key_name : cert_name);
  return contradiction(loaded, name, "certificate and key belong together; give both");
}

/// The security settings as properties of the client.
Result<void> add_security(Loaded& loaded) {
  Kafka& kafka = loaded.settings.kafka;
  const bool tls = kafka.security_protocol.ends_with("ssl");
  const bool sasl = kafka.security_protocol.starts_with("sasl_");
  for (const auto& [name, file] :
       {std::pair{"kafka.ssl_ca_file", &kafka.ssl_ca_file},
        std::pair{"kafka.ssl_certificate_file", &kafka.ssl_certificate_file},
        std::pair{"kafka.ssl_key_file", &kafka.ssl_key_file}}) {
    if (!tls && !file->empty()) {
      return contradiction(loaded, name, "needs kafka.security_protocol ssl or sasl_ssl");
    }
  }
  if (auto r = check_pair(loaded, "kafka.", "ssl_certificate_file", kafka.ssl_certificate_file,
                          "ssl_key_file", kafka.ssl_key_file);
      !r) {
    return r;
  }
  if (!sasl && (!kafka.sasl_username.empty() || !kafka.sasl_password_file.empty())) {
    return contradiction(
        loaded, kafka.sasl_username.empty() ? "kafka.sasl_password_file" : "kafka.sasl_username",
        "needs kafka.security_protocol sasl_ssl");
  }
  if (sasl && (kafka.sasl_username.empty() || kafka.sasl_password_file.empty())) {
    return contradiction(loaded, "kafka.security_protocol",
                         "needs kafka.sasl_username and kafka.sasl_password_file");
  }
  const auto add = [&](const char* property, const std::string& value) {
    if (!value.empty()) kafka.client.emplace_back(property, value);
  };
  if (kafka.security_protocol != "plaintext") add("security.protocol", kafka.security_protocol);
  add("ssl.ca.location", kafka.ssl_ca_file.string());
  add("ssl.certificate.location", kafka.ssl_certificate_file.string());
  add("ssl.key.location", kafka.ssl_key_file.string());
  if (!sasl) return {};
  struct stat info{};
  if (stat(kafka.sasl_password_file.c_str(), &info) == 0 && (info.st_mode & S_IROTH) != 0) {
    return fail(code<Errc::kSecret>(), kafka.sasl_password_file.string() +
                                           ": everyone can read this password; run chmod 600 on "
                                           "the file");
  }
  std::ifstream in(kafka.sasl_password_file);
  std::string password;
  if (!std::getline(in, password) || password.empty()) {
    return fail(code<Errc::kSecret>(), kafka.sasl_password_file.string() +
                                           ": no password in its first line "
                                           "(kafka.sasl_password_file)");
  }
  add("sasl.mechanisms", kafka.sasl_mechanism);
  add("sasl.username", kafka.sasl_username);
  return {};
}

// What no single value shows.
Result<void> check_together(const Loaded& loaded) {
  const Settings& s = loaded.settings;
  if (s.citizen.commit_interval * 2 > s.kafka.transaction_timeout) {
    return contradiction(loaded, "citizen.commit_interval_ms",
                         "must be at most half of kafka.transaction_timeout_ms, or the broker "
                         "aborts transactions before they are committed");
  }
  if (s.indicators.commit_interval * 2 > s.kafka.transaction_timeout) {
    return contradiction(loaded, "indicators.commit_interval_ms",
                         "must be at most half of kafka.transaction_timeout_ms, or the broker "
                         "aborts transactions before they are committed");
  }
  if (s.gateway.default_page_size > s.gateway.max_page_size) {
    return contradiction(loaded, "gateway.default_page_size",
                         "is larger than gateway.max_page_size; lower one or raise the other");
  }
  if (s.gateway.default_deadline > s.gateway.max_deadline) {
    return contradiction(loaded, "gateway.default_deadline_ms",
                         "is longer than gateway.max_deadline_ms; lower one or raise the other");
  }
  for (const auto& [section, cert, key] :
       {std::tuple{"gateway.", &s.gateway.cert_file, &s.gateway.key_file},
        std::tuple{"metrics.", &s.metrics.cert_file, &s.metrics.key_file},
        std::tuple{"cli.", &s.cli.cert_file, &s.cli.key_file}}) {
    if (auto r = check_pair(loaded, section, "cert_file", *cert, "key_file", *key); !r) return r;
  }
  if (!s.gateway.client_ca_file.empty() && s.gateway.cert_file.empty()) {
    return contradiction(loaded, "gateway.client_ca_file",
                         "needs gateway.cert_file: there is no TLS without");
  }
  if (!s.metrics.client_ca_file.empty() && s.metrics.cert_file.empty()) {
    return contradiction(loaded, "metrics.client_ca_file",
                         "needs metrics.cert_file: there is no TLS without");
  }
  if (s.gateway.port == s.gateway.metrics_port) {
    return contradiction(loaded, "gateway.metrics_port", "is the same port as gateway.port");
  }
  if (s.identity.secret_file == s.seal_key_file) {
    return contradiction(loaded, "seal.key_file",
                         "is the same file as identity.secret_file; the two secrets must differ");
  }
  // librdkafka refuses these two pairs when a producer is made; say it here, with the place.
  for (const auto& [property, text] : s.kafka.client) {
    const bool message = property == "message.timeout.ms" || property == "delivery.timeout.ms";
    if (!message && property != "socket.timeout.ms") continue;
    std::int64_t ms = 0;
    const auto [end, errc] = std::from_chars(text.data(), text.data() + text.size(), ms);
    const std::string name = std::string(kClientPrefix) + property;
    if (errc != std::errc() || end != text.data() + text.size()) {
      return fail(code<Errc::kMalformed>(), origin_of(loaded, name) + ": " + name + ": '" + text +
                                                "' does not fit; expected a number of ms");
    }
    if (ms > s.kafka.transaction_timeout.count() + (message ? 0 : 100)) {
      return contradiction(loaded, name, "is longer than kafka.transaction_timeout_ms allows");
    }
  }
  return {};
}

}  // namespace

Source source_of_process(int argc, char** argv) {
  Source source;
  for (int i = 1; i < argc; ++i) source.args.emplace_back(argv[i]);
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const auto equals = text.find('=');
    if (equals != std::string::npos) {
      source.environment.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
  }
  return source;
}

Result<Loaded> load(const Source& source) {
  Loaded loaded;
  loaded.source = source;
  const std::string home = lookup(source.environment, "KRONIKA_HOME");
  loaded.home = home.empty() ? std::filesystem::current_path() : std::filesystem::path(home);

  std::string file = lookup(source.environment, "KRONIKA_CONFIG");
  auto flags = read_flags(source.args, file, loaded);
  if (!flags) return tl::unexpected(flags.error());
  if (file.empty()) {
    const auto usual = home.empty() ? std::filesystem::path("config/kronika.yaml")
                                    : loaded.home / "config/kronika.yaml";
    std::error_code ignored;
    if (std::filesystem::exists(usual, ignored)) file = usual.string();
  }
  loaded.file = file;

  // In rising order of precedence, so that the last one wins.
  std::vector<Raw> raws;
  if (!file.empty()) {
    auto from_file = read_file(file);
    if (!from_file) return tl::unexpected(from_file.error());
    raws = std::move(*from_file);
  }
  auto variables = read_environment(source.environment);
  if (!variables) return tl::unexpected(variables.error());
  raws.insert(raws.end(), variables->begin(), variables->end());
  raws.insert(raws.end(), flags->begin(), flags->end());

  for (const Row& row : rows()) {
    Raw winner{.name = std::string(row.name),
               .text = std::string(row.default_text),
               .list = {},
               .is_list = false,
               .origin = "default"};
    for (const Raw& raw : raws) {
      if (raw.name != row.name) continue;
      // Also a value that is overridden must fit: a broken file shows at once, not on the day the
      // flag goes.
      if (auto parsed = parse(row, raw, loaded.home); !parsed) {
        return tl::unexpected(parsed.error());
      }
      winner = raw;
    }
    auto value = parse(row, winner, loaded.home);
    if (!value) return tl::unexpected(value.error());
    row.apply(loaded.settings, *value);
    loaded.effective.push_back({std::string(row.name), value_text(row, *value), winner.origin});
  }
  for (const Raw& raw : raws) {
    if (find_row(raw.name) != nullptr) continue;
    if (auto r = take_client_property(raw, loaded); !r) return tl::unexpected(r.error());
  }
  if (auto r = check_together(loaded); !r) return tl::unexpected(r.error());
  if (auto r = add_security(loaded); !r) return tl::unexpected(r.error());
  return loaded;
}

Result<std::string> log_level_now(const Loaded& loaded) {
  auto again = load(loaded.source);
  if (!again) return tl::unexpected(again.error());
  return again->settings.log_level;
}

std::string config_hash(const Loaded& loaded) {
  std::uint64_t hash =
      14695981039346656037ULL;  // FNV-1a: tells two configurations apart, guards nothing
  for (const auto& e : loaded.effective) {
    const Row* row = find_row(e.name);
    if (row != nullptr && row->local_to_process) continue;
    for (const char c : e.name + "=" + e.value + "\n") {
      hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
    }
  }
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(hash));
  return text;
}

Result<std::string> read_secret(const std::filesystem::path& file) {
  struct stat info{};
  if (stat(file.c_str(), &info) != 0) {
    return fail(code<Errc::kSecret>(),
                file.string() +
                    ": the secret's file is absent; `make run` makes one for local use, a "
                    "deployment mounts its own");
  }
  if ((info.st_mode & S_IROTH) != 0) {
    return fail(code<Errc::kSecret>(),
                file.string() + ": everyone can read this secret; run chmod 600 on the file");
  }
  std::ifstream in(file);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0) {
    text.pop_back();
  }
  auto bytes = from_hex(text);
  if (!bytes || bytes->size() != 32) {
    return fail(code<Errc::kSecret>(),
                file.string() + ": not a secret of 64 hex digits; put the right file in its place");
  }
  return std::move(*bytes);
}

}  // namespace kronika::config
