"""The region table and the search for places."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from api.dependencies import get_viewer
from api.geography import Region, list_regions, search_places

router = APIRouter(prefix="/v1", tags=["regions"], dependencies=[Depends(get_viewer)])


def show_region(region: Region) -> dict[str, Any]:
    return {
        "adcode": region.code,
        "name_zh": region.name_zh,
        "name_en": region.name_en,
        "level": region.level,
        "province": region.province,
        "parent": region.parent,
    }


@router.get("/regions", summary="Every region of Sichuan and Chongqing")
def get_regions() -> dict[str, Any]:
    return {"items": [show_region(region) for region in list_regions()], "next_after": None}


@router.get("/places", summary="Search places by name or code")
def get_places(
    q: Annotated[str, Query(min_length=1, max_length=100)],
    limit: Annotated[int, Query(ge=1, le=50)] = 10,
) -> dict[str, Any]:
    return {
        "items": [
            {
                "adcode": place.adcode,
                "name_zh": place.name_zh,
                "name_en": place.name_en,
                "level": place.level,
                "parent": place.parent_adcode or None,
                "lon_wgs84": place.lon_wgs84,
                "lat_wgs84": place.lat_wgs84,
            }
            for place in search_places(q, limit=limit)
        ],
        "next_after": None,
    }
