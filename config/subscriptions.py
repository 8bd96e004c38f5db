"""Who hears what: the whole nervous system. Each line is a job that takes a list of facts, at least once each."""

from config.kernel.types import Subscription

SUBSCRIPTIONS = (
    Subscription(
        "documents",
        hears=("guideline.published", "form.published"),
        job="labeling.jobs.carry_out_published",
        queue="bulk",
    ),
    Subscription("gold", hears=("item.gold",), job="quality.jobs.make_gold"),
    Subscription("renewed gold", hears=("form.published",), job="quality.jobs.renew_gold"),
    Subscription("erased gold", hears=("item.erased",), job="quality.jobs.retire_erased"),
    Subscription("erased files", hears=("item.erased", "person.erased", "batch.erased"), job="config.erasures.hear"),
    Subscription("withdrawals", hears=("task.cancelled",), job="routing.jobs.withdraw_cancelled"),
    Subscription(
        "due times",
        hears=(
            "batch.accepted",
            "project.changed",
            "calendar.changed",
            "service_level.set",
            "service_level.ended",
            "clock.stopped",
            "clock.resumed",
        ),
        job="routing.jobs.renew_due_times",
    ),
    Subscription("scoring", hears=("task.completed",), job="quality.jobs.score_gold"),
    Subscription(
        "consensus",
        hears=("task.completed", "annotation.migrated", "annotation.invalidated", "annotation.superseded"),
        job="quality.jobs.resolve_rounds",
    ),
    Subscription("written work", hears=("task.completed", "annotation.invalidated"), job="quality.jobs.go_on_written"),
    Subscription("pay", hears=("task.completed",), job="delivery.jobs.pay_for_judgments"),
    Subscription(
        "free text",
        hears=("task.completed", "annotation.superseded"),
        job="labeling.jobs.scan_annotations",
        queue="bulk",
    ),
    Subscription("sampling", hears=("release.frozen",), job="delivery.jobs.draw_samples"),
    Subscription("charges", hears=("release.accepted",), job="delivery.jobs.charge_for_records"),
)
