"""Next and submit, with one statement each."""

import json
from typing import Any

from django.db import connection
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

CLAIM = """
UPDATE floor_task SET state = 'leased', reviewer_id = %s WHERE id = (
    SELECT id FROM floor_task WHERE state = 'open' ORDER BY position LIMIT 1 FOR UPDATE SKIP LOCKED
) RETURNING id, payload::text
"""

INSERT = "INSERT INTO floor_annotation (task_id, reviewer_id, answers) VALUES (%s, %s, %s)"


class Next(APIView):
    def post(self, request: Request) -> Response:
        with connection.cursor() as cursor:
            cursor.execute(CLAIM, [request.user.pk])
            row = cursor.fetchone()
        if row is None:
            return Response({"task": None})
        return Response({"task": {"id": row[0], "item": json.loads(row[1])}})


class Submit(APIView):
    def post(self, request: Request, task: int) -> Response:
        data: Any = request.data
        with connection.cursor() as cursor:
            cursor.execute(INSERT, [task, request.user.pk, json.dumps(data["value"])])
        return Response({"placed": True}, status=201)
