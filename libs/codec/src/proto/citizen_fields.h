// The fields of kronika.state.v1.CitizenFold, Contribution and IndicatorCell, once, in ascending
// numbers, beside the domain types that hold them (proto/kronika/state/v1/citizen.proto).
// tests/citizen_codec_test.cc holds this list against the generated classes.
#pragma once

#include "proto/event_fields.h"
#include "proto/wire_visitors.h"

#include <kronika/domain/citizen.h>
#include <kronika/domain/indicators.h>

namespace kronika::domain {

KRONIKA_FIELDS(Move) {
  v.day(1, m.date);
  v.number(2, m.to);
}
KRONIKA_FIELDS(EducationEntry) {
  v.day(1, m.date);
  v.number(2, m.group);
}
KRONIKA_FIELDS(Referral) {
  v.text(1, m.referral_id);
  v.number(2, m.out_of_force);
  v.number(3, m.waited_for);
}
KRONIKA_FIELDS(Intervention) {
  v.text(1, m.intervention_id);
  v.number(2, m.stopped);
}
KRONIKA_FIELDS(Step) {
  v.instant(1, m.at);
  v.number(2, m.state);
  v.number(3, m.rehab_start);
}
KRONIKA_FIELDS(Wait) {
  v.instant(1, m.start);
  v.when(2, m.end);
  v.number(3, m.ended_by);
  v.number(4, m.service);
}
KRONIKA_FIELDS(Run) {
  v.number(1, m.series);
  v.number(2, m.value_class);
  v.day(3, m.first);
  v.day(4, m.last);
}
KRONIKA_FIELDS(Reported) {
  v.number(1, m.municipality);
  v.number(2, m.sector);
  v.signed32(3, m.from.value);
  v.signed32(4, m.to.value);
}
KRONIKA_FIELDS(OutcomeValue) {
  v.index(1, m.measure);
  v.number(2, m.baseline_marked);
  v.number(3, m.end_marked);
  v.when(4, m.baseline_at);
  v.when(5, m.end_at);
  v.real(6, m.baseline);
  v.real(7, m.end);
}
KRONIKA_FIELDS(RecentValue) {
  v.index(1, m.measure);
  v.number(2, m.timepoint);
  v.instant(3, m.at);
  v.real(4, m.value);
}
KRONIKA_FIELDS(Episode) {
  v.index(1, m.programme);
  v.number(2, m.number);
  v.number(3, m.state);
  v.number(4, m.outcome);
  v.number(5, m.flags.bits);
  v.number(6, m.warnings);
  v.number(7, m.had_referral);
  v.number(8, m.waiting);
  v.index(10, m.stop_reason);
  v.when(11, m.started);
  v.when(12, m.state_since);
  v.when(13, m.wait_clock);
  v.when(14, m.initial_interview);
  v.when(15, m.rehab_start);
  v.when(16, m.ended);
  v.day(17, m.last_activity);
  v.day(20, m.moved);
  v.number(21, m.illegal);
  v.text(22, m.receiver);
  v.messages(23, m.referrals);
  v.messages(24, m.interventions);
  v.messages(25, m.steps);
  v.messages(26, m.waits);
  v.day(27, m.final_interview);
  v.messages(28, m.outcomes);
  v.text(29, m.plan_140);
  v.when(30, m.last_interview);
  v.when(31, m.receiver_changed);
}
KRONIKA_FIELDS(LevelEntry) {
  v.instant(1, m.at);
  v.number(2, m.level);
}
KRONIKA_FIELDS(ProgrammeFacts) {
  v.index(1, m.programme);
  v.number(2, m.diagnosed);
  v.day(3, m.first_diagnosis);
  v.day(4, m.last_diagnosis);
  v.day(5, m.case_date);
  v.day(6, m.last_event);
  v.id(7, m.level_event);
  v.messages(8, m.levels);
  v.messages(9, m.contact);
}
KRONIKA_FIELDS(GroupFacts) {
  v.index(1, m.group);
  v.day(2, m.last);
}
KRONIKA_FIELDS(DiabetesType) {
  v.day(1, m.from);
  v.number(2, m.type1);
}
KRONIKA_FIELDS(DiabetesFacts) {
  v.day(1, m.first_sign);
  v.day(2, m.case_date);
  v.day(3, m.last_high);
  v.messages(4, m.types);
  v.day(5, m.molar_date);
  v.real(6, m.molar);
  v.day(7, m.percent_date);
  v.real(8, m.percent);
}
KRONIKA_FIELDS(Plan::Target) {
  v.index(1, m.measure);
  v.real(2, m.target);
}
KRONIKA_FIELDS(Plan) {
  v.text(1, m.plan_id);
  v.number(2, m.programmes);
  v.messages(3, m.targets);
}
KRONIKA_FIELDS(Contact) {
  v.text(1, m.contact_id);
  v.text(2, m.episode_id);
  v.instant(3, m.start);
  v.when(4, m.end);
  v.number(5, m.encounter_class);
  v.number(6, m.acute);
  v.number(7, m.disposition);
  v.number(8, m.implied_end);
  v.number(9, m.end_before_start);
  v.number(10, m.on_leave);
  v.number(11, m.sets);
}
KRONIKA_FIELDS(OrphanEnd) {
  v.text(1, m.contact_id);
  v.text(2, m.episode_id);
}
KRONIKA_FIELDS(OrphanReport) {
  v.text(1, m.contact_id);
  v.text(2, m.episode_id);
  v.number(3, m.sets);
}
KRONIKA_FIELDS(LatestValue) {
  v.index(1, m.measure);
  v.number(2, m.at_same_time);
  v.number(3, m.soft_range);
  v.number(4, m.cross_check);
  v.instant(5, m.at);
  v.real(6, m.value);
  v.id(7, m.event_id);
}
KRONIKA_FIELDS(WeightDay) {
  v.day(1, m.date);
  v.real(2, m.highest);
}
KRONIKA_FIELDS(IllegalEvent) {
  v.id(1, m.event_id);
  v.number(2, m.type);
  v.number(3, m.state);
  v.index(4, m.programme);
  v.number(5, m.episode);
}
KRONIKA_FIELDS(ExcludedMeasurement) {
  v.id(1, m.event_id);
  v.number(2, m.fev_order);
}
KRONIKA_FIELDS(UnknownCodeCount) {
  v.text(1, m.system);
  v.text(2, m.code);
  v.number(3, m.count);
}
KRONIKA_FIELDS(CitizenState) {
  v.number(1, m.events);
  v.when(2, m.last_time);
  v.number(3, m.last_rank);
  v.text(4, m.last_source_system);
  v.text(5, m.last_source_message_id);
  v.date(6, m.birth_date);
  v.number(7, m.sex);
  v.number(8, m.canary);
  v.number(9, m.simulated);
  v.number(10, m.residence_known);
  v.number(11, m.initial_residence);
  v.messages(12, m.moves);
  v.messages(13, m.education);
  v.when(14, m.death);
  v.number(15, m.self_care);
  v.day(16, m.self_care_date);
  v.text(17, m.coordination[0]);
  v.text(18, m.coordination[1]);
  v.number(19, m.self_treatment[0]);
  v.number(20, m.self_treatment[1]);
  v.number(21, m.self_treatment[2]);
  v.number(22, m.self_treatment[3]);
  v.day(23, m.telekol_since);
  v.messages(30, m.episodes);
  v.messages(31, m.facts);
  v.messages(32, m.groups);
  v.message(33, m.diabetes);
  v.messages(34, m.plans);
  v.number(35, m.transfers_pending);
  v.messages(40, m.contacts);
  v.messages(41, m.orphan_ends);
  v.messages(42, m.orphan_reports);
  v.when(43, m.last_stay_event);
  v.messages(50, m.latest);
  v.messages(51, m.weights);
  v.day(52, m.last_measurement);
  v.when(53, m.last_exclusion);
  v.messages(54, m.runs);
  v.messages(55, m.recent);
  v.number(60, m.illegal);
  v.number(61, m.after_death);
  v.number(62, m.excluded);
  v.messages(64, m.illegal_events);
  v.messages(65, m.excluded_measurements);
  v.messages(66, m.unknown_codes);
  v.messages(70, m.reported);
}

KRONIKA_FIELDS(CellValue) {
  v.signed_number(1, m.numerator);
  v.signed_number(2, m.numerator2);
  v.signed_number(3, m.denominator);
  v.signed_number(4, m.unknown);
  v.signed_number(5, m.excluded);
  v.signed_number(6, m.sum_thousandths);
  v.buckets(7, m.buckets);
}
KRONIKA_FIELDS(Contribution) {
  v.number(1, m.indicator);
  v.number(2, m.rolling);
  v.number(3, m.at.municipality);
  v.index(4, m.at.programme);
  v.number(5, m.at.level);
  v.number(6, m.at.education);
  v.number(7, m.at.sex);
  v.number(8, m.at.age);
  v.signed32(9, m.from.value);
  v.signed32(10, m.to.value);
  v.message(11, m.value);
  v.number(12, m.at.detail);
}

}  // namespace kronika::domain
