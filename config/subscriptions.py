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
    Subscription("answers", hears=("task.completed",), job="quality.jobs.follow_answers"),
    Subscription(
        "consensus",
        hears=("task.completed", "annotation.migrated", "annotation.invalidated", "annotation.superseded"),
        job="quality.jobs.resolve_rounds",
    ),
    Subscription("sittings", hears=("task.cancelled",), job="quality.jobs.end_sittings"),
    Subscription(
        "training",
        hears=("enrolment.begun", "sitting.passed", "exam.changed", "exam.closed"),
        job="quality.jobs.train",
    ),
    Subscription("standings", hears=("evidence.added", "evidence.voided"), job="quality.jobs.review_standings"),
    Subscription(
        "what others agreed on",
        hears=("resolution.made", "annotation.invalidated"),
        job="quality.jobs.weigh_resolutions",
        queue="bulk",
    ),
    Subscription(
        "signs",
        hears=("task.completed", "annotation.superseded", "gold.scored"),
        job="quality.jobs.look_at_answers",
        queue="bulk",
    ),
    Subscription(
        "doubted releases", hears=("standing.fell", "fall.doubted"), job="delivery.jobs.name_doubted", queue="bulk"
    ),
    Subscription("frozen in doubt", hears=("release.frozen",), job="delivery.jobs.name_frozen", queue="bulk"),
    Subscription("erased authors", hears=("person.erased",), job="quality.jobs.follow_erased_people"),
    Subscription("written work", hears=("annotation.invalidated",), job="quality.jobs.reconsider_written"),
    Subscription("pay", hears=("task.completed",), job="delivery.jobs.pay_for_judgments"),
    Subscription(
        "free text",
        hears=("task.completed", "annotation.superseded", "annotation.modelled"),
        job="labeling.jobs.scan_annotations",
        queue="bulk",
    ),
    Subscription("audits", hears=("audit.done",), job="quality.jobs.follow_audits"),
    Subscription("void audits", hears=("resolution.made", "round.cancelled"), job="quality.jobs.void_audits"),
    Subscription("told", hears=("annotation.invalidated",), job="quality.jobs.tell_invalidated"),
    Subscription("appeals", hears=("appeal.upheld", "appeal.guideline"), job="quality.jobs.follow_appeals"),
    Subscription(
        "quality's escalations",
        hears=(
            "promise.breached",
            "promise.holding",
            "promise.ended",
            "appeal.upheld",
            "appeal.refused",
            "appeal.guideline",
            "pause.confirmed",
            "pause.lifted",
        ),
        job="quality.jobs.see_to_quality",
    ),
    Subscription("sampling", hears=("release.frozen",), job="delivery.jobs.draw_samples"),
    Subscription("charges", hears=("release.accepted",), job="delivery.jobs.charge_for_records"),
)
