// kronika-gateway: answers queries from a view of the log that it keeps itself.
#include <atomic>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include <kronika/bus/client_watch.h>
#include <kronika/bus/task_runtime.h>
#include <kronika/busmetrics/client_metrics.h>
#include <kronika/busmetrics/store_metrics.h>
#include <kronika/canary/canary_metrics.h>
#include <kronika/canary/canary_publisher.h>
#include <kronika/codec/person_hasher.h>
#include <kronika/config/load.h>
#include <kronika/domain/fold.h>
#include <kronika/gateway/daily_figures.h>
#include <kronika/gateway/errc.h>
#include <kronika/gateway/ledger_metrics.h>
#include <kronika/gateway/server.h>
#include <kronika/gateway/view.h>
#include <kronika/gateway/view_reader.h>
#include <kronika/health/health_server.h>
#include <kronika/refdata/loader.h>
#include <kronika/refdata/residents.h>
#include <kronika/store/errc.h>
#include <kronika/telemetry/log.h>
#include <kronika/telemetry/service.h>
#include <kronika/telemetry/shutdown.h>

namespace {

using namespace kronika;  // NOLINT(google-build-using-namespace): the program's own wiring
namespace log = telemetry::log;

int stop_with(const Error& error, int exit_code) {
  log::error("GATEWAY_STOPPED", "the gateway stops",
             {{"reason", error.code.slug()}, {"error", error.context}});
  return exit_code;
}

int exit_code_of(const Error& error) {
  const std::string_view slug = error.code.slug();
  if (slug.starts_with("store_") || slug.starts_with("view_")) return telemetry::kExitStore;
  if (slug.starts_with("bus_")) return bus::TaskRuntime::exit_code(error);
  return telemetry::kExitConfiguration;
}

bus::ClientOptions client_options(const config::Settings& settings) {
  bus::ClientOptions client;
  client.bootstrap_servers = settings.kafka.bootstrap_servers;
  client.client_id = "kronika-gateway-" + settings.instance;
  client.prefix = settings.kafka.topic_prefix;
  client.properties = {settings.kafka.client.begin(), settings.kafka.client.end()};
  client.password_file = settings.kafka.sasl_password_file;
  return client;
}

gateway::ServerOptions server_options(const config::Settings& settings) {
  gateway::ServerOptions options;
  options.address = settings.gateway.address;
  options.port = settings.gateway.port;
  options.allow_remote_plaintext = !settings.gateway.plaintext_guarded_by.empty();
  options.cert_file = settings.gateway.cert_file;
  options.key_file = settings.gateway.key_file;
  options.client_ca_file = settings.gateway.client_ca_file;
  options.default_page_size = settings.gateway.default_page_size;
  options.max_page_size = settings.gateway.max_page_size;
  options.default_deadline = settings.gateway.default_deadline;
  options.max_deadline = settings.gateway.max_deadline;
  options.identifier_systems = settings.identity.extra_identifier_systems;
  options.answer_cache_bytes = settings.gateway.answer_cache_bytes;
  options.version = std::string(telemetry::version());
  return options;
}

// The view holds nothing that the log does not: out of the way with it, it is read anew.
void move_aside(const std::filesystem::path& view) {
  std::error_code ignored;
  const auto aside = view.string() + ".aside-" + std::to_string(std::time(nullptr));
  std::filesystem::rename(view, aside, ignored);
  log::warn("VIEW_MOVED_ASIDE", "the view was unusable and is read anew from the log",
            {{"folder", aside}});
}

Result<std::unique_ptr<gateway::View>> open_view(const gateway::ViewOptions& options) {
  auto view = gateway::View::open(options);
  if (view || view.error().code.disposition() != Disposition::kTaskCorrupted) return view;
  move_aside(options.path);
  return gateway::View::open(options);
}

int run(const config::Loaded& loaded, telemetry::Shutdown& shutdown) {
  const config::Settings& settings = loaded.settings;
  auto service = telemetry::Service::open(
      {.config_hash = config::config_hash(loaded),
       .library_versions = {{"librdkafka", bus::client_library_version()},
                            {"rocksdb", store::library_version()},
                            {"grpc", health::grpc_version()}},
       .loop_stall = settings.health.loop_stall,
       .page = {.cert_file = settings.metrics.cert_file,
                .key_file = settings.metrics.key_file,
                .client_ca_file = settings.metrics.client_ca_file,
                .plaintext_guarded_by = settings.metrics.plaintext_guarded_by},
       .certificates = {{"gateway", settings.gateway.cert_file},
                        {"metrics", settings.metrics.cert_file},
                        {"kafka_client", settings.kafka.ssl_certificate_file},
                        {"kafka_ca", settings.kafka.ssl_ca_file}}},
      settings.metrics.address, settings.gateway.metrics_port);
  if (!service) return stop_with(service.error(), telemetry::kExitConfiguration);
  telemetry::Registry& registry = (*service)->registry();
  log::count_in(&registry);
  auto health =
      health::HealthServer::open(**service, settings.health.address, settings.gateway.health_port);
  if (!health) return stop_with(health.error(), telemetry::kExitConfiguration);
  const busmetrics::ClientMetrics clients(registry, settings.kafka.topic_prefix);

  const auto rules = refdata::load(settings.reference.dir, settings.reference.organisations_file,
                                   settings.reference.generation);
  if (!rules) return stop_with(rules.error(), telemetry::kExitConfiguration);
  const auto hasher = codec::PersonHasher::from_file(settings.identity.secret_file);
  if (!hasher) return stop_with(hasher.error(), telemetry::kExitConfiguration);
  auto tables = refdata::table_settings(settings.gateway.residents_file, settings.data_dir,
                                        settings.gateway.data_start, **rules);
  if (!tables) return stop_with(tables.error(), telemetry::kExitConfiguration);
  const domain::Fold fold(**rules);

  const bus::ClientOptions client = client_options(settings);
  const auto cluster = gateway::cluster_id(client);
  if (!cluster) return stop_with(cluster.error(), exit_code_of(cluster.error()));
  gateway::ViewOptions view_options;
  view_options.path = settings.data_dir / "gateway" / "view";
  std::filesystem::create_directories(settings.data_dir / "gateway");
  view_options.identity = *cluster + "/" + settings.kafka.topic_prefix;
  view_options.ledger = {.days = settings.gateway.ledger_days,
                         .raw_days = settings.kafka.raw_days,
                         .dead_letter_days = settings.kafka.dead_letter_days};
  view_options.now = SystemClock().now();
  view_options.block_cache_bytes = settings.gateway.block_cache_bytes;
  view_options.memtable_bytes = settings.gateway.memtable_bytes;
  auto view = open_view(view_options);
  if (!view) return stop_with(view.error(), telemetry::kExitStore);

  std::vector<telemetry::Registration> store_metrics =
      busmetrics::register_store_metrics(registry, [&view] {
        const store::Usage usage = (*view)->usage();
        return busmetrics::StoreFigures{{usage},
                                        static_cast<double>(usage.write_stall_micros) / 1e6,
                                        static_cast<double>(usage.background_errors)};
      });

  const SystemClock clock;
  const gateway::LedgerMetrics ledger_metrics(registry, **view, **rules, clock);
  gateway::ViewReader* reader_at =
      nullptr;  // the server starts first: it answers health while the view is read
  std::atomic<bool> caught_up{false};
  gateway::Services services{**rules, fold, **view, *hasher, clock, registry, &caught_up};
  services.log_ends = [&reader_at] {
    return reader_at == nullptr ? std::map<gateway::TopicPartition, std::int64_t>()
                                : reader_at->log_ends();
  };
  services.tables = std::move(*tables);
  auto figures = std::make_unique<gateway::DailyFigures>(
      gateway::DailyFiguresOptions{settings.data_dir / "gateway" / "care-figures"}, **rules, fold,
      **view, clock, registry, caught_up);
  canary::CanaryMetrics canary(registry, "view");
  std::optional<Error> failure;  // written by the reader's thread before it asks for the stop
  std::unique_ptr<gateway::Server> server;
  auto reader = gateway::ViewReader::start(
      {.client = client}, **view, registry, (*service)->loop("view"),
      {.caught_up =
           [&] {
             caught_up = true;
             (*service)->set_ready(true);
             log::info("VIEW_CAUGHT_UP",
                       "the view holds everything that the log held at the start");
           },
       .failed =
           [&](const Error& error) {
             failure = error;
             (*service)->set_failed();
             shutdown.request();
           },
       .canary = [&](std::int32_t partition,
                     Instant published) { canary.seen(partition, published); }});
  if (!reader) {
    if (reader.error().code == gateway::code(gateway::Errc::kViewForeign)) {
      store_metrics.clear();
      view->reset();
      move_aside(view_options.path);
      return stop_with(reader.error(), telemetry::kExitStore);
    }
    return stop_with(reader.error(), exit_code_of(reader.error()));
  }
  reader_at = reader->get();
  auto started = gateway::Server::start(server_options(settings), services);
  if (!started) {
    (*reader)->stop();
    return stop_with(started.error(), telemetry::kExitConfiguration);
  }
  server = std::move(*started);
  auto canaries = canary::CanaryPublisher::start(
      client, settings.gateway.canary_interval,
      [&canary](std::int32_t partition) { return canary.newest(partition); });
  if (!canaries) {
    (*reader)->stop();
    return stop_with(canaries.error(), telemetry::kExitConfiguration);
  }
  figures->start();
  (*service)->set_started(true);
  log::info("GATEWAY_LISTENING", "the gateway answers",
            {{"address", settings.gateway.address}, {"port", static_cast<int>(server->port())}});

  // Health follows readiness, which is latched.
  bool serving = false;
  while (!shutdown.wait_for(std::chrono::milliseconds(200))) {
    if (shutdown.hung_up()) log::take_level(config::log_level_now(loaded));
    if (!serving && (*service)->ready()) {
      server->set_serving(true);
      serving = true;
    }
  }

  const telemetry::StopDeadline deadline(std::chrono::seconds(30));
  (*service)->set_ready(false);
  server->set_serving(false);
  canaries->reset();
  figures.reset();
  server->shutdown(std::chrono::seconds(10));
  (*reader)->stop();
  if (auto ok = (*view)->flush(); !ok) return stop_with(ok.error(), telemetry::kExitStore);
  log::count_in(nullptr);
  if (!failure) return telemetry::kExitClean;
  if (failure->code.disposition() == Disposition::kTaskCorrupted) {
    store_metrics.clear();  // waits for a scrape that reads the view
    view->reset();
    move_aside(view_options.path);
    return stop_with(*failure, telemetry::kExitStore);
  }
  return stop_with(*failure, exit_code_of(*failure));
}

}  // namespace

int main(int argc, char** argv) {
  auto shutdown = telemetry::Shutdown::install();
  if (!shutdown) {
    std::cerr << "kronika-gateway: " << shutdown.error().context << '\n';
    return telemetry::kExitFailed;
  }
  const auto loaded = config::load(config::source_of_process(argc, argv));
  if (!loaded) {
    std::cerr << "kronika-gateway: " << loaded.error().context << '\n';
    return telemetry::kExitConfiguration;
  }
  if (!loaded->rest.empty()) {
    std::cerr << "kronika-gateway: unknown argument " << loaded->rest.front()
              << "; settings are given as --section.key=value\n";
    return telemetry::kExitConfiguration;
  }
  if (loaded->check_only) return telemetry::kExitClean;
  log::configure(
      {.component = "kronika-gateway",
       .pod = loaded->settings.instance,
       .level = log::level_from_name(loaded->settings.log_level).value_or(log::Level::kInfo)});
  try {
    return run(*loaded, **shutdown);
  } catch (const std::exception& e) {
    std::cerr << "kronika-gateway: " << e.what() << '\n';
    return telemetry::kExitFailed;
  }
}
