"""What OpenAPI says of the rental operations' answers: model and example by ``METHOD path``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from api import rental_examples as shown
from api.schemas import answers, rental_answers

_STEPS = {
    "checkLicence": "booked",
    "inspect": "inspected",
    "unlock": "in_use",
    "extend": "in_use",
    "return": "returned",
    "settle": "settled",
    "cancel": "held",
    "breakDown": "in_use",
    "swap": "booked",
    "endBroken": "returned",
    "dispute": "returned",
    "resolve": "returned",
    "release": "held",
}


def list_described() -> Iterator[tuple[str, type[BaseModel], Mapping[str, Any]]]:
    """Yield operation, model and example of each answer."""
    rental = rental_answers.RentalAnswer
    yield "GET /v1/rentals", answers.page_of(rental), _page(shown.RENTAL)
    yield "GET /v1/rentals/{id}", rental, shown.RENTALS["settled"]
    yield "POST /v1/rentals", rental, shown.RENTAL
    yield "POST /v1/rentals:quote", rental_answers.QuoteAnswer, shown.QUOTE
    for step, state in _STEPS.items():
        yield f"POST /v1/rentals/{{id}}:{step}", rental, shown.RENTALS[state]
    yield "GET /v1/rentals/{id}/token", rental_answers.TokenAnswer, shown.TOKEN
    yield "POST /v1/rentals/{id}:open", rental_answers.OpenedAnswer, shown.OPENED
    provider = rental_answers.ProviderAnswer
    yield "GET /v1/providers", answers.page_of(provider), _page(shown.PROVIDER)
    yield "GET /v1/providers/{id}", provider, shown.PROVIDER
    yield "POST /v1/providers", provider, shown.PROVIDER
    for step in ("addContract", "activateContract", "endContract", "evaluate"):
        yield f"POST /v1/providers/{{id}}:{step}", provider, {**shown.PROVIDER, "version": 2}
    yield "POST /v1/providers/{id}:heartbeat", rental_answers.ProviderFeedAnswer, shown.FEED
    tariff = rental_answers.RentalTariffAnswer
    yield "GET /v1/rentalTariffs", answers.page_of(tariff), _page(shown.TARIFF)
    yield "GET /v1/rentalTariffs/{id}", tariff, shown.TARIFF
    yield "POST /v1/rentalTariffs", tariff, shown.TARIFF
    yield "GET /v1/rentalPoints", rental_answers.PointsAnswer, shown.POINTS
    yield "POST /v1/rentalPoints", rental_answers.RentalPointAnswer, shown.POINT
    budget = rental_answers.RentalBudgetAnswer
    yield "GET /v1/rentalBudgets", answers.page_of(budget), _page(shown.BUDGET)
    yield "POST /v1/rentalBudgets", budget, shown.BUDGET
    batch = rental_answers.RentalBatchAnswer
    yield "GET /v1/rentalBatches", answers.page_of(batch), _page(shown.BATCH)
    yield "GET /v1/rentalBatches/{id}", batch, shown.BATCH
    yield "POST /v1/rentalBatches", batch, shown.BATCH
    yield "POST /v1/rentalBatches/{id}:reconcile", batch, {**shown.BATCH, "state": "reconciled", "version": 2}
    yield "GET /v1/rentals:unsettled", rental_answers.UnsettledAnswer, shown.UNSETTLED
    yield "GET /v1/rentals:oversight", rental_answers.OversightAnswer, shown.OVERSIGHT
    yield "GET /v1/townships", rental_answers.TownshipsAnswer, shown.TOWNSHIPS
    for path in ("3.0/gbfs.json", "3.0/{name}.json"):
        yield f"GET /gbfs/{path}", rental_answers.GbfsAnswer, shown.GBFS
    yield (
        "GET /gbfs/3.1-RC3/vehicle_availability.json",
        rental_answers.GbfsAnswer,
        {**shown.GBFS, "version": "3.1-RC3", "data": {"vehicles": []}},
    )


def _page(example: Mapping[str, Any]) -> dict[str, Any]:
    return {"items": [example], "next_after": None}
