// kronika-bench: the parts of `make bench`, one a subcommand. bench/run.py runs them in order; each
// prints one JSON object.
#include "commands.h"

#include <CLI/CLI.hpp>

int main(int argc, char** argv) {
  using namespace kronika::bench;  // NOLINT(google-build-using-namespace): the program's own wiring
  CLI::App app{"Benchmarks of kronika; `make bench` runs them all"};
  app.require_subcommand(1);
  KafkaPlace kafka;
  Plan plan;
  int code = 0;
  const auto with_kafka = [&](CLI::App* command) {
    command->add_option("--bootstrap-servers", kafka.bootstrap_servers, "host:port")->required();
    command->add_option("--prefix", kafka.prefix, "before every topic")->required();
    command->add_option("--partitions", kafka.partitions, "of each topic");
  };
  const auto with_plan = [&](CLI::App* command) {
    command->add_option("--citizens", plan.citizens);
    command->add_option("--events", plan.events);
    command->add_option("--seed", plan.seed);
  };

  auto* load_command =
      app.add_subcommand("load", "create the topics and publish the events of a plan");
  with_kafka(load_command);
  with_plan(load_command);
  double rate = 0;
  load_command->add_option("--rate", rate, "events a second; 0: as fast as Kafka takes them");
  load_command->callback([&] { code = load(kafka, plan, rate); });

  std::string reference = "data/reference";
  auto* describe_command = app.add_subcommand("describe", "make and check the events of a plan");
  with_plan(describe_command);
  describe_command->add_option("--reference", reference, "folder of the reference data");
  describe_command->callback([&] { code = describe(plan, reference); });

  TaskOptions alone;
  auto* task_command = app.add_subcommand("task", "the citizen task and its stores without Kafka");
  with_plan(task_command);
  task_command->add_option("--reference", alone.reference, "folder of the reference data");
  task_command->add_option("--folder", alone.folder, "for the stores; emptied")->required();
  task_command->add_option("--task-partitions", alone.partitions);
  task_command->add_option("--transaction-records", alone.transaction_records);
  task_command->add_option("--cache-bytes", alone.cache_bytes);
  task_command->add_option("--block-cache-bytes", alone.block_cache_bytes);
  task_command->callback([&] { code = task(plan, alone); });

  PassthroughOptions passing;
  auto* pass_command =
      app.add_subcommand("passthrough", "the ceiling: consume and produce with librdkafka alone");
  with_kafka(pass_command);
  pass_command->add_option("--mode", passing.mode)
      ->check(CLI::IsMember({"plain", "like-consumer"}));
  pass_command->add_option("--commit-interval-ms", passing.commit_interval_ms);
  pass_command->callback([&] { code = passthrough(kafka, passing); });

  FollowOptions following;
  auto* follow_command =
      app.add_subcommand("follow", "watch a consumer until it has read all events");
  with_kafka(follow_command);
  follow_command->add_option("--group", following.group)->required();
  follow_command->add_option("--pid", following.pid, "of the consumer");
  follow_command->add_option("--timeout-seconds", following.timeout_seconds);
  follow_command->callback([&] { code = follow(kafka, following); });

  LatencyOptions pacing;
  auto* latency_command = app.add_subcommand("latency", "from publishing to the gateway's answer");
  with_kafka(latency_command);
  with_plan(latency_command);
  latency_command->add_option("--gateway", pacing.gateway, "host:port")->required();
  latency_command->add_option("--rate", pacing.events_per_second, "events a second");
  latency_command->add_option("--seconds", pacing.seconds);
  latency_command->add_option("--samples-per-second", pacing.samples_per_second);
  latency_command->callback([&] { code = latency(kafka, plan, pacing); });

  QueryOptions asking;
  auto* query_command = app.add_subcommand("queries", "calls a second");
  with_plan(query_command);
  query_command->add_option("--target", asking.target, "host:port")->required();
  query_command->add_flag("--echo", asking.echo, "the echo service instead of the gateway");
  query_command->add_option("--response-bytes", asking.response_bytes,
                            "that the echo service is to answer with");
  query_command->add_option("--in-flight", asking.in_flight);
  query_command->add_option("--seconds", asking.seconds);
  query_command->add_option("--pid", asking.pid, "of the server");
  query_command->callback([&] { code = queries(plan, asking); });

  std::string address;
  auto* echo_command = app.add_subcommand("echo", "serve the bare echo service until SIGTERM");
  echo_command->add_option("--address", address, "host:port")->required();
  echo_command->callback([&] { code = echo(address); });

  StreamOptions streaming;
  auto* stream_command = app.add_subcommand("stream", "messages a second over one gRPC stream");
  stream_command->add_option("--target", streaming.target, "host:port")->required();
  stream_command->add_flag("--echo", streaming.echo, "the echo stream instead of the gRPC door");
  stream_command->add_option("--files", streaming.files, "the messages")->required();
  stream_command->add_option("--window", streaming.window, "messages without an answer");
  stream_command->add_option("--rate", streaming.rate,
                             "messages a second; 0: as they are answered");
  stream_command->add_flag("--deaf", streaming.deaf, "never read an answer");
  stream_command->add_option("--seconds", streaming.seconds);
  stream_command->add_option("--pid", streaming.pid, "of the server");
  stream_command->callback([&] { code = stream(streaming); });

  int response_bytes = 300;
  auto* echo_stream_command =
      app.add_subcommand("echo-stream", "serve the bare echo stream until SIGTERM");
  echo_stream_command->add_option("--address", address, "host:port")->required();
  echo_stream_command->add_option("--response-bytes", response_bytes, "of each answer");
  echo_stream_command->callback([&] { code = echo_stream(address, response_bytes); });

  CLI11_PARSE(app, argc, argv);
  return code;
}
