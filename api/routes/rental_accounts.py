"""Monthly batches and the provider's file, unsettled orders, oversight of rentals, township service."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from api.access import READERS, REGISTRARS, STAFF, access_document
from api.dependencies import Caller, Change, Served, Store, document_response, needs, render
from api.idempotency import Effect, etag
from api.outputs.rental_pdf import FormNames, render_form
from api.paging import After, Limit, list_visible
from api.problems import AlreadyExists
from api.routes.rentals import desk_of
from api.schemas.rentals import BatchInput, ReconcileInput
from api.services import local_day
from api.vocabulary import VEHICLE_KINDS, word
from fleet.documents import decode, encode
from fleet.errors import IllegalTransition, NotFound
from fleet.ids import RentalId
from fleet.rental_accounts import BatchState, ProviderLine, RentalBatch, compare, list_unsettled, make_batch
from fleet.rental_audit import chained, nev_orders, same_person_same_car, service_levels, without_matter
from fleet.rentals import Rental
from fleet.store import Write
from fleet.townships import township_service

router = APIRouter(prefix="/v1", tags=["rentals"])

MonthText = Annotated[str, Query(pattern=r"^20\d\d-(0[1-9]|1[0-2])$", description="Local calendar month, YYYY-MM.")]


@router.get("/rentalBatches", summary="List monthly batches of providers")
def list_batches(viewer: Caller, store: Store, limit: Limit = 100, after: After = "") -> dict[str, Any]:
    viewer.require(READERS["rental_batch"])
    return list_visible(
        store,
        "rental_batch",
        where=None,
        keep=lambda document: viewer.sees("rental_batch", document.body),
        show=render,
        after=after,
        limit=limit,
    )


@router.get("/rentalBatches/{id}", summary="One batch with its lines and differences")
def get_batch(id: str, viewer: Caller, store: Store) -> Response:
    return document_response(access_document(viewer, store, "rental_batch", id))


@router.post(
    "/rentalBatches",
    dependencies=[needs(REGISTRARS)],
    status_code=201,
    summary="Put a provider's settled orders of a month together, a line each",
)
def create_batch(given: BatchInput, change: Change, services: Served) -> Response:
    desk = desk_of(services, change)
    document = access_document(change.viewer, services.store, "provider", given.provider_id)
    provider = decode("provider", document.body)
    change.viewer.require_region(provider.region)

    def effect() -> Effect:
        batch = make_batch(
            desk.every("rental", ("provider_id", provider.id)),
            provider_id=provider.id,
            region=provider.region,
            month=given.month,
            at=change.now,
            by=change.viewer.person.id,
        )
        if services.store.find("rental_batch", batch.id) is not None:
            raise AlreadyExists(kind="rental_batch", id=batch.id)
        body = encode(batch)
        return Effect(
            type="rental_batch.made",
            region=provider.region,
            writes=[Write(kind="rental_batch", id=batch.id, expected_version=0, body=body)],
            status=201,
            body={**body, "version": 1},
            headers={"ETag": etag(1), "Location": f"/v1/rentalBatches/{batch.id}"},
        )

    return change.perform(effect)


@router.post(
    "/rentalBatches/{id}:reconcile",
    dependencies=[needs(REGISTRARS)],
    summary="Hold the batch against the provider's own file; every difference is listed",
)
def reconcile_batch(id: str, given: ReconcileInput, change: Change, store: Store) -> Response:
    theirs = [ProviderLine(rental_id=RentalId(line.rental_id), amount_fen=line.amount_fen) for line in given.lines]

    def effect() -> Effect:
        document = access_document(change.viewer, store, "rental_batch", id)
        change.check_match(document)
        change.viewer.require_region(str(document.body["region"]))
        batch: RentalBatch = decode("rental_batch", document.body)
        if batch.state is BatchState.RECONCILED:
            raise IllegalTransition(kind="rental_batch", id=id, state=batch.state, action="reconcile")
        found = compare(batch, theirs)
        state = BatchState.DIFFERENCES if found else BatchState.RECONCILED
        body = encode(replace(batch, differences=found, state=state))
        version = document.version + 1
        return Effect(
            type="rental_batch.compared",
            region=batch.region,
            writes=[Write(kind="rental_batch", id=id, expected_version=document.version, body=body)],
            status=200,
            body={**body, "version": version},
            headers={"ETag": etag(version)},
            data={"differences_count": len(found)},
        )

    return change.perform(effect)


@router.get("/rentals/{id}/form.pdf", summary="The form of the joint standard to print (R101)", response_class=Response)
def print_form(id: str, viewer: Caller, store: Store) -> Response:
    document = access_document(viewer, store, "rental", id)
    rental: Rental = decode("rental", document.body)

    def field_of(kind: str, id: object, name: str) -> str:
        found = None if id is None else store.find(kind, str(id))
        return "" if found is None else str(found.body.get(name) or "")

    request = store.find("request", rental.request_id)
    trip = {} if request is None else request.body
    names = FormNames(
        unit=field_of("unit", rental.unit_id, "name"),
        renter=field_of("person", rental.renter_id, "name"),
        provider=field_of("provider", rental.provider_id, "name"),
        plate=field_of("vehicle", rental.vehicle_id, "plate"),
        model=word(VEHICLE_KINDS, field_of("vehicle", rental.vehicle_id, "kind"), "zh"),
        from_site=field_of("site", rental.from_site_id, "name"),
        to_site=field_of("site", rental.to_site_id, "name"),
        purpose=str(trip.get("purpose") or ""),
        passengers=str(trip.get("passengers") or ""),
        approver=field_of("person", trip.get("approver_id"), "name"),
    )
    headers = {"Content-Disposition": f'inline; filename="{id}.pdf"', "Cache-Control": "private, no-cache"}
    return Response(render_form(rental, names), media_type="application/pdf", headers=headers)


@router.get("/rentals:unsettled", summary="Returned orders that wait too long for their settlement (R088)")
def list_unsettled_rentals(viewer: Caller, services: Served) -> dict[str, Any]:
    viewer.require(STAFF)
    desk = desk_of(services)
    within_days = desk.view(viewer.person.region or "510000")["R088.settle_within_days"]
    orders = list_unsettled(desk.every("rental", ("state", "returned")), now=desk.now, within_days=within_days)
    return {
        "within_days": within_days,
        "items": [
            {
                "id": own.id,
                "unit_id": own.unit_id,
                "provider_id": own.provider_id,
                "returned_at": "" if own.returned is None else own.returned.at.isoformat(),
            }
            for own in orders
            if viewer.sees("rental", encode(own))
        ],
    }


@router.get("/rentals:oversight", summary="Alerts, shares and service levels of a region's rentals")
def oversee_rentals(viewer: Caller, services: Served, region: str | None = None) -> dict[str, Any]:
    """Chained rentals (R095), same person same car, rentals without a matter, NEV share (R094), levels of providers (R099)."""
    viewer.require(STAFF)
    desk = desk_of(services)
    scope = region or viewer.person.region
    if not viewer.covers(scope):
        raise NotFound(kind="region", id=scope)
    own = [rental for rental in desk.every("rental") if viewer.sees("rental", encode(rental))]
    own = [rental for rental in own if not region or rental.region == region]
    view = desk.view(scope or "510000")
    alerts = [
        *chained(own, limit_days=view["R095.chained_days"]),
        *same_person_same_car(own, most=desk.terms.same_person_most),
        *without_matter(own),
    ]
    shares = []
    for (where, month), (nev_count, all_count) in nev_orders(own).items():
        local = desk.view(where)
        bound = local.bound("R094.nev_share") if local.find("R094.nev_share") is not None else None
        shares.append(
            {
                "region": where,
                "month": month,
                "nev_count": nev_count,
                "all_count": all_count,
                "holds": None if bound is None else bound.holds(nev_count, all_count),
            }
        )
    levels = [
        {"provider_id": provider, "code": code, "good_count": good, "all_count": all_}
        for provider, codes in service_levels(own).items()
        for code, (good, all_) in sorted(codes.items())
    ]
    return {
        "alerts": [{**asdict(alert), "rental_ids": list(alert.rental_ids)} for alert in alerts],
        "nev_shares": shares,
        "service_levels": levels,
    }


@router.get("/townships", summary="Township service of a month: asked, served, unmet, waiting (S09)")
def list_townships(viewer: Caller, services: Served, month: MonthText | None = None) -> dict[str, Any]:
    viewer.require(STAFF)
    desk = desk_of(services)
    units = [unit for unit in desk.every("unit") if viewer.covers(unit.region)]
    ids = {unit.id for unit in units}
    lines = township_service(
        units,
        (trip for trip in desk.every("request") if trip.unit_id in ids),
        (rental for rental in desk.every("rental") if rental.unit_id in ids),
        month=month or local_day(desk.now)[:7],
        now=desk.now,
    )
    return {"items": [{**asdict(line), "unmet_ids": list(line.unmet_ids)} for line in lines]}
