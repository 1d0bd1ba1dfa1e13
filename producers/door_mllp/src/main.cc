// kronika-edge-mllp: HL7 v2 over MLLP to the edge.
#include <kronika/door_mllp/server.h>

int main(int argc, char** argv) {
  using namespace kronika;  // NOLINT(google-build-using-namespace): the program's own wiring
  return edge::run_door(
      {.name = "kronika-edge-mllp",
       .metrics_port = [](const config::Settings& s) { return s.edge_mllp.listen.metrics_port; },
       .health_port = [](const config::Settings& s) { return s.edge_mllp.listen.health_port; },
       .open = [](const edge::DoorTools& tools) -> Result<std::unique_ptr<edge::OpenDoor>> {
         return door_mllp::Server::open(door_mllp::options_of(tools.settings),
                                        {&tools.edge, &tools.clock, &tools.registry});
       }},
      argc, argv);
}
