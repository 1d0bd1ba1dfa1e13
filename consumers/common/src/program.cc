#include <iostream>
#include <map>
#include <utility>
#include <vector>

#include <kronika/bus/client_watch.h>
#include <kronika/bus/task_runtime.h>
#include <kronika/busmetrics/client_metrics.h>
#include <kronika/busmetrics/runtime_metrics.h>
#include <kronika/config/load.h>
#include <kronika/consumer/program.h>
#include <kronika/health/health_server.h>
#include <kronika/refdata/loader.h>
#include <kronika/store/state_store.h>
#include <kronika/telemetry/log.h>
#include <kronika/telemetry/service.h>
#include <kronika/telemetry/shutdown.h>

namespace kronika::consumer {
namespace {

namespace log = telemetry::log;
using std::chrono::milliseconds;

constexpr milliseconds kRuntimeStopDeadline{20'000};
constexpr milliseconds kStopDeadline{30'000};

int refuse(const std::string& name, const std::string& why) {
  std::cerr << name << ": " << why << '\n';
  return telemetry::kExitConfiguration;
}

bus::RuntimeOptions runtime_options(const config::Settings& settings, const config::Consumer& own) {
  bus::RuntimeOptions options;
  options.client.bootstrap_servers = settings.kafka.bootstrap_servers;
  options.client.prefix = settings.kafka.topic_prefix;
  options.client.properties = {settings.kafka.client.begin(), settings.kafka.client.end()};
  options.client.password_file = settings.kafka.sasl_password_file;
  options.pod = settings.instance;
  options.threads = own.threads;
  options.state_folder = (settings.data_dir / "state").string();
  options.limits.commit_interval = own.commit_interval;
  options.limits.max_records = own.commit_records;
  options.limits.max_deadlines = own.deadline_batch;
  options.session_timeout = settings.kafka.session_timeout;
  options.transaction_timeout = settings.kafka.transaction_timeout;
  options.store_cache_bytes = own.block_cache_bytes;
  options.store_memtables_bytes = own.block_cache_bytes / 2;
  options.memtable_bytes = own.memtable_bytes;
  return options;
}

}  // namespace

int run(int argc, char** argv, const Program& program) {
  auto shutdown = telemetry::Shutdown::install();
  if (!shutdown) return refuse(program.name, shutdown.error().context);
  auto loaded = config::load(config::source_of_process(argc, argv));
  if (!loaded) return refuse(program.name, loaded.error().context);
  if (!loaded->rest.empty())
    return refuse(program.name, "unknown argument " + loaded->rest.front() +
                                    "; settings are given as --section.key=value");
  const config::Settings& settings = loaded->settings;
  const config::Consumer& own = program.settings(settings);
  auto rules =
      refdata::load(settings.reference.dir.string(), settings.reference.organisations_file.string(),
                    settings.reference.generation);
  if (!rules) return refuse(program.name, rules.error().context);
  if (loaded->check_only) return telemetry::kExitClean;

  log::configure({.component = program.name,
                  .version = std::string(telemetry::version()),
                  .pod = settings.instance,
                  .level = log::level_from_name(settings.log_level).value_or(log::Level::kInfo)});
  auto service = telemetry::Service::open(
      {.config_hash = config::config_hash(*loaded),
       .library_versions = {{"librdkafka", bus::client_library_version()},
                            {"rocksdb", store::library_version()},
                            {"grpc", health::grpc_version()}},
       .loop_stall = settings.health.loop_stall,
       .page = {.cert_file = settings.metrics.cert_file,
                .key_file = settings.metrics.key_file,
                .client_ca_file = settings.metrics.client_ca_file,
                .plaintext_guarded_by = settings.metrics.plaintext_guarded_by},
       .certificates = {{"metrics", settings.metrics.cert_file},
                        {"kafka_client", settings.kafka.ssl_certificate_file},
                        {"kafka_ca", settings.kafka.ssl_ca_file}}},
      settings.metrics.address, own.metrics_port);
  if (!service) return refuse(program.name, service.error().context);
  auto& registry = (*service)->registry();
  log::count_in(&registry);
  auto health = health::HealthServer::open(**service, settings.health.address, own.health_port);
  if (!health) return refuse(program.name, health.error().context);

  std::vector<telemetry::Registration> registrations;
  canary::CanaryMetrics canary(registry, program.canary_stage);
  const bus::TaskSpec spec = program.make_spec({settings, *rules, registry, registrations, canary});
  busmetrics::RuntimeMetrics metrics(registry, {.input_topics = spec.input_topics,
                                                .stage = program.stage,
                                                .dead_letter_stage = spec.name,
                                                .dead_letter_reasons = program.refusals});
  busmetrics::ClientMetrics clients(registry, settings.kafka.topic_prefix);
  bus::RuntimeOptions options = runtime_options(settings, own);
  options.probe = &metrics;
  options.on_failure = [&](const Error& error) {
    log::error("RUNTIME_FAILED", "a stream thread ended",
               {{"reason", error.code.slug()}, {"error", error.context}});
    (*shutdown)->request();
  };
  auto runtime = bus::TaskRuntime::start(spec, options);
  if (!runtime) {
    log::count_in(nullptr);
    return refuse(program.name, runtime.error().context);
  }
  metrics.observe(**service, [&] { return (*runtime)->snapshot(); }, settings.health.ready_lag);
  (*service)->set_started(true);
  log::info("STARTED", "consuming", {{"instance", settings.instance}, {"threads", own.threads}});

  while (!(*shutdown)->wait_for(milliseconds(500))) {
    if ((*shutdown)->hung_up()) log::take_level(config::log_level_now(*loaded));
  }
  const telemetry::StopDeadline deadline(kStopDeadline);
  (*service)->set_ready(false);
  log::info("STOPPING", "finishing the transaction");
  const auto stopped = (*runtime)->stop(kRuntimeStopDeadline);
  metrics.stop_observing();
  const int code = bus::TaskRuntime::exit_code(stopped);
  if (!stopped) {
    log::error("STOPPED", "ended with a fault",
               {{"reason", stopped.error().code.slug()}, {"error", stopped.error().context}});
  } else {
    log::info("STOPPED", "ended cleanly");
  }
  log::count_in(nullptr);
  if (code == telemetry::kExitDeadline)
    std::_Exit(code);  // a thread hangs in the client: nothing is lost by leaving it
  runtime->reset();
  registrations.clear();
  return code;
}

}  // namespace kronika::consumer
