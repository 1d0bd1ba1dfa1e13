"""The dashboards: each panel with the question it answers and what to do when it is red. Row 1 is the verdict; links lead from
symptom to cause. deploy/grafana/*.json is generated from here."""

from .grafana import Dashboard, Panel, Row
from .slo import SLOS

NS = 'job="kronika", namespace="$namespace"'
SEL = NS + ', component=~"$component"'
RATE = "$__rate_interval"


def stat(title, expr, asks, **more):
    return Panel("stat", title, [(expr, more.pop("legend", ""))], asks, **more)


def graph(title, queries, asks, **more):
    more.setdefault("width", 12)
    more.setdefault("height", 8)
    return Panel("timeseries", title, queries, asks, **more)


def bars(title, expr, legend, asks, **more):
    more.setdefault("width", 12)
    more.setdefault("height", 9)
    return Panel("bargauge", title, [(expr, legend)], asks, **more)


def slo():
    verdict, burn = [], []
    for one in SLOS:
        verdict.append(stat(
            f"Budget left: {one.name}", f'kronika:{one.name}_budget_left:ratio{{namespace="$namespace"}}',
            f"How much of the budget of {one.name} would be left if 30 days went like the last three? Good: {one.good}.",
            red="more is used than is given. If an alert fires follow it; else look at the burn below for when it began.",
            runbook=f"Kronika{one.title}Ticket", unit="percentunit", thresholds=(0.5, 0.0), below=True, width=5,
            needs="edge" if one.name == "ingest" else ""))
        burn.append(graph(
            f"Burn: {one.name}",
            [(f'kronika:{one.name}_bad:ratio_rate{w}{{namespace="$namespace"}} / {one.budget:g}', w) for w in ("5m", "1h", "6h", "3d")],
            f"How many times faster than allowed is the budget of {one.name} used? 1 uses it exactly.",
            red="above 14.4 over an hour or 6 over six hours somebody is being paged.",
            runbook=f"Kronika{one.title}FastBurn", thresholds=(6, 14.4), width=12,
            needs="edge" if one.name == "ingest" else ""))
    verdict.append(stat("Pages firing", 'count(ALERTS{alertstate="firing", alertname=~"Kronika.*", severity="critical"}) or vector(0)',
                        "Must I get up?", red="yes. The table below says for what.", thresholds=(1, 1), width=4))
    return Dashboard("kronika-slo", "SLO", "Must I get up?", [
        Row("Verdict", verdict),
        Row("Burn", burn),
        Row("Alerts and changes", [
            Panel("table", "Alerts firing", [('ALERTS{alertstate="firing", alertname=~"Kronika.*"}', "")],
                  "What fires? KronikaWatchdog always does.", red="each name has a page in docs/runbooks.", width=14, height=9),
            graph("Starts of processes", [(f'sum by (component) (changes(process_start_time_seconds{{{NS}}}[10m]))', "{{component}}")],
                  "Did we do it? Starts in ten minutes, by component.", red="a pod that starts again and again.",
                  runbook="KronikaFatalClient", thresholds=(3, 3), width=10, height=9),
            graph("Versions", [(f'count by (component, version, revision) (kronika_build_info{{{NS}}})', "{{component}} {{version}} {{revision}}")],
                  "Is a rollout half done?", red="two versions of a component for more than an hour.", runbook="KronikaVersionSkew"),
        ]),
    ], variables=("namespace",))


def flow():
    consumed = f'kronika_kafka_consumed_records_total{{{NS}, component="citizen"}}'
    return Dashboard("kronika-flow", "Flow", "Is data arriving, and from whom?", [
        Row("Verdict", [
            stat("Events now", f'sum(rate({consumed}[5m]))', "How many events a second does the citizen consumer take in?",
                 red="nothing arrives: the doors, their network, or Kafka.", runbook="KronikaInputMissing", unit="cps",
                 thresholds=(0.01, 0.0001), below=True),
            stat("Against last week", f'sum(rate({consumed}[1h])) / sum(rate({consumed}[1h] offset 1w))',
                 "Share of the events of the same hour a week ago. A holiday is no fault.",
                 red="a sector is silent.", runbook="KronikaInputMissing", unit="percentunit", thresholds=(0.5, 0.2), below=True, needs="week"),
            stat("Silent senders", 'count(kronika:sender_silence:ratio{namespace="$namespace"} > 1) or vector(0)',
                 "Senders silent for longer than their habit.", red="the table by sender says who; call them.",
                 runbook="KronikaSenderSilent", thresholds=(1, 5)),
            stat("Refused at the doors", f'sum(rate(kronika_ingest_messages_total{{{NS}, outcome="rejected"}}[15m])) / '
                 f'(sum(rate(kronika_ingest_messages_total{{{NS}}}[15m])) > 0)',
                 "Share of messages that a door refuses.", red="one sender changed its format; look at the reasons.",
                 runbook="KronikaEdgeRefusals", unit="percentunit", thresholds=(0.01, 0.05), needs="edge"),
        ]),
        Row("By topic and sender", [
            graph("Events by topic", [(f'sum by (topic) (rate({consumed}[{RATE}]))', "{{topic}}")],
                  "Which kind of event arrives?", red="one topic at nothing: the systems that feed it.", runbook="KronikaInputMissing", unit="cps"),
            graph("Messages by protocol", [(f'sum by (protocol, outcome) (rate(kronika_ingest_messages_total{{{NS}, sender=~"$sender"}}[{RATE}])) > 0', "{{protocol}} {{outcome}}")],
                  "Which door is used, and how does it answer?", red="unavailable: Kafka does not take what the doors publish.",
                  runbook="KronikaIngestFastBurn", unit="cps", needs="edge"),
            Panel("table", "Silence by sender", [('sort_desc(topk(20, kronika:sender_silence:ratio{namespace="$namespace", sender=~"$sender"}))', "")],
                  "Who is silent, in multiples of their ordinary silence (of four weeks)? None in a sender's first three days.", red="above 1 for a sender that matters.",
                  runbook="KronikaSenderSilent", width=12, height=8, needs="habit"),
        ]),
        Row("Doors", [
            graph("Answer time", [(f'histogram_quantile(0.5, sum by (le, protocol) (rate(kronika_ingest_ack_seconds_bucket{{{NS}}}[{RATE}])))', "p50 {{protocol}}"),
                                  (f'histogram_quantile(0.99, sum by (le, protocol) (rate(kronika_ingest_ack_seconds_bucket{{{NS}}}[{RATE}])))', "p99 {{protocol}}")],
                  "How long do senders wait for their answer?", red="above 1 s: look at the stages; publish means Kafka.",
                  runbook="KronikaIngestFastBurn", unit="s", thresholds=(0.5, 1), needs="edge"),
            graph("Where the time goes", [(f'sum by (stage) (rate(kronika_ingest_stage_seconds_sum{{{NS}}}[{RATE}])) / sum by (stage) (rate(kronika_ingest_stage_seconds_count{{{NS}}}[{RATE}]))', "{{stage}}")],
                  "Our fault or Kafka's? translate and seal are ours, publish and book are Kafka's.", red="one stage far above its usual.",
                  runbook="KronikaIngestFastBurn", unit="s", needs="edge"),
            graph("Refusals by reason", [(f'topk(5, sum by (reason) (rate(kronika_ingest_rejections_total{{{NS}}}[{RATE}])))', "{{reason}}")],
                  "Why are messages refused?", red="a new reason after a rollout of a sender's, or of ours.", runbook="KronikaEdgeRefusals", unit="cps", needs="edge"),
            graph("Size of messages", [(f'sum by (protocol) (rate(kronika_ingest_message_bytes_sum{{{NS}}}[{RATE}]))', "{{protocol}}")],
                  "Is one sender flooding us?", red="bytes rise and messages do not: somebody sends attachments.", unit="Bps", needs="edge"),
        ]),
    ], variables=("namespace", "sender"))


def pipeline():
    position = f'kronika_consumer_position_timestamp_seconds{{{SEL}}}'
    return Dashboard("kronika-pipeline", "Pipeline", "Where does it stop?", [
        Row("Verdict", [
            stat("Behind, by stage", 'kronika:stage_age_seconds:max{namespace="$namespace"}', "How many seconds is each stage behind, in its worst partition?",
                 legend="{{stage}}", red="that stage is where it stops; a stage that is missing has no process.", runbook="KronikaFreshnessFastBurn",
                 unit="s", thresholds=(1, 2), width=8),
            stat("Partitions not running", f'count(max by (component, partition) (kronika_task_state{{{SEL}, state="running"}}) == 0) or vector(0)',
                 "Tasks that restore, rebuild or have failed.", red="see Tasks: restoring ends by itself, failed does not.", runbook="KronikaTaskFailed",
                 thresholds=(1, 1), width=8),
            stat("Canary, p99 in 15 min", 'histogram_quantile(0.99, sum by (le) (rate(kronika_end_to_end_seconds_bucket{job="kronika", namespace="$namespace", stage="view", source="canary"}[15m])))',
                 "From setting out to being visible in the gateway: how fresh is what users see?", red="above 2 s the freshness budget burns.", runbook="KronikaFreshnessFastBurn",
                 unit="s", thresholds=(1, 2), width=8),
        ]),
        Row("Progress", [
            graph("Behind, seconds", [(f'topk(5, max by (component, topic, partition) (clamp_min(timestamp({position}) - {position}, 0)))', "{{component}} {{topic}} {{partition}}")],
                  "The five partitions furthest behind, in time.", red="one partition: its task; all of a pod: the pod; all: Kafka or load.",
                  runbook="KronikaPartitionStalled", unit="s", thresholds=(2, 60)),
            graph("Canary, seconds since seen", [('max by (stage) (time() - max by (stage, partition) (last_over_time(kronika_canary_last_seen_timestamp_seconds{job="kronika", namespace="$namespace"}[1h])))', "{{stage}}")],
                  "Which arrow is broken? Each stage sees the canary of each partition every half minute; the worst partition is shown.",
                  red="the first stage that misses it, in the order state, indicator, view.", runbook="KronikaCanaryMissing", unit="s", thresholds=(45, 90)),
        ]),
        Row("Transactions", [
            graph("Duration, p99", [(f'histogram_quantile(0.99, sum by (le, component) (rate(kronika_transaction_seconds_bucket{{{SEL}, outcome="committed"}}[{RATE}])))', "{{component}}")],
                  "Kafka or us? A commit waits for the brokers.", red="above half a second: brokers slow, or transactions too large.",
                  runbook="KronikaTransactionAborts", unit="s", thresholds=(0.5, 1)),
            graph("Open transactions and write stalls", [
                (f'topk(3, time() - max by (topic, partition) (kronika_lso_last_advance_timestamp_seconds{{{SEL}}}))', "held {{topic}} {{partition}}"),
                (f'60 * topk(3, sum by (pod) (rate(kronika_store_write_stall_seconds_total{{{SEL}}}[5m])))', "stalled s/min {{pod}}")],
                  "Does an open transaction hold everyone, is a disk the brake? Seconds since the last stable offset moved; seconds of each minute that a store waits.",
                  red="above 60 s: a writer died in a transaction.", runbook="KronikaOpenTransaction", unit="s", thresholds=(20, 60)),
            graph("Aborted share; client errors a minute",
                  [(f'sum by (component) (rate(kronika_transaction_seconds_count{{{SEL}, outcome="aborted"}}[5m])) / (sum by (component) (rate(kronika_transaction_seconds_count{{{SEL}}}[5m])) > 0)', "aborted {{component}}"),
                   (f'60 * sum by (kind, code) (rate(kronika_kafka_errors_total{{{SEL}}}[5m])) or vector(0)', "errors {{kind}} {{code}}")],
                  "Is work done twice, and does the client complain?", red="above 5 %: the reason is in the log.", runbook="KronikaTransactionAborts", thresholds=(0.05, 0.2)),
        ]),
        Row("Tasks", [
            Panel("state-timeline", "State by partition", [(f'sum by (component, partition) ((kronika_task_state{{{SEL}, state="running"}} == 1) or 2 * (kronika_task_state{{{SEL}, state=~"restoring|rebuilding"}} == 1) or 3 * (kronika_task_state{{{SEL}, state="failed"}} == 1))', "{{component}} {{partition}}")],
                  "Which partition is not running, and since when? 1 running, 2 restoring or rebuilding, 3 failed.", red="3 needs a human.",
                  runbook="KronikaTaskFailed", thresholds=(2, 3), width=12, height=10),
            graph("Left to restore", [(f'topk(5, max by (component, partition) (kronika_restore_remaining_records{{{SEL}}}))', "{{component}} {{partition}}")],
                  "When is it back? Records left; at 300,000 a second ten million take half a minute.", red="it does not fall.", runbook="KronikaRestoreSlow"),
        ]),
        Row("Cost", [
            graph("Refolded and cache misses, share", [
                (f'sum(rate(kronika_folds_total{{{SEL}, path!="fast"}}[5m])) / (sum(rate(kronika_folds_total{{{SEL}}}[5m])) > 0)', "refolded"),
                (f'sum(rate(kronika_state_cache_requests_total{{{SEL}, outcome="miss"}}[5m])) / (sum(rate(kronika_state_cache_requests_total{{{SEL}}}[5m])) > 0)', "cache misses")],
                  "Are late events costing us, is the cache large enough?", red="misses above half: raise citizen.cache_bytes.", unit="percentunit", thresholds=(0.3, 0.6)),
            graph("Store: memory, and time that writing waits", [
                (f'sum by (component, kind) (kronika_store_memory_bytes{{{SEL}}})', "{{component}} {{kind}}"),
                (f'max by (component, pod) (process_resident_memory_bytes{{{SEL}}})', "resident {{pod}}")],
                  "Where does the memory go? Compare the resident part with the pod's limit.", red="near the limit the kernel ends the pod.", runbook="KronikaMemoryHigh", unit="bytes"),
        ]),
    ])


def gateway():
    sel = f'{NS}, component="gateway"'
    failed = 'grpc_code=~"Internal|Unavailable|Unknown|DataLoss|DeadlineExceeded"'
    return Dashboard("kronika-gateway", "Gateway", "Do users notice?", [
        Row("Verdict", [
            stat("Calls", f'sum(rate(grpc_server_started_total{{{sel}}}[5m]))', "Calls a second.", red="none in working hours: users cannot reach it.",
                 runbook="KronikaAvailabilityFastBurn", unit="reqps"),
            stat("Failed", f'sum(rate(grpc_server_handled_total{{{sel}, {failed}}}[5m])) / (sum(rate(grpc_server_handled_total{{{sel}}}[5m])) > 0)',
                 "Share of calls that fail by our fault.", red="look at errors by code.", runbook="KronikaAvailabilityFastBurn", unit="percentunit", thresholds=(0.001, 0.01)),
            stat("p99", f'histogram_quantile(0.99, sum by (le) (rate(grpc_server_handling_seconds_bucket{{{sel}}}[5m])))',
                 "How long do the slowest calls take?", red="look at the methods.", runbook="KronikaLatencyFastBurn", unit="s", thresholds=(0.05, 0.25)),
            stat("Age of answers", 'kronika:stage_age_seconds:max{namespace="$namespace", stage="view"}',
                 "How old is the view that answers are made from?",
                 red="the view does not follow the log.", runbook="KronikaViewStalled", unit="s", thresholds=(1, 60)),
        ]),
        Row("By method", [
            graph("Calls by method", [(f'topk(5, sum by (grpc_method) (rate(grpc_server_started_total{{{sel}}}[{RATE}])))', "{{grpc_method}}")],
                  "Who asks what?", red="one method jumps: a new caller.", runbook="KronikaLatencyTicket", unit="reqps"),
            graph("Answers that are not OK, by code", [(f'topk(5, sum by (grpc_code) (rate(grpc_server_handled_total{{{sel}, grpc_code!="OK"}}[{RATE}])))', "{{grpc_code}}")],
                  "What is answered instead of OK? NotFound and InvalidArgument are the caller's.", red="any other code.", runbook="KronikaAvailabilityFastBurn", unit="reqps"),
            graph("p99 by method", [(f'topk(5, histogram_quantile(0.99, sum by (le, grpc_method) (rate(grpc_server_handling_seconds_bucket{{{sel}}}[{RATE}]))) > 0)', "{{grpc_method}}")],
                  "Which method is slow?", red="lists and reports with large pages are slow by nature.", runbook="KronikaLatencyFastBurn", unit="s", thresholds=(0.05, 0.25)),
        ]),
        Row("View", [
            graph("Age by topic", [(f'topk(5, max by (pod, topic) (clamp_min(timestamp(kronika_view_position_timestamp_seconds{{{sel}}}) - kronika_view_position_timestamp_seconds{{{sel}}}, 0)))', "{{pod}} {{topic}}")],
                  "Which topic does the view lag in?", red="one pod: its disk. All: Kafka.", runbook="KronikaViewStalled", unit="s", thresholds=(1, 60)),
            graph("Records read", [(f'sum by (pod) (rate(kronika_view_records_total{{{sel}}}[{RATE}]))', "{{pod}}")],
                  "How much does the view take in?", red="nothing while the consumers write.", runbook="KronikaViewStalled", unit="cps"),
            graph("Write of a batch, p99", [(f'histogram_quantile(0.99, sum by (le, pod) (rate(kronika_view_batch_seconds_bucket{{{sel}}}[{RATE}])))', "{{pod}}")],
                  "Is the disk fast enough?", red="above a tenth of a second: the disk.", runbook="KronikaViewStalled", unit="s", thresholds=(0.1, 0.5)),
        ]),
        Row("Process", [
            graph("CPU", [(f'sum by (pod) (rate(process_cpu_seconds_total{{{sel}}}[{RATE}]))', "{{pod}}")], "Cores in use.", red="at the request for long: add a pod.",
                  runbook="KronikaLatencyFastBurn", unit="short"),
            graph("Memory", [(f'max by (pod) (process_resident_memory_bytes{{{sel}}})', "{{pod}}")], "Resident memory.", red="near the limit.", runbook="KronikaMemoryHigh", unit="bytes"),
        ]),
    ], variables=("namespace",))


def dead_letters():
    total = f'kronika_dead_letters_total{{{NS}}}'
    consumed = f'kronika_kafka_consumed_records_total{{{NS}, component="citizen"}}'
    return Dashboard("kronika-dead-letters", "Dead letters", "Can it wait till morning?", [
        Row("Verdict", [
            stat("Open", f'sum(max by (stage, reason) (kronika_dead_letters_open{{{NS}}})) or vector(0)', "How many dead letters has nobody sent once more or closed?",
                 red="the table by reason says which; kronika dead-letters list --waiting says who.", runbook="KronikaDeadLettersOld", width=6),
            stat("Oldest open", f'(time() - min(kronika_dead_letter_oldest_timestamp_seconds{{{NS}}})) or vector(0)', "How long has the oldest of them waited?",
                 red="more than a day: a sector waits for us, or we for it.", runbook="KronikaDeadLettersOld", unit="s", thresholds=(43200, 86400), width=6),
            stat("In 15 minutes", 'sum(kronika:dead_letters:increase15m{namespace="$namespace"}) or vector(0)', "How many were refused in the last quarter of an hour?",
                 red="look at the reasons.", runbook="KronikaDeadLetterRate", thresholds=(10, 100), width=6),
            stat("Share of the events", f'(sum(kronika:dead_letters:increase15m{{namespace="$namespace"}}) or vector(0)) / (sum(increase({consumed}[15m])) > 0)',
                 "Share of the events that are refused.", red="above a fifth it cannot wait.", runbook="KronikaDeadLetterFlood", unit="percentunit", thresholds=(0.01, 0.2), width=6),
        ]),
        Row("By reason", [
            graph("By reason", [(f'topk(5, sum by (reason) (rate({total}[{RATE}]))) or vector(0)', "{{reason}}")], "Why?", red="one reason dominates: one sender.",
                  runbook="KronikaDeadLetterRate", unit="cps"),
            graph("By stage", [(f'sum by (stage) (rate({total}[{RATE}])) or vector(0)', "{{stage}}")], "Where are they refused?", red="citizen: past the doors; a native sender or a stricter check.",
                  runbook="KronikaDeadLetterRate", unit="cps"),
            Panel("table", "Open by reason", [(f'max by (stage, reason) (kronika_dead_letters_open{{{NS}}})', "")],
                  "What waits for a human?", red="replay what we have mended, close what the sender has.", runbook="KronikaDeadLettersOld", width=12, height=8),
            Panel("table", "First seen this week", [(f'sum by (stage, reason) ({total}) unless sum by (stage, reason) ({total} offset 1w)', "")],
                  "New fault or old? Reasons that were not there a week ago.", red="a reason that began with a rollout.", runbook="KronikaDeadLetterRate", width=12, height=8),
        ]),
        Row("Does it add up?", [
            graph("Missing", [(f'max by (kind) (kronika_reconciliation_missing_records{{{NS}}})', "{{kind}}")],
                  "Is something lost? Events, sealed originals and dead letters that do not stand where the ledger says, in the days that are kept.",
                  red="any step up is a loss: kronika reconcile names the places.", runbook="KronikaLossDetected", thresholds=(1, 1)),
            graph("Oldest event not handled", [(f'time() - min(kronika_reconciliation_pending_oldest_timestamp_seconds{{{NS}}})', "waits")],
                  "Does an event wait for the citizen task?", red="it grows: a partition does not run.", runbook="KronikaPartitionStalled", unit="s", thresholds=(60, 900)),
        ]),
        Row("What else becomes of events", [
            graph("Outcomes", [(f'sum by (outcome) (rate(kronika_citizen_events_total{{{NS}}}[{RATE}]))', "{{outcome}}")],
                  "What became of the input?", red="superseded or duplicate rise: a sender resends everything.", unit="cps"),
            graph("Unknown codes", [(f'topk(5, sum by (system) (increase(kronika_citizen_unknown_codes_total{{{NS}}}[1h])))', "{{system}}")],
                  "Which code system has codes that we do not know? `kronika codes unknown` lists them.", red="a jump: a new version of a code system.", runbook="KronikaDeadLetterRate"),
        ]),
    ], variables=("namespace",))


def care():
    events = f'kronika_citizen_events_total{{{NS}}}'
    marked = f'kronika_citizen_marked_events_total{{{NS}}}'
    applied = f'(sum(increase({events[:-1]}, outcome="applied"}}[1h])) > 0)'

    def timers(labels):
        return f'kronika:care_timers:max{{namespace="$namespace", {labels}}}'

    late_discharges = timers('timer="discharge", days!~"0-.*|all", region="all"')
    discharges = timers('timer="discharge", region!="all"')
    open_referrals = timers('timer=~"visitation|interview", region="all", days!="all"')
    leaving = timers('timer=~"dropout|silence", programme!="all"')
    changes = timers('timer=~"level_up|level_down", days="0-30", region="all"')
    assessments = timers('timer="assessment", programme!="all"')
    assessments_of_all = timers('timer="assessment", region="all", days!="all"')
    few = " Rounded to five; a cell of fewer than five people is not shown, so it may be none."
    return Dashboard("kronika-care", "Care", "Which region needs a call tomorrow?", [
        Row("Verdict", [
            stat("Waiting too long, worst region", 'max(kronika:care_overdue:ratio{namespace="$namespace"})',
                 "Of those who wait for a decision, an interview or a start: the share beyond 14, 30 or 60 days, in the worst region.",
                 red="the graphs below say where and for what; call the region's coordinator.", runbook="KronikaCareTimersOverdue",
                 unit="percentunit", thresholds=(0.15, 0.25)),
            stat("Discharges without follow-up", f'sum({late_discharges}) or vector(0)',
                 "How many wait for their assessment since a discharge more than 28 days ago (KOL, cancer)?" + few,
                 red="by region below: who follows up there?", runbook="KronikaCareTimersOverdue", thresholds=(50, 200)),
            stat("Age of these figures", f'time() - max(kronika_figures_computed_timestamp_seconds{{{NS}, figures="care"}})',
                 "When were the figures of care made? Once a civil day, from 06:00 on: more would tell of single people.",
                 red="older than a day and a half: the gateway could not make them.", runbook="KronikaFiguresOld", unit="s", thresholds=(100000, 129600)),
            stat("Deadlines on time", f'time() - min(kronika_task_clock_timestamp_seconds{{{NS}}} > 0)',
                 "How late are overdue decisions, silence and ageing levels noticed?", red="deadlines fire late.", runbook="KronikaClockBehind", unit="s", thresholds=(60, 900)),
        ]),
        Row("Waiting", [
            graph("Open referrals by age", [(f'sum by (timer, days) ({open_referrals})', "{{timer}} {{days}} days")],
                  "How long have those waited who are referred (visitation) or accepted (interview)?" + few,
                  red="the oldest class grows: decisions or interviews do not come.", runbook="KronikaCareTimersOverdue"),
            graph("Waiting too long by region", [('kronika:care_overdue:ratio{namespace="$namespace"}', "{{region}}")],
                  "Which region's pathways wait beyond their time, as a share of those that wait?", red="above a quarter: a ticket for care.",
                  runbook="KronikaCareTimersOverdue", unit="percentunit", thresholds=(0.15, 0.25)),
        ]),
        Row("Follow-up", [
            graph("Discharges without follow-up by region", [(f'sum by (region, days) ({discharges})', "{{region}} {{days}} days")],
                  "Who waits for an assessment since a discharge, and for how long?" + few, red="29 days and more: early rehabilitation was missed.",
                  runbook="KronikaCareTimersOverdue"),
            graph("Dropouts and silence by programme", [(f'sum by (timer, programme) ({leaving})', "{{timer}} {{programme}}")],
                  "Where do people leave rehabilitation: dropped out within 30 days, or silent for more than 42?" + few,
                  red="silence rises and dropout does not: nobody asks; or a sender has stopped reporting attendance.", runbook="KronikaSenderSilent"),
            graph("Level changes", [(f'sum by (timer) ({changes})', "{{timer}}")],
                  "How many were assessed at a higher, how many at a lower level within 30 days?" + few,
                  red="a jump on one day: a sender delivers a year's assessments, or a new generation of rules.", runbook="KronikaInputMissing"),
            graph("Without a level, or with an old one", [
                (f'sum by (days) ({assessments_of_all})', "all {{days}}"), (f'topk(5, sum by (programme) ({assessments}))', "{{programme}}")],
                  "How many referred pathways have no level (none), how many an assessment older than a year (366+)? By programme both together." + few,
                  red="none rises: referrals come without stratification.", runbook="KronikaInputMissing"),
        ]),
        Row("Does the picture keep up with care?", [
            graph("Events by mark, share", [
                (f'sum(increase({marked[:-1]}, mark="late"}}[1h])) / {applied}', "late"),
                (f'sum(increase({marked[:-1]}, mark="irregular"}}[1h])) / {applied}', "irregular")],
                "Share of the last hour's events that were recorded long before they arrived, or that do not fit the state of the pathway.",
                red="one sender delivers in batches, or leaves out a kind of message: its figures of yesterday still change.",
                runbook="KronikaInputMissing", unit="percentunit", thresholds=(0.2, 0.5)),
            graph("Citizens woken by the clock", [(f'sum(rate(kronika_deadlines_fired_total{{{NS}}}[{RATE}]))', "fired")],
                  "How many citizens change through time alone (silence, a deadline, an age)?", red="none for a day: the clock stands.", runbook="KronikaClockBehind", unit="cps"),
        ]),
    ], variables=("namespace",))


def indicators():
    sel = f'{NS}, component="indicators"'

    def picture(name, region="all", more=""):
        return f'max by (indicator, region) (kronika_indicator_value{{{NS}, picture="{name}", region{"=" if region == "all" else "!="}"all"{more}}})'

    published = " Of the newest published quarter; ids are those of docs/domain.md 10.3."
    return Dashboard("kronika-indicators", "Indicators", "How far are the four target pictures?", [
        Row("Verdict", [
            stat("Publications served", f'max(kronika_view_publications{{{NS}}})', "How many publications does the gateway serve, all revisions?",
                 red="fewer than yesterday: publications are never taken back, so the view is incomplete.", runbook="KronikaViewStalled"),
            stat("Oldest quarter shown", f'max(time() - max by (indicator) (kronika_indicator_period_end_timestamp_seconds{{{NS}}}))',
                 "How long ago did the quarter end that is the newest one published, for the indicator furthest behind?",
                 red="the quarter after it has been over for a month and is not published.", runbook="KronikaPublicationOverdue", unit="s", thresholds=(8640000, 10627200)),
            stat("Indicators behind", 'kronika:stage_age_seconds:max{namespace="$namespace", stage="indicator"}', "How old are the sums?",
                 red="see dashboard Pipeline.", runbook="KronikaFreshnessFastBurn", unit="s", thresholds=(2, 60)),
            stat("View of the cells behind", f'max(clamp_min(timestamp(kronika_view_position_timestamp_seconds{{{NS}, topic="indicator-state"}}) - kronika_view_position_timestamp_seconds{{{NS}, topic="indicator-state"}}, 0))',
                 "How old are the cells that live answers are made from?", red="see dashboard Gateway.", runbook="KronikaViewStalled", unit="s", thresholds=(2, 60)),
        ]),
        Row("Coherence", [
            bars("Coherence", picture("coherence", more=', indicator!="I-05"'), "{{indicator}}",
                 "Do sectors work as one: early start (I-06), right offer (I-07), uptake (I-08), lost to follow-up (I-11), readmissions (I-12, I-13), heart rehabilitation (I-18a)?" + published,
                 red="compare with the quarter before and with the regions: `kronika publication show I-08 2026Q3 --table REGION`.", runbook="KronikaPublicationOverdue", unit="percentunit"),
            bars("Wait for rehabilitation, median days", picture("coherence", "regions", ', indicator="I-05"'), "{{region}}",
                 "How long is the way from referral to rehabilitation in each region (I-05)? A region that is missing is suppressed." + published,
                 red="above 60 days: see Waiting on dashboard Care.", runbook="KronikaCareTimersOverdue", unit="d", thresholds=(30, 60)),
        ]),
        Row("Quality and data", [
            bars("Quality and data", picture("quality"), "{{indicator}}",
                 "Is care what the standards say: level (I-03), referral (I-04), completion and dropout (I-09, I-10), mortality (I-14), diabetes (I-15, I-16), smoking (I-17), and do all report (I-24)?" + published,
                 red="the margin beside it says which standard is missed.", runbook="KronikaPublicationOverdue", unit="percentunit"),
            bars("Margin to the standard", 'kronika:indicator_margin:difference{namespace="$namespace", region="all"}', "{{indicator}}",
                 "By how much does the nation meet each standard (percentage points as a share)? Above zero it is met." + published,
                 red="below zero: the standard is missed; the regions' tables say where.", runbook="KronikaPublicationOverdue", unit="percentunit", thresholds=(0.0, -0.05), below=True),
        ]),
        Row("Technology and mastery", [
            bars("Technology and mastery", picture("technology"), "{{indicator}}",
                 "What do people gain: walking distance (I-21d), chair stand (I-21e), well-being (I-21f), satisfaction (I-22)? Means, each in its own unit. No indicator counts technology itself." + published,
                 red="a mean below zero: people are worse off after rehabilitation than before.", runbook="KronikaPublicationOverdue", thresholds=(0.0, 0.0), below=True),
        ]),
        Row("Equality", [
            bars("Gap of education", picture("equality"), "{{indicator}}",
                 "Low less high education (I-23) of uptake (I-08), completion (I-09), dropout (I-10) and HbA1c (I-15), as a share." + published,
                 red="far from zero in either direction: one group is not reached.", runbook="KronikaPublicationOverdue", unit="percentunit"),
        ]),
        Row("What is not shown, and what changes", [
            bars("Suppressed places", f'max by (indicator) (kronika_indicator_suppressed{{{NS}}}) > 0 or max(kronika_indicator_suppressed{{{NS}}})', "{{indicator}}",
                 "Of how many places, the nation among them, is the figure withheld because it is of few people, or would tell of few?",
                 red="nearly all of them: the quarter is too young or the population too small to be published by region.", runbook="KronikaPublicationOverdue", thresholds=(3, 6)),
            graph("Changes of cells", [(f'sum(rate(kronika_kafka_consumed_records_total{{{sel}}}[{RATE}]))', "records of differences"),
                                       (f'sum(rate(kronika_kafka_produced_records_total{{{sel}}}[{RATE}]))', "cells written")],
                  "How much do the live figures move?", red="cells move and no event arrives: a rebuild, or a new generation of rules.", runbook="KronikaRestoreSlow", unit="cps"),
        ]),
    ], variables=("namespace",))


def all_dashboards():
    return [slo(), flow(), pipeline(), gateway(), dead_letters(), care(), indicators()]
