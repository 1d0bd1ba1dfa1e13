// What a sender meets at the door: answers in its turn, limits, and never silence.
#include "fixture.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <vector>

#include <kronika/codec/hl7v2_ack.h>

namespace kronika::door_mllp {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class Door : public DoorTest {};

TEST_F(Door, AMessageThatIsStoredIsAnsweredAa) {
  open();
  Tcp::socket socket = connect();
  Sender sender(socket);
  sender.send(framed(sample("adt-a01-admission.hl7")));
  EXPECT_THAT(sender.answer(), HasSubstr("\rMSA|AA|M1\r"));
  sender.send(framed(sample("oru-r01-latin1.hl7")));
  EXPECT_THAT(sender.answer(), HasSubstr("\rMSA|AA|M7\r"));
}

TEST_F(Door, MessagesSentAheadAreAnsweredInTheirOrder) {
  open();
  Tcp::socket socket = connect();
  Sender sender(socket);
  std::string all;
  for (const char* name : {"adt-a01-admission.hl7", "adt-a08-correction.hl7",
                           "adt-a03-discharge.hl7", "oru-r01-own-separators.hl7"}) {
    all += framed(sample(name));
  }
  sender.send(all);
  EXPECT_THAT(sender.answer(), HasSubstr("|AA|M1\r"));
  EXPECT_THAT(sender.answer(), HasSubstr("|AA|M2\r"));
  EXPECT_THAT(sender.answer(), HasSubstr("|AA|M3\r"));
  EXPECT_THAT(sender.answer(), HasSubstr("$AA$M8\r"));
}

TEST_F(Door, FaultsAreAnsweredAeWithTheirPlaces) {
  open();
  Tcp::socket socket = connect();
  Sender sender(socket);
  std::string bytes = sample("adt-a01-admission.hl7");
  bytes.replace(bytes.find("0404749994"), 10, "3102749994");
  sender.send(framed(bytes));
  const std::string text = sender.answer();
  EXPECT_THAT(text, HasSubstr("\rMSA|AE|M1\r"));
  EXPECT_THAT(text, HasSubstr("\rERR||PID^1^3^1^1|"));
  EXPECT_EQ(text.find("3102749994"), std::string::npos);
}

TEST_F(Door, WithoutKafkaTheSenderIsToldToTryAgain) {
  open();
  bus_.lose(true);
  Tcp::socket socket = connect();
  Sender sender(socket);
  sender.send(framed(sample("adt-a01-admission.hl7")));
  const std::string text = sender.answer();
  EXPECT_THAT(text, HasSubstr("\rMSA|AE|M1\r"));
  EXPECT_THAT(text, HasSubstr("TRY_AGAIN"));
  bus_.lose(false);
  sender.send(framed(sample("adt-a01-admission.hl7")));
  EXPECT_EQ(sender.code(), "AA");
}

TEST_F(Door, WhatIsNoHl7IsRejected) {
  open();
  Tcp::socket socket = connect();
  Sender sender(socket);
  sender.send(framed("{\"resourceType\":\"Bundle\"}"));
  EXPECT_EQ(sender.code(), "AR");
  sender.send(framed(""));
  EXPECT_EQ(sender.code(), "AR");
  sender.send(framed(std::string("\0\xff\x01", 3)));
  EXPECT_EQ(sender.code(), "AR");
}

TEST_F(Door, BytesOutsideAFrameEndTheConnectionWithAnAnswer) {
  open();
  Tcp::socket socket = connect();
  Sender sender(socket);
  sender.send(sample("adt-a01-admission.hl7"));
  EXPECT_EQ(sender.code(), "AR");
  EXPECT_TRUE(sender.ended());
}

TEST_F(Door, ACutFrameIsAnsweredBeforeTheNext) {
  open();
  Tcp::socket socket = connect();
  Sender sender(socket);
  const std::string bytes = sample("adt-a01-admission.hl7");
  sender.send("\x0b" + bytes.substr(0, 200) + framed(bytes));
  EXPECT_THAT(sender.answer(), HasSubstr("\rMSA|AR|M1\r"));
  EXPECT_EQ(sender.code(), "AA");
}

TEST_F(Door, ATooLongMessageIsAnsweredAndTheConnectionGoesOn) {
  options_.max_message_bytes = 100'000;
  open();
  Tcp::socket socket = connect();
  Sender sender(socket);
  sender.send(framed(sample("adt-a01-admission.hl7") + "ZZZ|" + std::string(2'000'000, 'x')));
  const std::string text = sender.answer();
  EXPECT_THAT(text, HasSubstr("\rMSA|AR|M1\r"));
  EXPECT_THAT(text, HasSubstr("|104^"));
  sender.send(framed(sample("adt-a01-admission.hl7")));
  EXPECT_EQ(sender.code(), "AA");
}

TEST_F(Door, WhereThereIsNoRoomTheSenderIsToldToTryAgain) {
  options_.peers.max_unfinished_bytes = 100'000;
  open();
  Tcp::socket socket = connect();
  Sender sender(socket);
  sender.send(framed(sample("adt-a01-admission.hl7") + "ZZZ|" + std::string(1'000'000, 'x')));
  EXPECT_THAT(sender.answer(), HasSubstr("TRY_AGAIN"));
  sender.send(framed(sample("adt-a01-admission.hl7")));
  EXPECT_EQ(sender.code(), "AA") << "the room was given back";
}

TEST_F(Door, AMessageThatTricklesIsCutOffWithAnAnswer) {
  options_.message_timeout = 150ms;
  open();
  Tcp::socket socket = connect();
  Sender sender(socket);
  sender.send("\x0b" + sample("adt-a01-admission.hl7").substr(0, 150));
  EXPECT_EQ(sender.code(), "AR");
  EXPECT_TRUE(sender.ended());
}

TEST_F(Door, AnIdleConnectionIsClosed) {
  options_.idle_timeout = 50ms;
  open();
  Tcp::socket socket = connect();
  EXPECT_TRUE(Sender(socket).ended());
}

TEST_F(Door, APeerThatNeverReadsItsAnswersIsClosed) {
  options_.message_timeout = 300ms;
  open();
  Tcp::socket socket = connect();
  socket.set_option(asio::socket_base::receive_buffer_size(4096));
  std::string bytes = sample("oru-r01-latin1.hl7");
  for (int i = 0; i < 200; ++i) bytes += "OBX|9|NM|NPU27300^x^NPU||x|y|||||F\r";
  const std::string message = framed(bytes);
  boost::system::error_code fault;
  while (!fault) asio::write(socket, asio::buffer(message), fault);  // until the door gives up
  EXPECT_TRUE(fault);
}

TEST_F(Door, WhileTheEdgeIsFullMessagesWaitAndAreTakenLater) {
  limits_.max_inflight_messages = 1;
  open();
  bus_.hold(true);
  Tcp::socket first = connect(), second = connect();
  Sender one(first), other(second);
  one.send(framed(sample("adt-a01-admission.hl7")));
  while (edge_->load().messages == 0) std::this_thread::yield();
  other.send(framed(sample("adt-a08-correction.hl7")));
  bus_.hold(false);
  EXPECT_EQ(one.code(), "AA");
  EXPECT_EQ(other.code(), "AA");
}

TEST_F(Door, AFullEdgeAnswersAgainWhenTheTimeIsOver) {
  // Room for one and a half: the second is read, and does not fit.
  limits_.max_inflight_bytes = sample("adt-a01-admission.hl7").size() * 3 / 2;
  options_.busy_timeout = 0ms;
  open();
  bus_.hold(true);
  Tcp::socket first = connect(), second = connect();
  Sender one(first), other(second);
  one.send(framed(sample("adt-a01-admission.hl7")));
  while (edge_->load().messages == 0) std::this_thread::yield();
  other.send(framed(sample("adt-a01-admission.hl7")));
  EXPECT_THAT(other.answer(), HasSubstr("TRY_AGAIN"));
  bus_.hold(false);
  EXPECT_EQ(one.code(), "AA");
}

TEST_F(Door, APeerWhoseMessagesAreRefusedIsReadMoreSlowly) {
  options_.peers.each.faults_per_second = 20;
  open();
  Tcp::socket socket = connect();
  Sender sender(socket);
  std::string all;
  for (int i = 0; i < 60; ++i) all += framed("rubbish");
  const auto begun = std::chrono::steady_clock::now();
  sender.send(all);
  for (int i = 0; i < 60; ++i) EXPECT_EQ(sender.code(), "AR") << "slowly, but answered";
  EXPECT_GE(std::chrono::steady_clock::now() - begun, 900ms)
      << "forty at once, then twenty a second";
}

TEST_F(Door, AMessageOverThePeersShareWaitsForItsTurn) {
  options_.peers.each.messages = 1;
  open();
  bus_.hold(true);
  Tcp::socket first = connect(), second = connect();
  Sender one(first), other(second);
  one.send(framed(sample("adt-a01-admission.hl7")));
  while (edge_->load().messages == 0) std::this_thread::yield();
  other.send(framed(sample("adt-a08-correction.hl7")));
  bus_.hold(false);
  EXPECT_EQ(one.code(), "AA");
  EXPECT_EQ(other.code(), "AA");
}

TEST_F(Door, ConnectionsAreCounted) {
  options_.peers.each.connections = 2;
  open();
  std::optional<Tcp::socket> first(connect());
  Tcp::socket second = connect();
  Sender one(*first), two(second);
  one.send(framed(sample("adt-a01-admission.hl7")));
  two.send(framed(sample("adt-a01-admission.hl7")));
  EXPECT_EQ(one.code(), "AA");
  EXPECT_EQ(two.code(), "AA");
  Tcp::socket third = connect();
  EXPECT_TRUE(Sender(third).ended());
  first.reset();
  for (std::string code; code != "AA";) {
    Tcp::socket again = connect();
    Sender sender(again);
    boost::system::error_code ignored;
    asio::write(again, asio::buffer(framed(sample("adt-a01-admission.hl7"))), ignored);
    code = sender.code();
  }
}

TEST_F(Door, OnAStopWhatWasReadGetsItsAnswer) {
  open();
  bus_.hold(true);
  Tcp::socket busy = connect(), idle = connect();
  Sender sender(busy), other(idle);
  sender.send(framed(sample("adt-a01-admission.hl7")));
  while (edge_->load().messages == 0) std::this_thread::yield();
  server_->stop_accepting();
  EXPECT_TRUE(other.ended());
  bus_.hold(false);
  EXPECT_EQ(sender.code(), "AA");
  EXPECT_TRUE(sender.ended());
  busy.close();
  server_->close(5s);
  EXPECT_EQ(server_->connections(), 0U);
}

TEST_F(Door, AnAnswerOfTheEdgeAfterTheDoorIsGoneDoesNoHarm) {
  open();
  bus_.hold(true);
  Tcp::socket socket = connect();
  Sender sender(socket);
  sender.send(framed(sample("adt-a01-admission.hl7")));
  while (edge_->load().messages == 0) std::this_thread::yield();
  server_.reset();
  EXPECT_TRUE(sender.ended());
}

TEST_F(Door, OneByteDamagedAnywhereIsAlwaysAnswered) {
  options_.message_timeout = 200ms;  // of the one damage that takes the end of the frame away
  open();
  const std::string whole = framed(sample("adt-a08-correction.hl7"));
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::string damaged = whole;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x01);
    Tcp::socket socket = connect();
    Sender sender(socket);
    sender.send(damaged);
    EXPECT_FALSE(sender.answer().empty()) << i;
  }
}

TEST_F(Door, ManySendersAreServedAtOnce) {
  open();
  std::vector<std::thread> senders;
  std::atomic<int> positive{0};
  for (int i = 0; i < 8; ++i) {
    senders.emplace_back([&] {
      asio::io_context io;
      Tcp::socket socket(io);
      socket.connect({asio::ip::make_address("127.0.0.1"), server_->port()});
      Sender sender(socket);
      for (int n = 0; n < 50; ++n) {
        sender.send(framed(sample("adt-a08-correction.hl7")));
        if (sender.code() == "AA") ++positive;
      }
    });
  }
  for (std::thread& t : senders) t.join();
  EXPECT_EQ(positive, 400);
}

}  // namespace
}  // namespace kronika::door_mllp
