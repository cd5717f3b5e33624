"""A study put into the documentation: its results are kept, and its page and chart made of them.

The documentation holds the study that was run last; a test holds page and chart to what is kept.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from experiments.charts import save_svg
from experiments.comparison.report import page_of
from experiments.comparison.running import load_results
from experiments.study.chart import figure_of
from experiments.study.findings import folder_of, study_of
from experiments.study.page import markdown
from lstm_lm.files import read_json, write_bytes, write_json, write_text

Json = dict[str, Any]
ROOT = Path(__file__).parents[2]
KEPT = ROOT / "experiments" / "results" / "study"
"""study.json, and the results of each comparison, packed."""
PAGE, CHART = ROOT / "docs" / "study-results.md", ROOT / "docs" / "images" / "study.svg"
REPORTS = "study-reports"
"""Where the site has the report of each comparison."""
HEAD = """# The study: all figures

What `python -m experiments study` found, as [the study](study.md) describes it; every interval is
one of 95 %. Each comparison has its own report, with learning curves, what each tokenizer pays
where, and texts:
"""


def publish(study: Path) -> list[Path]:
    """Keep the results of a study, and write its page and chart; return the files.

    Raises: ToktoolsError if the folder holds no study with results.
    """
    found = study_of(study)
    KEPT.mkdir(exist_ok=True)
    write_json(KEPT / "study.json", found)
    for path in KEPT.glob("*.json.gz"):
        path.unlink()
    for one in found["comparisons"]:
        results = load_results(folder_of(study, one["text"], one["budget"]))
        source = results["plan"]["corpus"]["source"]
        results["plan"]["corpus"]["source"] = Path(source).name  # where it stood is nobody's matter
        packed = gzip.compress(json.dumps(results, ensure_ascii=False).encode(), mtime=0)
        write_bytes(KEPT / f"{one['text']}-{one['budget']}.json.gz", packed)
    return write_pages()


def write_pages() -> list[Path]:
    """Write page and chart anew from what is kept; return the files."""
    write_text(PAGE, page_in_docs())
    save_svg(figure_of(kept_study()), CHART)
    return [PAGE, CHART]


def kept_study() -> Json:
    """Return study.json as it is kept."""
    return read_json(KEPT / "study.json")


def page_in_docs() -> str:
    """Return the page of the documentation with every table, and a link to every report."""
    study = kept_study()
    links = [
        f"- [{one['text']}, equal {one['budget']}]({REPORTS}/{one['text']}-{one['budget']}.html)"
        for one in study["comparisons"]
    ]
    return "\n".join([HEAD, *links, "", markdown(study)])


def kept_reports() -> Iterator[tuple[str, str]]:
    """Yield the report of each comparison, with the file name that the page links to."""
    for path in sorted(KEPT.glob("*.json.gz")):
        results = json.loads(gzip.decompress(path.read_bytes()))
        yield f"{REPORTS}/{path.name.removesuffix('.json.gz')}.html", page_of(results)
