"""Identifiers. Each is a distinct type, so that a driver's id never stands where a vehicle's is due."""

from typing import NewType

RegionCode = NewType("RegionCode", str)
"""GB/T 2260 code, six digits: ``500000`` Chongqing, ``510100`` Chengdu."""

UnitId = NewType("UnitId", str)
VehicleId = NewType("VehicleId", str)
DriverId = NewType("DriverId", str)
SiteId = NewType("SiteId", str)
RequestId = NewType("RequestId", str)
ItineraryId = NewType("ItineraryId", str)
AssignmentId = NewType("AssignmentId", str)
PlanId = NewType("PlanId", str)
PersonId = NewType("PersonId", str)
AgreementId = NewType("AgreementId", str)
ClosureId = NewType("ClosureId", str)
MeasureId = NewType("MeasureId", str)
BudgetId = NewType("BudgetId", str)
ProviderId = NewType("ProviderId", str)
TariffId = NewType("TariffId", str)
RentalId = NewType("RentalId", str)
