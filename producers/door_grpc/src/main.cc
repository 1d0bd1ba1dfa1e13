// kronika-edge-grpc: the gRPC door of the edge.
#include <kronika/door_grpc/server.h>

int main(int argc, char** argv) {
  using namespace kronika;  // NOLINT(google-build-using-namespace): the program's own wiring
  return edge::run_door(
      {.name = "kronika-edge-grpc",
       .metrics_port = [](const config::Settings& s) { return s.edge_grpc.listen.metrics_port; },
       .health_port = [](const config::Settings& s) { return s.edge_grpc.listen.health_port; },
       .open =
           [](const edge::DoorTools& tools) {
             return door_grpc::Server::open(door_grpc::options_of(tools.settings), tools.edge,
                                            tools.clock, tools.registry);
           }},
      argc, argv);
}
