"""The charts of a comparison hold the results' own figures; both ways of drawing them take all."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable
from statistics import fmean, stdev

import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.comparison.charts import charts_of
from experiments.plots.chart import Axis, Chart, Series, ticks_of
from experiments.plots.interactive import LINE, TEXT, figure_of
from experiments.plots.still import svg_of
from tests.experiments.comparison.made_results import full_results, old_results

RESULTS = full_results()
CHARTS = {
    chart.name: chart
    for group in charts_of(RESULTS, held_equal="all of it").values()
    for chart in group
}


def runs_of(title: str) -> list[dict]:
    return [run for run in RESULTS["runs"] if run["title"] == title and "error" not in run]


def series_of(name: str, title: str) -> list[Series]:
    return [series for series in CHARTS[name].series if series.title == title]


def coloured(figure: dict) -> dict:
    """The figure with colours in place of the page's."""
    return json.loads(json.dumps(figure).replace(TEXT, "#111111").replace(LINE, "#dddddd"))


@pytest.mark.parametrize("name", CHARTS)
def test_plotly_knows_every_property_of_a_figure(name: str):
    figure = go.Figure(coloured(figure_of(CHARTS[name])))  # raises for any that it does not know
    assert len(figure.data) == len(CHARTS[name].series)


@pytest.mark.parametrize("name", CHARTS)
def test_every_chart_says_what_was_held_equal(name: str):
    assert CHARTS[name].caption.endswith("Held equal: all of it.")


@pytest.mark.parametrize("name", CHARTS)
def test_a_tokenizer_has_one_look_on_the_whole_page(name: str):
    looks = {series.title: series.look for series in CHARTS["learning-seconds"].series}
    shared = [series for series in CHARTS[name].series if series.title in looks]
    assert [series.look for series in shared] == [looks[series.title] for series in shared]


def test_a_learning_curve_is_the_runs_own_curve():
    for title in ("word", "BPE 4,000"):
        drawn = [(list(s.x), list(s.y)) for s in series_of("learning-bytes-seen", title)]
        assert drawn == [
            (
                [point["bytes_seen"] / 1e6 for point in run["curve"]],
                [point["bits_per_byte"] for point in run["curve"]],
            )
            for run in runs_of(title)
        ]


def test_points_against_compute_are_means_with_a_standard_deviation():
    runs = runs_of("byte")
    bits = [run["test"]["bits_per_byte"] for run in runs]
    [series] = series_of("compute-seconds", "byte")
    assert series.y == [fmean(bits)]
    assert series.x == [fmean(run["curve"][-1]["seconds"] for run in runs)]
    expected = (fmean(bits) - stdev(bits), fmean(bits) + stdev(bits))
    assert series.y_interval[0] == pytest.approx(expected)


def test_no_chart_is_made_of_compute_that_was_the_same_for_all():
    flops = {run["curve"][-1]["flops"] for run in RESULTS["runs"] if "curve" in run}
    assert len(flops) == 1
    assert "compute-flops" not in CHARTS


def test_vocabulary_sizes_of_one_kind_are_joined_in_order():
    [bpe] = series_of("vocabulary", "BPE")
    assert list(bpe.x) == [1000, 4000, 16000]
    [likelihood] = series_of("vocabulary", "WordPiece, criterion=likelihood")
    assert list(likelihood.x) == [4000, 16000]


def test_what_is_paid_is_bits_over_the_bytes_of_the_group():
    [series] = series_of("pays-word-frequency", "word")
    for place, group in enumerate(series.y):
        tables = [run["pays"]["word frequency"][place] for run in runs_of("word")]
        assert series.x[place] == pytest.approx(fmean(t["bits"] / t["n_bytes"] for t in tables))
        assert {table["group"] for table in tables} == {group}


def test_differences_stand_with_their_intervals():
    [series] = CHARTS["differences"].series
    found = RESULTS["statistics"]["differences"]
    assert list(series.x_interval) == [(each["low"], each["high"]) for each in found]
    error = coloured(figure_of(CHARTS["differences"]))["data"][0]["error_x"]
    for each, up, down in zip(found, error["array"], error["arrayminus"], strict=True):
        assert each["difference"] + up == pytest.approx(each["high"])
        assert each["difference"] - down == pytest.approx(each["low"])


def test_results_without_a_finished_run_have_no_charts():
    results = old_results(("word",), n_seeds=1)
    run = {key: results["runs"][0][key] for key in ("tokenizer", "title", "seed")}
    results["runs"] = [run | {"error": "no"}]
    assert not any(charts_of(results, held_equal="").values())


@pytest.mark.parametrize("name", CHARTS)
def test_a_still_picture_is_sound_xml_with_ids_of_its_own(name: str):
    texts = {other: svg_of(CHARTS[other]) for other in (name, "vocabulary")}
    ids = {
        other: [e.get("id") for e in ElementTree.fromstring(text).iter() if e.get("id")]
        for other, text in texts.items()
    }
    assert len(ids[name]) == len(set(ids[name]))
    if name != "vocabulary":
        assert not set(ids[name]) & set(ids["vocabulary"])
    assert svg_of(CHARTS[name]) == texts[name]


names = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1)


@given(st.lists(names, min_size=1, max_size=3, unique=True))
def test_any_title_is_drawn_as_it_is(titles: list[str]):
    series = [Series(title=t, look=n, x=[1.0], y=[t], hover=[t]) for n, t in enumerate(titles)]
    y = Axis(title="", categories=titles)
    chart = Chart(name="c", title="<&>", caption="", x=Axis(title="x"), y=y, series=series)
    figure = go.Figure(coloured(figure_of(chart)))
    assert [trace["name"] for trace in figure.data] == titles
    places = figure.layout["yaxis"]["categoryarray"]
    assert [trace["y"][0] for trace in figure.data] == list(reversed(places))


@given(st.lists(st.floats(1e-6, 1e9), min_size=1, max_size=6))
def test_ticks_lie_among_the_values(values: Iterable[float]):
    values = list(values)
    ticks = ticks_of(Axis(title="", log=True), values)
    assert ticks == sorted(ticks)
    assert min(values) <= ticks[0] <= ticks[-1] <= max(values)


def test_the_end_of_every_learning_curve_is_in_sight():
    results = full_results()
    worst = results["runs"][3]
    for point in worst["curve"]:
        point["bits_per_byte"] += 3.0  # ends at more than twice the best
    [chart, *_] = charts_of(results, held_equal="")["learning"]
    assert chart.y.ends is not None
    low, high = chart.y.ends
    assert all(low < series.y[-1] < high for series in chart.series)


def test_trials_that_several_seeds_go_by_are_drawn_once():
    results = full_results(("word", "byte"), n_seeds=3)
    for run in results["runs"]:
        if run["title"] == "word":
            run["trial"] = results["runs"][0]["trial"]
    charts = charts_of(results, held_equal="")["learning"]
    [rates] = [chart for chart in charts if chart.name == "learning-rates"]
    assert [series.title for series in rates.series] == ["word", "byte", "byte"]
