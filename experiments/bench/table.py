"""The figures of a run as tables: what each library did, and whether it was right.

A speed counts only if the answer is the right one; a wrong answer shows the word in place of its
speed. The speeds are medians over all rounds, with the lowest and the highest; how many times one
library outruns another is the median of the ratios of the rounds that ran next to each other.
"""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median
from typing import Any

from experiments.bench.jobs import JOBS, OURS
from experiments.bench.peers import PEERS

Json = dict[str, Any]


def verdict(group: Json, peer: str) -> str:
    """Return "same", "wrong", "other" (it does something else, and says so) or "unchecked".

    Example:
        >>> group = {"job": "encode-bpe", "oracle": {"False": {"digest": "a"}},
        ...          "rounds": {"tiktoken": [{"digest": "a"}, {"digest": "b"}]}}
        >>> verdict(group, "tiktoken")
        'wrong'
    """
    job, known = group["job"], PEERS.get(peer)
    if known is not None and job in known.differs:
        return "other"
    line_feed = known is not None and known.line_feed and job == "train-bpe"
    right = group["oracle"].get(str(line_feed), {}).get("digest")
    if right is None:
        return "unchecked"
    return "same" if {r["digest"] for r in group["rounds"][peer]} == {right} else "wrong"


def wrong(result: Json) -> list[str]:
    """Return a line for each library that gave a wrong answer to a job."""
    return [
        f"{peer}: {JOBS[group['job']].title}, {group['n_bytes']:,} bytes: wrong answer"
        for group in result["groups"]
        for peer, rounds in group["rounds"].items()
        if rounds and verdict(group, peer) == "wrong"
    ]


def ratio(group: Json, peer: str) -> float:
    """Return how many times as fast as another library ours was: the median over paired rounds."""
    pairs = zip(group["rounds"][OURS], group["rounds"][peer], strict=False)
    return median(theirs["seconds"] / ours["seconds"] for ours, theirs in pairs)


def header(result: Json) -> str:
    """Return in a few sentences what was measured, on what, and what the clock saw."""
    config, machine = result["config"], result["machine"]
    whole = whole_groups(result)[0]["n_bytes"] if result["groups"] else 0
    jobs = dict.fromkeys(JOBS[job].timed for job in config["jobs"])
    versions = ", ".join(f"{name} {number}" for name, number in result["versions"].items())
    return (
        f"Text: `{config['corpus']}`, {whole:,} bytes, a document a line; vocabularies of "
        f"{config['vocab_size']:,}. Timed: {'; '.join(jobs)}. Each round is a process of its own "
        "that has imported its library and warmed it up on another text; caches begin empty. Our "
        "loops are compiled before. As much memory as the rounds before came to hold is touched "
        "and freed before the clock starts. "
        f"Libraries run in turn, {config['n_rounds']} rounds; shown is the median (lowest to "
        "highest). Memory is the peak of the timed run above what the process held after its "
        f"imports. {machine['processor']}, {machine['processors']} processors, "
        f"{machine['system']}, load at the start {machine['load']}. {versions}."
    )


def full_table(result: Json) -> str:
    """Return every library's figures on the whole text as Markdown, with notes below."""
    out = [
        "| job | library | threads | MB/s | seconds | processor s | memory | ours | answer |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    notes: list[str] = []
    for group in whole_groups(result):
        out += [_row(group, peer, notes) for peer in group["rounds"] if group["rounds"][peer]]
    for peer, why in result["skipped"].items():
        notes.append(f"{peer}: skipped, {why}.")
    for group in whole_groups(result):
        notes += [f"{peer}: {group['job']} failed, {e}." for peer, e in group["errors"].items()]
    absent = [f"- {note}" for note in dict.fromkeys(notes)]
    return "\n".join([*out, *(["", *absent] if absent else [])])


def short_table(result: Json) -> str:
    """Return ours, `tokenizers` and the fastest other library that is right, on all threads."""
    out = [
        "| job, on all threads | MB/s | beside tokenizers | beside the fastest other |",
        "| --- | ---: | ---: | ---: |",
    ]
    most = max((g["threads"] for g in whole_groups(result)), default=1)
    for group in whole_groups(result):
        if group["threads"] != most or not group["rounds"].get(OURS):
            continue
        speed = _speed(group, OURS) if verdict(group, OURS) != "wrong" else "wrong"
        others = sorted((ratio(group, p), p) for p in _rivals(group))
        fastest = f"{_times(others[0][0])} {others[0][1]}" if others else "-"
        known = [r for r, peer in others if peer == "tokenizers"]
        theirs = _times(known[0]) if known else "-"
        title = JOBS[group["job"]].title
        out.append(f"| {title} | {speed} | {theirs} | {fastest} |")
    return "\n".join(out)


def whole_groups(result: Json) -> list[Json]:
    """Return the groups on the largest text."""
    largest = max((group["n_bytes"] for group in result["groups"]), default=0)
    return [group for group in result["groups"] if group["n_bytes"] == largest]


def _rivals(group: Json) -> Iterator[str]:
    """Yield the other libraries that were not wrong and do the same work, or nearly."""
    if verdict(group, OURS) == "wrong":
        return
    for peer, rounds in group["rounds"].items():
        if rounds and peer != OURS and verdict(group, peer) != "wrong":
            yield peer


def _row(group: Json, peer: str, notes: list[str]) -> str:
    found, rounds = verdict(group, peer), group["rounds"][peer]
    answer = {"same": "the same", "wrong": "**wrong**", "unchecked": "not checked"}.get(found)
    if answer is None:
        notes.append(f"{peer}, its own: {PEERS[peer].differs[group['job']]}.")
        share = group["shared"].get(peer)
        answer = "its own" if share is None else f"its own; {share:.1%} of the tokens"
    seconds = [r["seconds"] for r in rounds]
    spread = f"{median(seconds):.3g} ({min(seconds):.3g} to {max(seconds):.3g})"
    memory = f"{median(r['peak_bytes'] for r in rounds) / 1e6:,.0f} MB"
    processor = f"{median(r['processor_seconds'] for r in rounds):.3g}"
    speed, times = _speed(group, peer), "" if peer == OURS else _ratio_or_none(group, peer)
    if found == "wrong":
        speed = times = "wrong"
    return (
        f"| {JOBS[group['job']].title} | {peer} | {group['threads']} | {speed} | {spread} | "
        f"{processor} | {memory} | {times} | {answer} |"
    )


def _ratio_or_none(group: Json, peer: str) -> str:
    usable = group["rounds"].get(OURS) and verdict(group, OURS) != "wrong"
    return _times(ratio(group, peer)) if usable else "-"


def _speed(group: Json, peer: str) -> str:
    seconds = median(r["seconds"] for r in group["rounds"][peer])
    return _digits(group["n_bytes"] / seconds / 1e6)


def _times(value: float) -> str:
    return f"{_digits(value)}x"


def _digits(value: float) -> str:
    """Return a number with two or three digits that say something."""
    if value >= 10:
        return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"
    return f"{value:.2g}" if value < 1 else f"{value:.2f}"
