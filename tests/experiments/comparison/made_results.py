"""What `results.json` of a comparison holds, made by hand: every field, and no training.

The figures are drawn, not measured; they only have to be such as a comparison could have.
"""

from __future__ import annotations

import random
from typing import Any

from experiments.comparison.plan import Plan, TokenizerSpec

Json = dict[str, Any]
TOKENIZERS = (
    *("word", "character", "byte", "bpe:1000", "bpe:4000", "bpe:16000"),
    *("wordpiece:4000", "wordpiece:16000", "wordpiece:4000,criterion=likelihood"),
    *("wordpiece:16000,criterion=likelihood", "sentencepiece:8000"),
)
GROUPS = {
    "word frequency": ("never", "once", "2-9 times", "10-99 times", "100 times or more"),
    "position in the word": ("first", "2nd", "3rd", "4th-6th", "later", "white space"),
    "character class": ("lower-case letter", "upper-case letter", "digit", "punctuation", "CJK"),
}
PROMPT = "The with statement is <b>bold</b>"


def old_results(tokenizers: tuple[str, ...] = TOKENIZERS, n_seeds: int = 2) -> Json:
    """Return results as they were before compute, groups and intervals were kept."""
    specs = tuple(map(TokenizerSpec, tokenizers))
    plan = Plan(
        corpus={"source": "python-docs", "normalize": ["whitespace"]},
        tokenizers=specs,
        seeds=tuple(range(n_seeds)),
        prompts=(PROMPT,),
    )
    runs = [_run(number, spec, seed) for seed in plan.seeds for number, spec in enumerate(specs)]
    digests = {name: f"2:{name}" for name in ("train", "validation", "test")}
    return {"plan": plan.to_json(), "name": "python-docs", "digests": digests, "runs": runs}


def full_results(tokenizers: tuple[str, ...] = TOKENIZERS, n_seeds: int = 2) -> Json:
    """Return results with every field, one run failed."""
    results = old_results(tokenizers, n_seeds)
    for run in results["runs"]:
        _add_new(run)
    titles = [run["title"] for run in results["runs"]][: len(tokenizers)]
    spec = TokenizerSpec(tokenizers[-1])
    results["runs"][-1] = {
        **{"tokenizer": spec.text, "title": spec.title, "seed": n_seeds - 1},
        "error": "the disk is full",
    }
    results["cross"] = [
        {"texts_of": of, "under": under, "bits_per_byte": 2.5, "by_seed": [2.4, 2.6]}
        for under in titles[:2]
        for of in (*titles[:2], "held-out text")
    ]
    results["budget"] = {
        "equal": "flops",
        "amount": 1e13,
        "sentence": "10¹³ floating-point operations of training.",
    }
    results["statistics"] = {
        "differences": [_difference(titles[0], title, n) for n, title in enumerate(titles[1:], 1)],
        "correlations": [
            _correlation("bytes per token", -0.4),
            _correlation("Renyi efficiency", 0.25),
        ],
    }
    return results


def _run(number: int, spec: TokenizerSpec, seed: int) -> Json:
    """Return one run; the later in the plan, the more bits per byte."""
    at = random.Random(f"{number} {seed}")
    bits = 1.8 + 0.06 * number + at.uniform(-0.01, 0.01)
    n_vocab = spec.vocab_size or (1967, 105, 258)[number % 3]
    return {
        **{"tokenizer": spec.text, "title": spec.title, "seed": seed, "n_vocab": n_vocab},
        **{"n_parameters": 200_000 + 80 * n_vocab, "lossless": True, "bptt": 32},
        "train": {"n_tokens": 43048, "n_bytes": 268194, "n_documents": 1637},
        "test": {
            **{"n_documents": 194, "n_bytes": 26502, "n_tokens": 4201 + 900 * number},
            **{"oov_rate": 0.0 if number else 0.211, "n_any": 0 if number else 846},
            **{"perplexity": 80.0 - 5 * number, "bits_per_byte": bits},
            "bits_per_byte_uncharged": bits if number else 1.0 + 0.01 * seed,
            "bits_per_character": bits * 1.01,
            "caveat": "" if number != 1 else "loses line ends",
        },
        "validation": {"bits_per_byte": bits + 0.02},
        "training_seconds": 9.0 + number,
        "tokens_per_second": 20_000 + 3000 * number,
        "curve": [
            {
                "seconds": step * (9.0 + number) / 6,
                "bytes_seen": step * 180_000,
                "bits_per_byte": bits + 1.2 / step**2,
            }
            for step in range(1, 7)
        ],
        "cut": [[*_pieces(PROMPT, 1 + number % 5), "<ANY>"]],
        "samples": {name: [f"{name} of {spec.title} & more"] for name in ("argmax", "top-k")},
        "quality": {"error": "too few documents"},
        "environment": {
            **{"python": "3.11.7", "packages": {"toktools": "0.1.0"}, "code": "0" * 64},
            **{"device": "cpu", "torch_threads": 1, "hardware": "a machine"},
        },
    }


def _pieces(text: str, size: int) -> list[str]:
    return [text[at : at + size] for at in range(0, len(text), size)]


def _add_new(run: Json) -> None:
    """Add what newer results have to one run."""
    run["flops_per_token"] = 2_000_000
    for point in run["curve"]:
        point["tokens_seen"] = point["bytes_seen"] // 4
        point["flops"] = point["tokens_seen"] * run["flops_per_token"]
    bits = run["test"]["bits_per_byte"]
    run["pays"] = {
        grouping: [
            {"group": name, "n_bytes": 4000, "n_units": 900, "bits": 4000 * bits * 2 / (place + 1)}
            for place, name in enumerate(names)
        ]
        for grouping, names in GROUPS.items()
    }
    run["trial"] = [
        {"learning_rate": rate, "validation_bits_per_byte": bits + abs(rate - 0.004) * 20}
        for rate in (0.002, 0.004, 0.008)
    ]
    run["analogies"] = [
        {
            **{"analogy": "king - man + woman = queen", "unknown": [], "candidates": 997},
            "pieces": [["king"], ["man"], ["wo", "man"], ["queen"]],
            **{"closest": ["men", "queen"], "place": 2 + run["seed"]},
        }
    ]
    run["learning_rate"] = 0.004
    run["sizes"] = {"hidden_size": 200 + run["n_vocab"] // 100, "embedding_size": 200}
    run["intrinsic"] = {"bytes_per_token": 3.4, "renyi_efficiency": 0.512345}


def _difference(first: str, second: str, number: int) -> Json:
    middle = 0.06 * number
    return {
        **{"first": first, "second": second, "difference": middle, "interval": 0.95},
        **{"low": middle - 0.08, "high": middle + 0.08, "n_documents": 194, "n_seeds": 2},
    }


def _correlation(measure: str, rank: float) -> Json:
    return {
        **{"measure": measure, "with": "bits per byte", "spearman": rank, "kendall": rank / 2},
        **{"n": 11, "low": rank - 0.3, "high": rank + 0.3},
    }
