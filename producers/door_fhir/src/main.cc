// kronika-edge-fhir: the FHIR door of the edge.
#include <kronika/door_fhir/server.h>

int main(int argc, char** argv) {
  using namespace kronika;  // NOLINT(google-build-using-namespace): the program's own wiring
  return edge::run_door(
      {.name = "kronika-edge-fhir",
       .metrics_port = [](const config::Settings& s) { return s.edge_fhir.listen.metrics_port; },
       .health_port = [](const config::Settings& s) { return s.edge_fhir.listen.health_port; },
       .open =
           [](const edge::DoorTools& tools) {
             return door_fhir::Server::open(door_fhir::options_of(tools.settings), tools.edge,
                                            tools.clock, tools.registry);
           }},
      argc, argv);
}
