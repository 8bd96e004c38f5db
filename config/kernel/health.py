"""/healthz: this process answers. /readyz: it can do its work, database and migrations included."""

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse


def healthz(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})


def readyz(request: HttpRequest) -> JsonResponse:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        executor = MigrationExecutor(connection)
        waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return JsonResponse({"status": "unready", "detail": "The database does not answer."}, status=503)
    if waiting:
        return JsonResponse({"status": "unready", "detail": "Migrations wait; run manage.py migrate."}, status=503)
    return JsonResponse({"status": "ready"})
