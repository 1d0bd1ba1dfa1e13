#include <array>
#include <cstring>
#include <utility>

#include <kronika/codec/person_hasher.h>
#include <kronika/config/load.h>
#include <kronika/publisher/setup.h>
#include <kronika/refdata/loader.h>

namespace kronika::publisher {
namespace {

class Setup final : public PublishSetup {
 public:
  Setup(std::shared_ptr<const domain::Rules> rules, std::string secret,
        const std::array<std::uint8_t, codec::Sealer::kKeyBytes>& key,
        std::unique_ptr<bus::Publisher> bus, const config::Settings& settings)
      : rules_(std::move(rules)),
        hasher_(std::move(secret)),
        sealer_(key),
        bus_(std::move(bus)),
        max_message_bytes_(settings.ingest.max_message_bytes),
        timeout_(2 * settings.kafka.request_timeout) {
    adapters_.rules = rules_.get();
    adapters_.hasher = &hasher_;
    adapters_.extra_identifier_systems = settings.identity.extra_identifier_systems;
    adapters_.default_sender_org = settings.identity.default_sender_org;
  }

  [[nodiscard]] PublishTools tools() const override {
    return {&adapters_, &sealer_, bus_.get(), &clock_};
  }
  [[nodiscard]] PublishOptions options() const override {
    PublishOptions options;
    options.max_message_bytes = max_message_bytes_;
    options.flush_timeout = timeout_;
    return options;
  }

 private:
  std::shared_ptr<const domain::Rules> rules_;
  codec::PersonHasher hasher_;
  codec::Sealer sealer_;
  std::unique_ptr<bus::Publisher> bus_;
  codec::AdapterSettings adapters_;
  SystemClock clock_;
  std::size_t max_message_bytes_;
  std::chrono::milliseconds timeout_;
};

}  // namespace

bus::ClientOptions client_options(const config::Settings& settings) {
  bus::ClientOptions client;
  client.bootstrap_servers = settings.kafka.bootstrap_servers;
  client.client_id = "kronika-publish";
  client.prefix = settings.kafka.topic_prefix;
  for (const auto& [name, value] : settings.kafka.client) client.properties[name] = value;
  return client;
}

Result<std::unique_ptr<PublishSetup>> PublishSetup::open(const config::Settings& settings) {
  auto rules =
      refdata::load(settings.reference.dir.string(), settings.reference.organisations_file.string(),
                    settings.reference.generation);
  if (!rules) return tl::unexpected(rules.error());
  auto secret = config::read_secret(settings.identity.secret_file);
  if (!secret) return tl::unexpected(secret.error());
  auto seal = config::read_secret(settings.seal_key_file);
  if (!seal) return tl::unexpected(seal.error());
  std::array<std::uint8_t, codec::Sealer::kKeyBytes> key{};
  std::memcpy(key.data(), seal->data(), key.size());
  bus::Publisher::Options options;
  options.delivery_timeout = settings.kafka.request_timeout;
  auto bus = bus::Publisher::open(client_options(settings), options);
  if (!bus) return tl::unexpected(bus.error());
  return std::make_unique<Setup>(std::move(*rules), std::move(*secret), key, std::move(*bus),
                                 settings);
}

}  // namespace kronika::publisher
