"""The plan as one JSON document, in the shapes of the API."""

from __future__ import annotations

import json
from typing import Any

from api.outputs.book import PlanBook, say_left_out, say_reason
from api.wording import Language
from fleet.documents import encode


def plan_document(book: PlanBook, *, language: Language) -> dict[str, Any]:
    """Return the plan: record, figures, itineraries, assignments, the unserved with worded reasons, and the assumptions."""
    record = encode(book.record)
    unserved = []
    for entry in book.record.unserved:
        request = book.requests[entry.request_id]
        unserved.append(
            {
                "request_id": entry.request_id,
                "purpose": request.purpose,
                "reasons": [
                    {
                        "code": reason.code,
                        "proven": reason.proven,
                        "message": say_reason(reason, language),
                        "detail": dict(reason.detail),
                    }
                    for reason in entry.reasons
                ],
            }
        )
    return {
        "plan": {key: value for key, value in record.items() if key != "unserved"},
        "network": book.network_name,
        "checked": {"violations": list(book.violations)},
        "seconds": {phase: round(seconds, 3) for phase, seconds in book.seconds.items()},
        "assumptions": [text.say(language) for text in book.assumptions],
        "notes": list(book.notes),
        "itineraries": [encode(itinerary) for itinerary in book.itineraries],
        "assignments": [encode(assignment) for assignment in book.assignments],
        "unserved": unserved,
        "set_aside": [
            {"request_id": request_id, "message": text.say(language)}
            for request_id, text in sorted(book.set_aside.items())
        ],
        "vehicles_left_out": [
            {"vehicle_id": vehicle_id, "code": code, "message": say_left_out(code, language)}
            for vehicle_id, code in sorted(book.left_out.items())
        ],
    }


def write_plan_json(book: PlanBook, *, language: Language) -> bytes:
    return (json.dumps(plan_document(book, language=language), ensure_ascii=False, indent=1) + "\n").encode()
