"""How gunicorn runs Assay wherever it is started from this folder: its own lines are JSON too, and it opens no control socket."""

logconfig_dict = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "config.kernel.logs.JsonFormatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        "gunicorn.error": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
        # The application writes a line a request itself, with the request's id.
        "gunicorn.access": {"handlers": [], "propagate": False},
    },
}
control_socket_disable = True
