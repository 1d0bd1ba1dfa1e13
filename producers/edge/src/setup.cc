#include "seal_renewal.h"

#include <utility>

#include <kronika/codec/errc.h>
#include <kronika/codec/person_hasher.h>
#include <kronika/config/load.h>
#include <kronika/edge/setup.h>
#include <kronika/refdata/loader.h>

namespace kronika::edge {
namespace {

class Setup final : public EdgeSetup {
 public:
  Setup(std::shared_ptr<const domain::Rules> rules, std::string secret, codec::Sealer sealer,
        std::unique_ptr<bus::Publisher> bus, std::unique_ptr<bus::Publisher> large_bus,
        const config::Settings& settings, telemetry::Registry* registry)
      : rules_(std::move(rules)),
        hasher_(std::move(secret)),
        sealer_(std::move(sealer)),
        seal_renewal_(settings.seal_key_file, sealer_, clock_, registry),
        bus_(std::move(bus)),
        large_bus_(std::move(large_bus)),
        registry_(registry) {
    adapters_.rules = rules_.get();
    adapters_.hasher = &hasher_;
    adapters_.extra_identifier_systems = settings.identity.extra_identifier_systems;
    adapters_.default_sender_org = settings.identity.default_sender_org;
    options_.max_message_bytes = settings.ingest.max_message_bytes;
    options_.max_inflight_messages = settings.ingest.max_inflight_messages;
    options_.max_inflight_bytes = settings.ingest.max_inflight_bytes;
  }

  [[nodiscard]] Tools tools() const override {
    return {&adapters_, &sealer_, bus_.get(), registry_, large_bus_.get()};
  }
  [[nodiscard]] Options options() const override { return options_; }
  [[nodiscard]] const Clock& clock() const override { return clock_; }
  [[nodiscard]] bus::Publisher& bus() const override { return *bus_; }
  void tend() override { seal_renewal_.tend(); }

 private:
  std::shared_ptr<const domain::Rules> rules_;
  codec::PersonHasher hasher_;
  SystemClock clock_;
  codec::Sealer sealer_;
  SealRenewal seal_renewal_;
  codec::AdapterSettings adapters_;
  std::unique_ptr<bus::Publisher> bus_, large_bus_;  // last: their answers use what stands above
  telemetry::Registry* registry_;
  Options options_;
};

}  // namespace

bus::ClientOptions client_options(const config::Settings& settings, const std::string& client_id) {
  bus::ClientOptions client;
  client.bootstrap_servers = settings.kafka.bootstrap_servers;
  client.client_id = client_id;
  client.prefix = settings.kafka.topic_prefix;
  client.properties = {settings.kafka.client.begin(), settings.kafka.client.end()};
  client.password_file = settings.kafka.sasl_password_file;
  return client;
}

Result<std::unique_ptr<EdgeSetup>> EdgeSetup::open(
    const config::Settings& settings, const std::string& client_id, telemetry::Registry* registry,
    std::optional<std::chrono::milliseconds> ack_timeout) {
  auto rules =
      refdata::load(settings.reference.dir.string(), settings.reference.organisations_file.string(),
                    settings.reference.generation);
  if (!rules) return tl::unexpected(rules.error());
  auto secret = config::read_secret(settings.identity.secret_file);
  if (!secret) return tl::unexpected(secret.error());
  auto sealer = codec::Sealer::from_file(settings.seal_key_file);
  if (!sealer) return tl::unexpected(sealer.error());
  const Instant now = SystemClock().now();
  if (!sealer->keys()->covers(now)) {
    return fail(codec::kKeyFile, settings.seal_key_file.string() + ": holds no sealing key of " +
                                     codec::to_text(codec::seal_month_of(now)) +
                                     " (UTC); `kronika keys make` adds it");
  }
  bus::Publisher::Options options;
  // Two steps, each within its half: the message's records, then the ledger's.
  options.delivery_timeout = ack_timeout.value_or(settings.ingest.ack_timeout) / 2;
  options.wait_when_full = false;
  // A message is at most sealed twice, and its events are smaller than what they were read from.
  options.max_queue_kbytes =
      4 * (settings.ingest.max_inflight_bytes + settings.ingest.max_message_bytes) / 1024;
  options.max_queue_messages = 500'000;
  auto bus = bus::Publisher::open(client_options(settings, client_id), options);
  if (!bus) return tl::unexpected(bus.error());
  auto large_bus = bus::Publisher::open(client_options(settings, client_id + "-large"), options);
  if (!large_bus) return tl::unexpected(large_bus.error());
  return std::make_unique<Setup>(std::move(*rules), std::move(*secret), std::move(*sealer),
                                 std::move(*bus), std::move(*large_bus), settings, registry);
}

}  // namespace kronika::edge
