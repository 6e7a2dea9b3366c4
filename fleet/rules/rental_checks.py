"""What rules R086-R101 refuse of a time-share order and its provider, beyond eligibility (:mod:`fleet.rules.rentals`)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from fleet.providers import Contract, Provider, ProviderFeed, SupportMode
from fleet.rental_calendar import Slot
from fleet.rentals import Means, Rental
from fleet.requests import RequestState, TripRequest
from fleet.rules.jurisdictions import Province
from fleet.rules.model import RuleView
from fleet.rules.purchases import standard_refusal
from fleet.rules.refusals import Refusal
from fleet.units import Unit
from fleet.vehicles import Vehicle

#: The forms of the joint standard: application, and two filing letters (R101). Their names in the standard's contents list are
#: known, its text is not; which class of rental takes which form is therefore a parameter of ours.
FORMS = ("A", "B", "C")


def matter_refusal(request: TripRequest, *, live_rental_id: str = "") -> Refusal | None:
    """One matter, one rental (R086): the request is approved, and no other order stands on it."""
    if live_rental_id:
        return Refusal(
            rule_id="R086",
            code="one_matter_one_rental",
            message_zh=f"申请{request.id}已有租赁订单{live_rental_id}，一事一租",
            message_en=f"request {request.id} has the order {live_rental_id} already: one matter, one rental",
            detail={"request": request.id, "rental": live_rental_id},
        )
    if request.state is not RequestState.APPROVED:
        return Refusal(
            rule_id="R086",
            code="not_approved",
            message_zh=f"申请{request.id}未处于已审批待派车状态，不能租车",
            message_en=f"request {request.id} is {request.state}: a rental takes an approved request that waits for a car",
            detail={"request": request.id, "state": request.state},
        )
    return None


def order_refusal(view: RuleView, steps: Sequence[Means]) -> Refusal | None:
    """The order of means (R093 in Sichuan): the failed steps before socialised support are stored, public transport too.

    Chongqing asks for the retained cars only, which is rule R085's own condition.
    """
    if view.find("R093.order") is None:
        return None
    needed = {"own": Means.OWN, "public_transport": Means.PUBLIC_TRANSPORT}
    missing = [code for code in view.codes("R093.order") if code in needed and needed[code] not in steps]
    if not missing:
        return None
    return Refusal(
        rule_id="R093",
        code="order_of_means",
        message_zh="须先说明自有车辆和公共交通为何不能满足",
        message_en=f"first say why these cannot serve: {', '.join(missing)}",
        detail={"missing": " ".join(missing)},
    )


def taken_refusal(vehicle: Vehicle, other: Slot | None, *, code: str, same_unit: bool) -> Refusal:
    """The car is another order's then, or somewhere else (R087: no second order of a unit before the return)."""
    if code == "elsewhere":
        return Refusal(
            rule_id="R087",
            code="car_elsewhere",
            message_zh=f"{vehicle.plate}届时不在该取车点，或还车点与下一订单不符",
            message_en=f"{vehicle.plate} is not at that point then, or would not be where its next renter expects it",
            detail={"vehicle": vehicle.id},
        )
    return Refusal(
        rule_id="R087",
        code="not_returned" if same_unit else "car_taken",
        message_zh=f"{vehicle.plate}在该时段已被订用" + ("，本单位须先还车（一租一还）" if same_unit else ""),
        message_en=f"{vehicle.plate} is taken then"
        + (": your unit returns it first (one rental, one return)" if same_unit else ""),
        detail={"vehicle": vehicle.id, "rental": "" if other is None else other.rental_id},
    )


def feed_refusal(view: RuleView, provider: Provider, feed: ProviderFeed | None, *, now: datetime) -> Refusal | None:
    """A provider whose platform was silent for too long is not assignable (R090)."""
    limit_s = view["R090.feed_missing_s"]
    if feed is not None and now - feed.seen_at <= timedelta(seconds=limit_s):
        return None
    seen = "" if feed is None else feed.seen_at.isoformat(timespec="seconds")
    return Refusal(
        rule_id="R090",
        code="feed_missing",
        message_zh=f"{provider.name}的车辆管理平台{limit_s // 60}分钟以上未上报，暂不可订",
        message_en=f"the platform of {provider.name} was silent for more than {limit_s // 60} minutes: not to be booked now",
        detail={"provider": provider.id, "seen_at": seen, "limit_s": limit_s},
    )


def contract_refusal(view: RuleView, provider: Provider, mode: SupportMode) -> Refusal | None:
    """A contract of the mode holds today (R091, R097), and no contract year went unevaluated (R099)."""
    if provider.find_contract(mode, view.day) is None:
        return Refusal(
            rule_id="R097",
            code="no_contract",
            message_zh=f"{provider.name}没有生效的合同（{mode}），不能下单",
            message_en=f"{provider.name} has no contract for {mode} that holds today",
            detail={"provider": provider.id, "mode": mode},
        )
    missing = provider.missing_evaluations(view.day)
    if missing and view.find("R099.evaluated") is not None:
        contract_id, year = missing[0]
        return Refusal(
            rule_id="R099",
            code="not_evaluated",
            message_zh=f"{provider.name}合同{contract_id}第{year + 1}年未考核评价，不得续至下一合同年",
            message_en=f"{provider.name}: year {year + 1} of contract {contract_id} was not evaluated, so the next is blocked",
            detail={"provider": provider.id, "contract": contract_id, "contract_year": year},
        )
    return None


def mode_refusal(view: RuleView, mode: SupportMode) -> Refusal | None:
    """The mode is one of the three of rule R091, where the rule applies."""
    if view.find("R091.modes") is None or mode in view.codes("R091.modes"):
        return None
    return Refusal(
        rule_id="R091",
        code="mode",
        message_zh=f"没有这种社会化保障方式：{mode}",
        message_en=f"no such mode of socialised support: {mode}",
        detail={"mode": mode},
    )


def quota_refusal(
    view: RuleView, unit: Unit, contract: Contract, *, owned_count: int, purchased_count: int
) -> Refusal | None:
    """Owned cars and purchased services stay within the quota (R092); temporary and time-share rentals do not count."""
    if contract.mode is not SupportMode.PURCHASED_SERVICE or view.find("R092.quota") is None:
        return None
    authorised = sum(number.count for number in unit.authorised)
    services = purchased_count + contract.purchased_count
    total = owned_count + services
    if view.bound("R092.quota").holds(total, authorised):
        return None
    return Refusal(
        rule_id="R092",
        code="over_quota",
        message_zh=f"{unit.name}自有{owned_count}辆、购买服务{services}辆，超过编制{authorised}辆",
        message_en=f"{unit.name}: {owned_count} owned and {services} services exceed {authorised}",
        detail={"unit": unit.id, "owned_and_service": total, "authorised": authorised},
    )


def share_refusal(view: RuleView, vehicle: Vehicle, *, nev_count: int, all_count: int) -> Refusal | None:
    """The month's share of new-energy rentals holds with this one too (R094, Yibin). An NEV never breaks it."""
    if vehicle.energy.is_nev or view.find("R094.nev_share") is None:
        return None
    if view.bound("R094.nev_share").holds(nev_count, all_count + 1):
        return None
    return Refusal(
        rule_id="R094",
        code="nev_share",
        message_zh=f"本月租赁{all_count}单中新能源{nev_count}单，再租非新能源车将低于规定比例",
        message_en=f"{nev_count} of {all_count} rentals this month are NEVs: one more without would break the share",
        detail={"nev": nev_count, "rented": all_count + 1},
    )


def rented_standard_refusal(view: RuleView, vehicle: Vehicle) -> Refusal | None:
    """A rented car obeys the standard of an owned one (R096); one whose price nobody entered is refused too."""
    bought = vehicle.acquisition
    if bought is None or bought.price_fen is None or (bought.displacement_ml is None and not vehicle.energy.is_nev):
        return Refusal(
            rule_id="R096",
            code="standard_unknown",
            message_zh=f"{vehicle.plate}未登记价格或排量，无法核对配备标准",
            message_en=f"price or displacement of {vehicle.plate} is not registered: the standard cannot be checked",
            detail={"vehicle": vehicle.id},
        )
    found = standard_refusal(
        view,
        duty=vehicle.duty,
        kind=vehicle.kind,
        energy=vehicle.energy,
        seats=vehicle.seats,
        price_fen=bought.price_fen,
        displacement_ml=bought.displacement_ml or 0,
    )
    if found is None:
        return None
    return Refusal(
        rule_id="R096",
        code=found.code,
        message_zh=f"租赁车辆{found.message_zh}",
        message_en=f"a rented car obeys the standard: {found.message_en}",
        detail=found.detail,
    )


def form_refusal(form: str) -> Refusal | None:
    """The order carries one of the joint standard's forms (R101)."""
    if form in FORMS:
        return None
    return Refusal(
        rule_id="R101",
        code="form",
        message_zh="须选择申请表或备案函：A、B、C",
        message_en="one of the forms A, B, C",
        detail={"form": form},
    )


def settled_refusal(rental: Rental) -> Refusal | None:
    """One return, one settlement (R088): neither before the return nor a second time. R087 is the return itself."""
    if rental.settlement is not None:
        return Refusal(
            rule_id="R088",
            code="settled_before",
            message_zh=f"订单{rental.id}已结算，一还一结",
            message_en=f"order {rental.id} is settled already: one return, one settlement",
            detail={"rental": rental.id},
        )
    if rental.returned is None:
        return Refusal(
            rule_id="R087",
            code="not_returned",
            message_zh=f"订单{rental.id}未还车，不能结算",
            message_en=f"order {rental.id} is not returned: no settlement before",
            detail={"rental": rental.id},
        )
    return None


def provider_kind_refusal(view: RuleView, provider: Provider, *, with_driver: bool) -> Refusal | None:
    """Time-share is self-service: a fleet company works with its drivers, priced by contract (R104)."""
    if with_driver or provider.kind.value != "fleet_company" or view.jurisdiction.province is not Province.CHONGQING:
        return None
    return Refusal(
        rule_id="R104",
        code="with_driver",
        message_zh=f"{provider.name}为机关车队，按合同提供带驾驶员服务",
        message_en=f"{provider.name} is a fleet company: it comes with drivers, by contract",
        detail={"provider": provider.id},
    )
