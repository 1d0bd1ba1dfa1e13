#include "context.h"

#include <ostream>

#include <nlohmann/json.hpp>

#include <kronika/bus/topics.h>

namespace kronika::cli {

int report(const Context& context, const std::string& sentence, int exit_code) {
  if (context.json) {
    context.err << nlohmann::json{{"error", sentence}}.dump() << '\n';
  } else {
    context.err << "kronika: " << sentence << '\n';
  }
  return exit_code;
}

int report(const Context& context, const Error& error) {
  const std::string_view slug = error.code.slug();
  int exit_code = kNotDone;
  if (slug == "bus_transient" || slug == "bus_timed_out") exit_code = kUnreachable;
  if (slug.starts_with("config_") || slug.starts_with("reference_") || slug == "codec_key_file" ||
      slug == "bus_config" || slug == "bus_unauthenticated") {
    exit_code = kUsage;
  }
  std::string sentence = error.context.empty() ? std::string(slug) : error.context;
  if (exit_code == kUnreachable) {
    sentence += ". Kafka at " + context.settings().kafka.bootstrap_servers +
                " does not answer: is it running (make up)?";
  }
  return report(context, sentence, exit_code);
}

bus::ClientOptions client_options(const Context& context) {
  const config::Kafka& kafka = context.settings().kafka;
  bus::ClientOptions client;
  client.bootstrap_servers = kafka.bootstrap_servers;
  client.client_id = "kronika-cli";
  client.prefix = kafka.topic_prefix;
  client.properties = {kafka.client.begin(), kafka.client.end()};
  client.password_file = kafka.sasl_password_file;
  return client;
}

bus::TopicSettings topic_settings(const Context& context) {
  const config::Kafka& kafka = context.settings().kafka;
  bus::TopicSettings settings;
  settings.partitions = kafka.partitions;
  settings.replication = kafka.replication;
  settings.min_insync_replicas = kafka.replication > 1 ? kafka.replication - 1 : 1;
  settings.timeout = kafka.request_timeout;
  settings.retention_days = {{bus::kDeadLetter, kafka.dead_letter_days},
                             {bus::kRaw, kafka.raw_days},
                             {bus::kLedger, kafka.ledger_days},
                             {bus::kAudit, kafka.audit_days}};
  return settings;
}

}  // namespace kronika::cli
