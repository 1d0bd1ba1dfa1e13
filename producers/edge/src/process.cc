#include <cstdlib>
#include <iostream>
#include <vector>

#include <kronika/bus/client_watch.h>
#include <kronika/bus/task_runtime.h>
#include <kronika/busmetrics/client_metrics.h>
#include <kronika/config/load.h>
#include <kronika/edge/process.h>
#include <kronika/edge/setup.h>
#include <kronika/health/health_server.h>
#include <kronika/telemetry/log.h>
#include <kronika/telemetry/service.h>
#include <kronika/telemetry/shutdown.h>

namespace kronika::edge {
namespace {

using namespace std::chrono_literals;
namespace log = telemetry::log;

constexpr double kReadyShare = 0.8;  ///< of what may be under way (operations.md 6)
// Everything has its answer after ingest.ack_timeout_ms; a longer one is not waited for.
constexpr std::chrono::milliseconds kAnswerTime = 20s, kCloseTime = 5s;

int stop_with(const Error& error, int exit_code) {
  log::error("EDGE_STOPPED", "the edge stops",
             {{"reason", error.code.slug()}, {"error", error.context}});
  return exit_code;
}

int run(const DoorProgram& program, const config::Loaded& loaded, telemetry::Shutdown& shutdown) {
  const config::Settings& settings = loaded.settings;
  auto service = telemetry::Service::open(
      {.config_hash = config::config_hash(loaded),
       .library_versions = {{"librdkafka", bus::client_library_version()},
                            {"grpc", health::grpc_version()}},
       .loop_stall = settings.health.loop_stall,
       .page = {.cert_file = settings.metrics.cert_file,
                .key_file = settings.metrics.key_file,
                .client_ca_file = settings.metrics.client_ca_file,
                .plaintext_guarded_by = settings.metrics.plaintext_guarded_by},
       .certificates = {{"metrics", settings.metrics.cert_file},
                        {"kafka_client", settings.kafka.ssl_certificate_file},
                        {"kafka_ca", settings.kafka.ssl_ca_file}}},
      settings.metrics.address, program.metrics_port(settings));
  if (!service) return stop_with(service.error(), telemetry::kExitConfiguration);
  telemetry::Registry& registry = (*service)->registry();
  log::count_in(&registry);
  auto health = health::HealthServer::open(
      **service, settings.health.address,
      program.health_port != nullptr ? program.health_port(settings) : std::uint16_t{0});
  if (!health) return stop_with(health.error(), telemetry::kExitConfiguration);
  const busmetrics::ClientMetrics clients(registry, settings.kafka.topic_prefix);
  const telemetry::Loop loop = (*service)->loop("main");

  const auto setup = EdgeSetup::open(settings, program.name + "-" + settings.instance, &registry);
  if (!setup) {
    const bool kafka = setup.error().code.slug().starts_with("bus_");
    return stop_with(setup.error(), kafka ? bus::TaskRuntime::exit_code(setup.error())
                                          : telemetry::kExitConfiguration);
  }
  Edge edge((*setup)->tools(), (*setup)->options());
  auto door = program.open({settings, edge, (*setup)->clock(), registry});
  if (!door) return stop_with(door.error(), telemetry::kExitConfiguration);
  (*service)->set_started(true);
  log::info("EDGE_LISTENING", "the edge takes messages",
            {{"door", program.name}, {"port", static_cast<int>((*door)->port())}});

  std::optional<Error> failure;
  bool serving = false;
  while (!shutdown.wait_for(200ms)) {
    loop.turned();
    if (shutdown.hung_up()) log::take_level(config::log_level_now(loaded));
    (*setup)->tend();
    failure = edge.failure();
    if (!failure) failure = (*setup)->bus().failure();
    if (failure) break;
    const bool ready = edge.load().share < kReadyShare;
    if (ready == serving) continue;
    serving = ready;
    (*service)->set_ready(ready);
    (*door)->set_serving(ready);
  }

  if (failure) (*service)->set_failed();
  (*service)->set_ready(false);
  (*door)->set_serving(false);
  (*door)->stop_accepting();
  edge.stop();
  if (!edge.drain(kAnswerTime)) {
    log::warn("EDGE_UNANSWERED", "the edge ends before Kafka has answered; senders send again",
              {{"messages", edge.load().messages}});
    // Answers to come would find their door gone; nothing is lost by ending at once (A5, A17).
    std::_Exit(telemetry::kExitDeadline);
  }
  (*door)->close(kCloseTime);
  log::info("EDGE_CLOSED", "the edge takes no more messages");
  log::count_in(nullptr);
  return failure ? stop_with(*failure, bus::TaskRuntime::exit_code(*failure))
                 : telemetry::kExitClean;
}

}  // namespace

int run_door(const DoorProgram& program, int argc, char** argv) {
  const auto say = [&](std::string_view text) {
    std::cerr << program.name << ": " << text << '\n';
  };
  auto shutdown = telemetry::Shutdown::install();
  if (!shutdown) {
    say(shutdown.error().context);
    return telemetry::kExitFailed;
  }
  const auto loaded = config::load(config::source_of_process(argc, argv));
  if (!loaded) {
    say(loaded.error().context);
    return telemetry::kExitConfiguration;
  }
  if (!loaded->rest.empty()) {
    say("unknown argument " + loaded->rest.front() + "; settings are given as --section.key=value");
    return telemetry::kExitConfiguration;
  }
  if (loaded->check_only) return telemetry::kExitClean;
  log::configure(
      {.component = program.name,
       .pod = loaded->settings.instance,
       .level = log::level_from_name(loaded->settings.log_level).value_or(log::Level::kInfo)});
  try {
    return run(program, *loaded, **shutdown);
  } catch (const std::exception& e) {
    say(e.what());
    return telemetry::kExitFailed;
  }
}

}  // namespace kronika::edge
