from __future__ import annotations

import csv
from collections import Counter

import pytest

from fleet.errors import InvalidFact
from fleet.regions import RegionLevel, covers, load_regions

REGIONS = load_regions()


def test_r001_the_table_is_complete():
    count = Counter((region.province, region.level) for region in REGIONS.list())
    assert count == {
        ("SC", RegionLevel.PROVINCE): 1,
        ("CQ", RegionLevel.PROVINCE): 1,
        ("SC", RegionLevel.PREFECTURE): 21,
        ("SC", RegionLevel.COUNTY): 183,
        ("CQ", RegionLevel.COUNTY): 38,
        ("CQ", RegionLevel.ZONE): 3,
        ("", RegionLevel.CROSS_ZONE): 2,
    }


@pytest.mark.parametrize("code", ["", "510199", "610000", "5101", "成都", "cq-lj"])
def test_r001_an_unknown_code_is_refused(code):
    with pytest.raises(InvalidFact) as caught:
        REGIONS.get(code)
    assert caught.value.field == "region"
    assert "GB/T 2260" in caught.value.remedy


def test_r002_everything_rolls_up_once():
    below_sichuan = {child.code for child in REGIONS.children("510000")}
    assert len(below_sichuan) == 21
    counties = [county.code for code in below_sichuan for county in REGIONS.children(code)]
    assert len(counties) == len(set(counties)) == 183
    assert len(REGIONS.children("500000")) == 38 + 3
    for region in REGIONS.list():
        if region.level is not RegionLevel.CROSS_ZONE:
            assert (region.parent is None) == (region.level is RegionLevel.PROVINCE)


def test_r004_five_cooperation_areas_split_the_prefectures():
    areas = Counter(REGIONS.cooperation_area(child.code) for child in REGIONS.children("510000"))
    assert areas == {"A1": 4, "A2": 5, "A3": 4, "A4": 4, "A5": 4}
    assert REGIONS.cooperation_area("510115") == "A1"
    assert REGIONS.cooperation_area("500152") == ""


def test_r006_clusters_of_chongqing():
    clusters = Counter(
        region.cluster_zh for region in REGIONS.list() if (region.province, region.level) == ("CQ", RegionLevel.COUNTY)
    )
    assert clusters == {"主城都市区": 21, "渝东北三峡库区城镇群": 11, "渝东南武陵山区城镇群": 6}


def test_r007_r008_r009_alliances():
    members = {one.id: {REGIONS.get(code).name_zh.rstrip("市区") for code in one.members} for one in REGIONS.alliances}
    assert members["CNYX8"] == {"自贡", "泸州", "内江", "宜宾", "永川", "荣昌", "江津", "大足"}
    assert members["MY-BB"] == {"绵阳", "北碚"}
    assert members["SN-TN"] == {"遂宁", "潼南"}
    assert members["ZY-DZ"] == {"资阳", "大足"}
    assert members["JLJ"] == {"广元", "南充"}
    assert [one.id for one in REGIONS.alliances if one.open] == ["JLJ"]
    assert [one.id for one in REGIONS.alliances_between("510900", "500152")] == ["SN-TN"]
    assert [one.id for one in REGIONS.alliances_between("510903", "500152")] == ["SN-TN"]
    assert [one.id for one in REGIONS.alliances_between("500111", "510304")] == ["CNYX8"]
    assert not REGIONS.alliances_between("510100", "500152")


def test_the_border_is_the_same_from_both_sides():
    pairs = {(one.code, other.code) for one, other in REGIONS.cross_border_pairs()}
    assert ("510900", "500152") in pairs
    back = {(code, region.code) for region in REGIONS.list() if region.province == "CQ" for code in region.neighbours}
    assert back == pairs


@pytest.mark.parametrize(
    ("scope", "code", "seen"),
    [
        ("", "500152", True),
        ("510000", "510115", True),
        ("510000", "510100", True),
        ("510000", "510000", True),
        ("510100", "510115", True),
        ("510115", "510100", False),
        ("510100", "510703", False),
        ("500000", "500152", True),
        ("500000", "CQ-LJ", True),
        ("500000", "510900", False),
        ("500152", "500152", True),
        ("500152", "500153", False),
        ("500152", "X-ST", True),
        ("510900", "X-ST", True),
        ("510000", "X-ST", True),
        ("511600", "X-GZ", True),
        ("510900", "X-GZ", False),
        ("X-ST", "X-ST", True),
        ("X-ST", "510900", False),
    ],
)
def test_who_sees_what(scope, code, seen):
    assert covers(scope, code) is seen


def test_an_unknown_scope_sees_nothing_but_an_error():
    with pytest.raises(InvalidFact):
        covers("999999", "510100")
    with pytest.raises(InvalidFact):
        covers("510100", "999999")


def test_the_table_says_what_its_sources_say(shared_dir):
    with (shared_dir / "facts" / "places.csv").open(encoding="utf-8-sig") as file:
        for row in csv.DictReader(file):
            region = REGIONS.get(row["adcode"])
            assert (region.name_zh, region.name_en) == (row["name_zh"], row["name_en"])
            assert region.parent == (None if region.level is RegionLevel.PROVINCE else row["parent_adcode"])
    with (shared_dir / "policy" / "regions.csv").open(encoding="utf-8-sig") as file:
        for row in csv.DictReader(file):
            region = REGIONS.get(row["adcode"])
            assert region.cooperation_area == row["pianqu_code"]
            assert region.cluster_zh == (row["yiqu_liangqun_zh"] if region.province == "CQ" else "")
            assert region.nev_exempt == {"Y": True, "N": False}.get(row["nev_exempt"])
            assert all(code in row["cross_border_neighbours_derived"] for code in region.neighbours)
