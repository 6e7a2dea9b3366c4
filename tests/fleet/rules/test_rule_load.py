"""Bad rule files are refused by name; a local office's files are signed, dated and never loosen what is hard."""

from __future__ import annotations

from datetime import date

import pytest

from fleet.errors import InvalidFact, NotFound
from fleet.rules.load import build_rule, load, with_overrides

GOOD = """
id = "R900"
group = "B"
title_zh = "试例"
title_en = "Example"
type = "HARD"
basis = "stated"
population = "organs"
text = "An example."
bites = ["report"]

[scope]
regions = ["SC17", "500101"]

[[values]]
name = "nev_share"
integer = "10*nev > 3*replaced"
unit = "ratio"
from = 2021-01-01
to = 2025-12-31
origin = "stated"

[[citations]]
document = "000"
section = "2.3"
quotation = "公务用车"

[enforcement]
status = "open"
"""


def build(text: str, book):
    return build_rule("R900.toml", text, documents=book.documents, groups=book.groups)


def test_the_example_is_a_rule(book):
    rule = build(GOOD, book)
    assert rule.id == "R900"
    assert str(rule.values[0].bound) == "10*nev > 3*replaced"


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ('unit = "ratio"', 'unit = "percent"', "values.nev_share.unit"),
        ('unit = "ratio"\n', "", "values[0]"),
        ('integer = "10*nev > 3*replaced"', 'integer = "nev > 0.3*replaced"', "values.nev_share.integer"),
        ('integer = "10*nev > 3*replaced"\n', "", "values.nev_share"),
        ('integer = "10*nev > 3*replaced"', 'number = 30\nunit2 = "x"', "values[0]"),
        ('regions = ["SC17", "500101"]', 'regions = ["SC99"]', "scope.regions"),
        ('regions = ["SC17", "500101"]', "regions = []", "scope.regions"),
        ('regions = ["SC17", "500101"]', 'regions = ["519999"]', "scope.regions"),
        ("to = 2025-12-31", "to = 2020-12-31", "values.nev_share.to"),
        ('quotation = "公务用车"', 'quotation = ""', "citations[0].quotation"),
        ('document = "000"', 'document = "999"', "citations[0].document"),
        ('title_zh = "试例"', 'title_zh = " "', "title_zh"),
        ('type = "HARD"', 'type = "SOFTISH"', "type"),
        ('id = "R900"', 'id = "R901"', "id"),
        ("[scope]", "[scope", "file"),
    ],
)
def test_a_file_that_does_not_say_what_it_means_is_refused(book, old, new, field):
    assert old in GOOD
    with pytest.raises(InvalidFact) as caught:
        build(GOOD.replace(old, new), book)
    assert caught.value.field == field
    assert caught.value.id == "R900.toml"


def test_a_rule_without_any_citation_is_refused(book):
    text = GOOD[: GOOD.index("[[citations]]")] + GOOD[GOOD.index("[enforcement]") :]
    with pytest.raises(InvalidFact):
        build(text, book)


def test_overlapping_dates_are_refused(book):
    second = """
[[values]]
name = "nev_share"
integer = "10*nev > 4*replaced"
unit = "ratio"
from = 2025-12-31
origin = "stated"
"""
    with pytest.raises(InvalidFact, match="overlap") as caught:
        build(GOOD + second, book)
    assert caught.value.field == "values.nev_share"
    assert build(GOOD + second.replace("2025-12-31", "2026-01-01"), book)


def test_a_number_bears_its_unit(book):
    number = """
[[values]]
name = "rest"
number = 1200
unit = "s"
from = 2021-01-01
origin = "public"
"""
    with pytest.raises(InvalidFact) as caught:
        build(GOOD + number, book)
    assert caught.value.remedy == "a name that ends in _s"
    assert build(GOOD + number.replace('"rest"', '"rest_s"'), book)


SIGNED = """
overrides = "{rule}"

[signature]
person = "张三"
on = 2026-01-05
reason = "市政府常务会议决定"

[[values]]
name = "{name}"
{content}
regions = ["{region}"]
from = {start}
origin = "local"
"""


def override(
    rule: str, name: str, content: str, *, region: str = "510100", start: str = "2026-02-01", drop: str = ""
) -> dict[str, str]:
    text = SIGNED.format(rule=rule, name=name, content=content, region=region, start=start)
    return {"local.toml": text.replace(drop, "") if drop else text}


SHARE = 'integer = "2*nev > 1*replaced"\nunit = "ratio"'


def test_chengdu_sets_its_own_share(book):
    """R021: strictly above the provincial 30%; nothing less is accepted."""
    own = with_overrides(book, override("R021", "nev_share", SHARE))
    view = own.at(date(2026, 3, 1), "510100")
    assert str(view.bound("R021.nev_share")) == "2*nev > 1*replaced"
    assert view.get("R021.nev_share").signature.person == "张三"
    assert own.at(date(2026, 1, 31), "510100").find("R021.nev_share") is None
    assert own.at(date(2026, 3, 1), "510700").find("R021.nev_share") is None
    for weak in ("10*nev > 3*replaced", "10*nev >= 3*replaced", "4*nev > 1*replaced"):
        with pytest.raises(InvalidFact, match="R021"):
            with_overrides(book, override("R021", "nev_share", f'integer = "{weak}"\nunit = "ratio"'))


def test_a_hard_rule_is_tightened_not_loosened(book):
    tight = with_overrides(book, override("R018", "nev_share", SHARE, region="510700"))
    assert tight.at(date(2026, 3, 1), "510700").bound("R018.nev_share").left == 2
    assert tight.at(date(2026, 3, 1), "510300").bound("R018.nev_share").left == 10
    with pytest.raises(InvalidFact, match="at least as strict"):
        with_overrides(book, override("R018", "nev_share", 'integer = "5*nev > 1*replaced"\nunit = "ratio"'))
    with pytest.raises(InvalidFact, match="stands as it is"):
        with_overrides(book, override("R116", "rest_s", 'number = 600\nunit = "s"'))


def test_our_own_defaults_are_free_and_a_new_years_calendar_is_entered(book):
    changed = with_overrides(book, override("R161", "least_ready_count", 'number = 3\nunit = "count"'))
    assert changed.at(date(2026, 3, 1), "510100")["R161.least_ready_count"] == 3
    calendar = 'codes = ["2027-01-01"]\nunit = "day"'
    later = with_overrides(book, override("R078", "holidays", calendar, region="SC", start="2027-01-01"))
    assert later.at(date(2027, 1, 1), "510100").codes("R078.holidays") == ("2027-01-01",)


@pytest.mark.parametrize(
    "texts",
    [
        override("R021", "nev_share", SHARE, drop='[signature]\nperson = "张三"\non = 2026-01-05\n'),
        override("R021", "nev_share", SHARE, drop='person = "张三"\n'),
        override("R021", "nev_share", SHARE, drop="on = 2026-01-05\n"),
        override("R021", "nev_share", SHARE, drop='"市政府常务会议决定"').__class__(
            {"local.toml": override("R021", "nev_share", SHARE)["local.toml"].replace('"市政府常务会议决定"', '" "')}
        ),
        override("R021", "nev_share", SHARE, start="2026-01-04"),
        override("R021", "nev_share", SHARE, drop='regions = ["510100"]\n'),
        override("R021", "nev_share", SHARE, region="519999"),
        override("R777", "nev_share", SHARE),
        override("R021", "share", SHARE),
        override("R161", "least_ready_count", 'number = 3\nunit = "km"'),
        {"R900.toml": GOOD},
        {"R900.toml": GOOD + '\n[signature]\nperson = "张三"\non = 2020-01-01\nreason = "x"\n'},
    ],
)
def test_what_is_unsigned_undated_or_unknown_is_refused(book, texts):
    with pytest.raises(InvalidFact):
        with_overrides(book, texts)


def test_an_office_adds_a_rule_of_its_own_from_a_folder(tmp_path):
    text = GOOD.replace('"R900"', '"L001"').replace("from = 2021-01-01\nto = 2025-12-31", "from = 2026-02-01")
    signature = '\n[signature]\nperson = "李四"\non = 2026-01-05\nreason = "局务会"\n'
    (tmp_path / "L001.toml").write_text(text + signature, encoding="utf-8")
    own = load(tmp_path)
    assert len(own.rules) == 208
    assert own.at(date(2026, 3, 1), "510700").get("L001.nev_share").signature.person == "李四"
    assert len(load().rules) == 207
    with pytest.raises(InvalidFact, match="folder"):
        load(tmp_path / "missing")


def test_values_change_with_day_and_region(book):
    assert book.at(date(2020, 12, 31), "510700")["R003.offices_count"] == 154
    assert book.at(date(2021, 6, 1), "510700")["R003.offices_count"] == 179
    assert "important" in book.at(date(2024, 1, 1), "500152").codes("R103.reasons")
    assert "grassroots_short" in book.at(date(2024, 1, 1), "510700").codes("R103.reasons")
    assert book.at(date(2024, 1, 1), "510703")["R116.rest_s"] == 1_200


def test_after_2025_the_last_value_is_carried_over(book):
    """R015: the plan's targets stay in force until something follows, and say so."""
    inside, after = book.at(date(2025, 12, 31), "510700"), book.at(date(2026, 1, 1), "510700")
    assert not inside.is_carried_over("R018.nev_share")
    assert after.is_carried_over("R018.nev_share")
    assert after.bound("R018.nev_share") == inside.bound("R018.nev_share")
    assert not after.is_carried_over("R116.rest_s")


def test_what_is_not_there_is_said(book):
    view = book.at(date(2024, 1, 1), "500101")
    with pytest.raises(NotFound):
        view.bound("R018.nev_share")
    with pytest.raises(NotFound):
        view["R026.nev_share"]
    with pytest.raises(NotFound):
        book.get("R999")
    with pytest.raises(NotFound):
        view.codes("R116.rest_s")


def test_an_unknown_region_is_refused(book):
    """R001 and R108: no code that nobody knows, no zone that lies in both provinces."""
    for region in ("519999", "110000", "", "X-ST"):
        with pytest.raises(InvalidFact):
            book.at(date(2024, 1, 1), region)
