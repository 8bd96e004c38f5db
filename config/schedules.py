"""What runs by the clock. `manage.py schedules` makes django-q2's own table say the same."""

from config.kernel.types import Recurring

SCHEDULES = (
    Recurring("expire leases", "routing.jobs.return_abandoned", minutes=1),
    Recurring("roll up pools", "routing.jobs.roll_up_pools", minutes=1),
    Recurring("watch service levels", "routing.jobs.watch", minutes=1),
    Recurring("sweep handoffs", "config.kernel.handoffs.sweep", minutes=1),
    Recurring("seed gold", "quality.jobs.seed_gold", minutes=1),
    Recurring("review gold", "quality.jobs.retire_served_gold", minutes=10, queue="bulk"),
    Recurring("sweep consensus", "quality.jobs.sweep_rounds", minutes=1),
    Recurring("measure quality", "quality.figure_jobs.measure_projects", minutes=10, queue="bulk"),
    Recurring("draw audits", "quality.jobs.open_audits", minutes=5, queue="bulk"),
    Recurring("recurring audits", "quality.jobs.order_recurring_audits", minutes=5, queue="bulk"),
    Recurring("measure audits", "quality.jobs.measure_audits", minutes=5, queue="bulk"),
    Recurring("watch quality", "quality.jobs.watch_quality", minutes=5),
    Recurring("judges", "quality.jobs.judge_items", minutes=1),
    Recurring("order by judges", "quality.jobs.order_by_judges", minutes=10, queue="bulk"),
    Recurring("calibrate judges", "quality.jobs.calibrate_judges", minutes=24 * 60, queue="bulk"),
    Recurring("review standings", "quality.jobs.review_all_standings", minutes=10, queue="bulk"),
    Recurring("measure promises of quality", "quality.jobs.measure_promises", minutes=10, queue="bulk"),
    Recurring("sweep written work", "quality.jobs.sweep_written", minutes=1),
    Recurring("carry out guidelines", "labeling.jobs.carry_out_guidelines", minutes=1),
    Recurring("sweep flagging", "labeling.jobs.sweep_flagging", minutes=1),
    Recurring("count projects", "labeling.jobs.count_projects", minutes=1, queue="bulk"),
    Recurring("sweep batches", "labeling.jobs.sweep_batches", minutes=5, queue="bulk"),
    Recurring("sweep releases", "delivery.jobs.sweep_releases", minutes=5, queue="bulk"),
    Recurring("sweep erasures", "config.erasures.sweep", minutes=5, queue="bulk"),
    Recurring("retention", "config.erasures.erase_due", minutes=24 * 60, queue="bulk"),
    Recurring("forget old answers", "config.kernel.api.idempotency.forget_old", minutes=60),
    Recurring("forget wrong tries", "config.kernel.tries.forget_old", minutes=60),
)
