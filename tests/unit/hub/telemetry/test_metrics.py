from hub.telemetry import metrics


def series(text):
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in text.splitlines() if line[0] != "#"}


def test_metrics_tell_what_was_counted():
    found = metrics.Metrics("0.1.0")
    found.messages_accepted.labels(type="referral.submitted").inc()
    found.messages_refused.labels(code="NO_BASIS").inc(2)
    found.duplicate_messages.inc()
    found.request_seconds.labels(route="/v1/messages", method="POST", status="202").observe(0.02)
    found.commit_group_size.observe(30)
    found.commit_seconds.observe(0.003)
    found.outbox_oldest_age_seconds.set(1.5)
    found.audit_tree_size.set(70_000)
    found.deliveries.labels(state="pending").set(3)
    content_type, body = found.render()
    told = series(body.decode())
    assert content_type.startswith("text/plain; version=")
    assert told['hub_messages_accepted_total{type="referral.submitted"}'] == 1
    assert told['hub_messages_refused_total{code="NO_BASIS"}'] == 2
    assert told["hub_duplicate_messages_total"] == 1
    assert told['hub_request_seconds_count{method="POST",route="/v1/messages",status="202"}'] == 1
    assert told["hub_commit_group_size_sum"] == 30
    assert told['hub_commit_seconds_bucket{le="0.005"}'] == 1
    assert told["hub_outbox_oldest_age_seconds"] == 1.5
    assert told["hub_audit_tree_size"] == 70_000
    assert told['hub_deliveries{state="pending"}'] == 3
    assert any(name.startswith("hub_build_info{") and 'version="0.1.0"' in name for name in told)


def test_no_label_names_a_unit_a_case_or_a_person():
    found = metrics.Metrics("0.1.0")
    labels = {name for metric in vars(found).values() for name in getattr(metric, "_labelnames", ())}
    assert labels == {
        "type",
        "code",
        "route",
        "method",
        "status",
        "state",
        "reason",
        "limit",
        "alarm",
        "witness",
        "queue",
    }


def test_two_hubs_in_one_process_count_apart():
    one, other = metrics.Metrics("0.1.0"), metrics.Metrics("0.1.0")
    one.duplicate_messages.inc()
    assert series(other.render()[1].decode())["hub_duplicate_messages_total"] == 0
