"""A vehicle that is registered: within the quota (R032), with a purchase that R022, R029, R033-R035, R038 and R039 allow."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from api.errors import FieldError
from api.wording import Text
from fleet.documents import decode
from fleet.errors import InvalidFact
from fleet.rules.fleet_checks import quota_refusal
from fleet.rules.jurisdictions import find_jurisdiction
from fleet.rules.model import RuleBook, RuleView
from fleet.rules.purchases import age_refusal, decisions_refusal, energy_refusal, standard_refusal, total_refusal
from fleet.rules.refusals import Refusal
from fleet.store import FleetStore
from fleet.vehicles import Acquisition, AcquisitionKind, Duty, Vehicle, VehicleState


def check_vehicle(book: RuleBook, store: FleetStore, vehicle: Vehicle) -> list[FieldError]:
    """Return what the rules say against a vehicle of the register; a purchase on record is judged once."""
    if find_jurisdiction(vehicle.region) is None or store.find("unit", vehicle.unit_id) is None:
        return []
    # Of what a register holds it does not matter when a rule began.
    findings = list(_quota(book.at(date.max, vehicle.region), store, vehicle))
    present = store.find("vehicle", vehicle.id)
    before = None if present is None else decode("vehicle", present.body)
    bought = vehicle.acquisition
    if bought is None or bought.kind is AcquisitionKind.TRANSFERRED or vehicle.duty is Duty.RENTAL:
        return findings
    if before is None or before.acquisition != bought:
        view = book.at(max(bought.on, date(2021, 1, 1)), vehicle.region)
        findings += [_say(field, refusal) for field, refusal in _purchase(view, store, vehicle, bought)]
    return findings


def _others(store: FleetStore, vehicle: Vehicle) -> list[Vehicle]:
    """The unit's other vehicles that were not disposed of."""
    found: list[Vehicle] = []
    after = ""
    while True:
        page = store.list("vehicle", where=("unit_id", vehicle.unit_id), after=after)
        found += [decode("vehicle", document.body) for document in page.documents]
        if page.next_after is None:
            return [own for own in found if own.id != vehicle.id and own.state is not VehicleState.DISPOSED]
        after = page.next_after


def _quota(view: RuleView, store: FleetStore, vehicle: Vehicle) -> Iterator[FieldError]:
    present = store.find("vehicle", vehicle.id)
    same = present is not None and (present.body["unit_id"], present.body["duty"]) == (vehicle.unit_id, vehicle.duty)
    if same or vehicle.state is VehicleState.DISPOSED:
        return
    unit = decode("unit", store.get("unit", vehicle.unit_id).body)
    count = sum(own.duty is vehicle.duty for own in _others(store, vehicle))
    refusal = quota_refusal(view, unit, duty=vehicle.duty, others_count=count)
    if refusal is not None:
        remedy = Text("R032：先核增编制，或先处置一辆", "R032: have the quota raised, or dispose of one first")
        yield FieldError(
            field="unit_id",
            value=vehicle.unit_id,
            message=Text(refusal.message_zh, refusal.message_en),
            remedy=remedy,
        )


def _purchase(
    view: RuleView, store: FleetStore, vehicle: Vehicle, bought: Acquisition
) -> Iterator[tuple[str, Refusal]]:
    others = _others(store, vehicle)
    listed = sorted(own.plate for own in others if own.listed)
    if listed:
        yield (
            "unit_id",
            Refusal(
                rule_id="R039",
                code="listed",
                message_zh=f"单位尚有超编超标车辆（{'、'.join(listed)}），不得购置",
                message_en=f"the unit has vehicles on the over-quota list ({', '.join(listed)}): nothing is bought",
            ),
        )
    if bought.price_fen is not None:
        refusal = standard_refusal(
            view,
            duty=vehicle.duty,
            kind=vehicle.kind,
            energy=vehicle.energy,
            seats=vehicle.seats,
            price_fen=bought.price_fen,
            displacement_ml=bought.displacement_ml or 0,
            special_case=bought.special_case,
        )
        if refusal is not None:
            yield f"acquisition.{'price_fen' if refusal.code == 'price' else 'displacement_ml'}", refusal
    numbers = {decision.name: decision.document_no for decision in bought.decisions}
    if (refusal := decisions_refusal(view, numbers)) is not None:
        yield "acquisition.decisions", refusal
    if (refusal := energy_refusal(view, vehicle, bought)) is not None:
        yield "acquisition.waiver_reason", refusal
    if bought.kind is AcquisitionKind.REPLACED:
        yield from _replaced(view, store, bought)
    else:
        refusal = total_refusal(
            view,
            before_count=len(others),
            after_count=len(others) + 1,
            quota_document_no=bought.quota_document_no,
        )
        if refusal is not None:
            yield "acquisition.quota_document_no", refusal


def _replaced(view: RuleView, store: FleetStore, bought: Acquisition) -> Iterator[tuple[str, Refusal]]:
    document = None if bought.replaces_id is None else store.find("vehicle", bought.replaces_id)
    if document is None:
        yield (
            "acquisition.replaces_id",
            Refusal(
                rule_id="R038",
                code="replaced_vehicle_missing",
                message_zh="更新须写明被更新的车辆",
                message_en="a replacement names the vehicle that goes",
            ),
        )
        return
    reasons = view.book.get("R038").waiver_reasons
    reason = bought.waiver_reason if bought.waiver_reason in reasons else ""
    try:
        refusal = age_refusal(
            view, decode("vehicle", document.body), waiver_reason=reason or "", waiver_text=bought.waiver_text
        )
    except InvalidFact:
        refusal = Refusal(
            rule_id="R038",
            code="waiver_without_text",
            message_zh="提前更新须写明安全原因",
            message_en="a replacement before its time says which safety reason",
        )
    if refusal is not None:
        yield "acquisition.replaces_id", refusal


def _say(field: str, refusal: Refusal) -> FieldError:
    return FieldError(
        field=field,
        value=None,
        message=Text(refusal.message_zh, refusal.message_en),
        remedy=Text(
            f"{refusal.rule_id}：改正或说明理由", f"{refusal.rule_id}: correct it, or give the reason that it takes"
        ),
    )
