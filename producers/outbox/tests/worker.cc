// A sender that is killed and started again: puts its messages (the same ids each time), sends what
// waits, and ends when everything has an answer.
//
//   outbox-worker FILE TARGET CITIZENS MESSAGES
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <string>
#include <thread>

#include <kronika/outbox/outbox.h>

int main(int argc, char** argv) {
  using namespace std::chrono_literals;
  if (argc != 5) return 2;
  const int citizens = std::atoi(argv[3]), messages = std::atoi(argv[4]);
  auto outbox = kronika::outbox::Outbox::open(
      {.file = argv[1], .target = argv[2], .first_retry = 5ms, .longest_retry = 50ms});
  if (!outbox) {
    std::cerr << outbox.error().context << '\n';
    return 1;
  }
  if (auto started = (*outbox)->start(); !started) {
    std::cerr << started.error().context << '\n';
    return 1;
  }
  for (int i = 0; i < messages; ++i) {
    for (int c = 0; c < citizens; ++c) {
      const std::string id = std::to_string(c) + "/" + std::to_string(i);
      const auto put =
          (*outbox)->put({.id = id, .citizen = "patient " + std::to_string(c), .message = id});
      if (!put) {
        std::cerr << put.error().context << '\n';
        return 1;
      }
    }
  }
  for (;;) {
    const auto counts = (*outbox)->counts();
    if (!counts) return 1;
    if (counts->waiting == 0) return 0;
    std::this_thread::sleep_for(5ms);
  }
}
