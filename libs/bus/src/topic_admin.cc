#include "client_conf.h"
#include "credentials.h"
#include "rdkafka_error.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include <kronika/bus/errc.h>
#include <kronika/bus/topic_admin.h>
#include <kronika/bus/topics.h>

namespace kronika::bus {
namespace {

using AdminOptions = Handle<rd_kafka_AdminOptions_t, rd_kafka_AdminOptions_destroy>;
using std::chrono::steady_clock;

class Admin {
 public:
  Admin(ClientOptions client, TopicSettings settings)
      : client_(std::move(client)),
        settings_(settings),
        refusal_(client_),
        deadline_(steady_clock::now() + settings.timeout) {}

  Result<void> start() {
    auto conf = make_conf(client_, {});
    if (!conf) return tl::unexpected(conf.error());
    rd_kafka_conf_set_error_cb(conf->get(), &Admin::on_error);
    rd_kafka_conf_set_opaque(conf->get(), &refusal_);
    auto rk = make_client(RD_KAFKA_PRODUCER, std::move(*conf));
    if (!rk) return tl::unexpected(rk.error());
    rk_ = std::move(*rk);
    queue_.reset(rd_kafka_queue_new(rk_.get()));
    return {};
  }

  /// An error of the calls below, with the reason where the brokers did not take us.
  Error told(const Error& error) {
    rd_kafka_poll(rk_.get(), 0);
    return refusal_.told(error, "reaching Kafka");
  }

  Result<std::vector<std::string>> create() {
    std::vector<RdNewTopic> topics;
    std::vector<rd_kafka_NewTopic_t*> raw;
    std::array<char, 512> text{};
    for (const auto& d : topic_definitions()) {
      RdNewTopic topic(rd_kafka_NewTopic_new(full(d.name).c_str(), settings_.partitions,
                                             settings_.replication, text.data(), text.size()));
      if (!topic)
        return fail(code(Errc::kConfig), std::string("describing a topic: ") + text.data());
      for (const auto& [key, value] : wanted(d)) {
        rd_kafka_NewTopic_set_config(topic.get(), key.c_str(), value.c_str());
      }
      raw.push_back(topic.get());
      topics.push_back(std::move(topic));
    }
    const AdminOptions options = admin_options(RD_KAFKA_ADMIN_OP_CREATETOPICS);
    rd_kafka_CreateTopics(rk_.get(), raw.data(), raw.size(), options.get(), queue_.get());
    const auto event = result("creating topics");
    if (!event) return tl::unexpected(event.error());
    const auto* created = rd_kafka_event_CreateTopics_result(event->get());
    std::size_t count = 0;
    const auto** results = rd_kafka_CreateTopics_result_topics(created, &count);
    std::vector<std::string> names;
    for (std::size_t i = 0; i < count; ++i) {
      const auto err = rd_kafka_topic_result_error(results[i]);
      const std::string name = rd_kafka_topic_result_name(results[i]);
      if (err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        names.push_back(name);
      } else if (err != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) {
        const char* why = rd_kafka_topic_result_error_string(results[i]);
        Error e = error_of(err, "creating topic " + name, name, "Create");
        if (why != nullptr) e.context += std::string(": ") + why;
        return tl::unexpected(std::move(e));
      }
    }
    return names;
  }

  /// Partition counts; waits until metadata knows every topic, for new ones take a moment.
  Result<void> check_counts(bool wait) {
    for (;;) {
      std::string wrong;
      bool missing = false;
      const rd_kafka_metadata_t* raw = nullptr;
      const auto err = rd_kafka_metadata(rk_.get(), 1, nullptr, &raw, left_ms());
      if (err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return tl::unexpected(error_of(err, "reading metadata"));
      }
      const RdMetadata metadata(raw);
      std::map<std::string, int> counts;
      for (int i = 0; i < metadata->topic_cnt; ++i) {
        const auto& t = metadata->topics[i];
        bool ready = t.err == RD_KAFKA_RESP_ERR_NO_ERROR;
        for (int p = 0; p < t.partition_cnt; ++p) ready = ready && t.partitions[p].leader >= 0;
        if (ready) counts[t.topic] = t.partition_cnt;
      }
      for (const auto& d : topic_definitions()) {
        const auto it = counts.find(full(d.name));
        if (it == counts.end()) {
          missing = true;
          wrong += "topic " + full(d.name) + " does not exist or has no leader; ";
        } else if (it->second != settings_.partitions) {
          return fail(code(Errc::kTopicMismatch),
                      "topic " + full(d.name) + " has " + std::to_string(it->second) +
                          " partitions, the settings say " + std::to_string(settings_.partitions) +
                          "; all must be equal, and a change is a migration");
        }
      }
      if (!missing) return {};
      if (!wait || steady_clock::now() > deadline_) return fail(code(Errc::kTopicMismatch), wrong);
      rd_kafka_poll(rk_.get(), 100);
    }
  }

  /// Kafka replaces all of a topic's own settings at once, so those that it has are sent along.
  Result<std::vector<std::string>> alter_retention() {
    const auto topics = describe();
    if (!topics) return tl::unexpected(topics.error());
    std::vector<std::string> altered;
    std::vector<RdConfigResource> resources;
    std::vector<rd_kafka_ConfigResource_t*> raw;
    for (const auto& d : topic_definitions()) {
      const auto found = topics->find(full(d.name));
      if (found == topics->end() || !settings_.retention_days.contains(d.name)) continue;
      auto own = found->second.own;
      std::string to;
      for (const auto& [key, value] : wanted(d)) {
        if (key == "retention.ms") to = value;
      }
      if (found->second.all.at("retention.ms") == to) continue;
      own["retention.ms"] = to;
      altered.push_back(found->first);
      resources.emplace_back(
          rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, found->first.c_str()));
      raw.push_back(resources.back().get());
      for (const auto& [key, value] : own) {
        rd_kafka_ConfigResource_set_config(raw.back(), key.c_str(), value.c_str());
      }
    }
    if (raw.empty()) return altered;
    const AdminOptions options = admin_options(RD_KAFKA_ADMIN_OP_ALTERCONFIGS);
    rd_kafka_AlterConfigs(rk_.get(), raw.data(), raw.size(), options.get(), queue_.get());
    const auto event = result("setting the retention of topics");
    if (!event) return tl::unexpected(event.error());
    std::size_t count = 0;
    const auto** results = rd_kafka_AlterConfigs_result_resources(
        rd_kafka_event_AlterConfigs_result(event->get()), &count);
    for (std::size_t i = 0; i < count; ++i) {
      const auto err = rd_kafka_ConfigResource_error(results[i]);
      if (err == RD_KAFKA_RESP_ERR_NO_ERROR) continue;
      return tl::unexpected(error_of(err, std::string("setting the retention of topic ") +
                                              rd_kafka_ConfigResource_name(results[i])));
    }
    return altered;
  }

  Result<std::vector<std::string>> check_configs() {
    auto topics = describe();
    if (!topics) return tl::unexpected(topics.error());
    std::vector<std::string> differences;
    for (auto& [name, config] : *topics) {
      auto& actual = config.all;
      for (const auto& d : topic_definitions()) {
        if (full(d.name) != name) continue;
        for (const auto& [key, value] : wanted(d)) {
          if (actual[key] == value) continue;
          const std::string sentence =
              "topic " + name + " has " + key + "=" + actual[key] + ", we need " + value;
          // A system of record that is compacted or expires loses events; state that is not
          // compacted grows for ever.
          const bool grave =
              key == "cleanup.policy" || (key.starts_with("retention") && value == "-1");
          if (grave) return fail(code(Errc::kTopicMismatch), sentence);
          differences.push_back(sentence);
        }
      }
    }
    return differences;
  }

 private:
  static void on_error(rd_kafka_t*, int err, const char* reason, void* opaque) {
    static_cast<Refusal*>(opaque)->note(static_cast<rd_kafka_resp_err_t>(err), reason);
  }

  struct TopicConfig {
    std::map<std::string, std::string> all;
    std::map<std::string, std::string> own;  ///< set on the topic itself
  };
  Result<std::map<std::string, TopicConfig>> describe() {
    std::vector<RdConfigResource> resources;
    std::vector<rd_kafka_ConfigResource_t*> raw;
    for (const auto& d : topic_definitions()) {
      resources.emplace_back(
          rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, full(d.name).c_str()));
      raw.push_back(resources.back().get());
    }
    const AdminOptions options = admin_options(RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
    rd_kafka_DescribeConfigs(rk_.get(), raw.data(), raw.size(), options.get(), queue_.get());
    const auto event = result("reading topic settings");
    if (!event) return tl::unexpected(event.error());
    std::size_t count = 0;
    const auto** found = rd_kafka_DescribeConfigs_result_resources(
        rd_kafka_event_DescribeConfigs_result(event->get()), &count);
    std::map<std::string, TopicConfig> topics;
    for (std::size_t i = 0; i < count; ++i) {
      const std::string name = rd_kafka_ConfigResource_name(found[i]);
      if (const auto err = rd_kafka_ConfigResource_error(found[i]);
          err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return tl::unexpected(error_of(err, "reading the settings of topic " + name));
      }
      std::size_t entries = 0;
      const auto** configs = rd_kafka_ConfigResource_configs(found[i], &entries);
      TopicConfig& topic = topics[name];
      for (std::size_t e = 0; e < entries; ++e) {
        const char* value = rd_kafka_ConfigEntry_value(configs[e]);
        const std::string key = rd_kafka_ConfigEntry_name(configs[e]);
        topic.all[key] = value != nullptr ? value : "";
        if (rd_kafka_ConfigEntry_source(configs[e]) ==
            RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG) {
          topic.own[key] = topic.all[key];
        }
      }
    }
    return topics;
  }
  std::string full(std::string_view name) const { return client_.prefix + std::string(name); }
  std::vector<std::pair<std::string, std::string>> wanted(const TopicDefinition& d) const {
    auto config = d.config;
    if (const auto days = settings_.retention_days.find(d.name);
        days != settings_.retention_days.end()) {
      for (auto& [key, value] : config) {
        if (key == "retention.ms") value = std::to_string(days->second * 86'400'000LL);
      }
    }
    config.emplace_back("min.insync.replicas", std::to_string(settings_.min_insync_replicas));
    return config;
  }
  int left_ms() const {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - steady_clock::now());
    return static_cast<int>(std::max<std::int64_t>(left.count(), 100));
  }
  AdminOptions admin_options(rd_kafka_admin_op_t op) const {
    std::array<char, 256> text{};
    AdminOptions options(rd_kafka_AdminOptions_new(rk_.get(), op));
    rd_kafka_AdminOptions_set_request_timeout(options.get(), left_ms(), text.data(), text.size());
    if (op == RD_KAFKA_ADMIN_OP_CREATETOPICS) {
      rd_kafka_AdminOptions_set_operation_timeout(options.get(), left_ms(), text.data(),
                                                  text.size());
    }
    return options;
  }
  Result<RdEvent> result(std::string_view doing) {
    RdEvent event(rd_kafka_queue_poll(queue_.get(), left_ms() + 1000));
    if (!event)
      return fail(code(Errc::kTimedOut), std::string(doing) + ": no answer; is the broker up?");
    const auto err = rd_kafka_event_error(event.get());
    if (err != RD_KAFKA_RESP_ERR_NO_ERROR) return tl::unexpected(error_of(err, doing));
    return event;
  }

  const ClientOptions client_;
  const TopicSettings settings_;
  Refusal refusal_;
  const steady_clock::time_point deadline_;
  RdClient rk_;  // before queue_, which must go first
  RdQueue queue_;
};

Result<TopicsReport> run(const ClientOptions& client, const TopicSettings& settings, bool create) {
  Admin admin(client, settings);
  TopicsReport report;
  if (auto r = admin.start(); !r) return tl::unexpected(r.error());
  if (create) {
    auto created = admin.create();
    if (!created) return tl::unexpected(admin.told(created.error()));
    report.created = std::move(*created);
  }
  if (auto r = admin.check_counts(create); !r) {
    return tl::unexpected(admin.told(r.error()));
  }
  if (create) {
    auto altered = admin.alter_retention();
    if (!altered) return tl::unexpected(admin.told(altered.error()));
    report.altered = std::move(*altered);
  }
  auto differences = admin.check_configs();
  if (!differences) return tl::unexpected(admin.told(differences.error()));
  report.differences = std::move(*differences);
  return report;
}

}  // namespace

Result<TopicsReport> ensure_topics(const ClientOptions& client, const TopicSettings& settings) {
  return run(client, settings, true);
}

Result<TopicsReport> check_topics(const ClientOptions& client, const TopicSettings& settings) {
  return run(client, settings, false);
}

}  // namespace kronika::bus
