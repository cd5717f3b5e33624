"""BLEU of texts against held-out text, and against one another (self-BLEU), by sacrebleu.

Each text is compared with all references at once: an n-gram is right if any of them has it. So more
references give more BLEU, and figures can be compared for equal numbers of them only.
Source: Papineni et al. 2002; Post 2018, arXiv:1804.08771 (sacrebleu); Zhu et al. 2018,
arXiv:1802.01886 (self-BLEU).
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from toktools.errors import ToktoolsError


def bleu(texts: Sequence[str], references: Sequence[str]) -> float:
    """Return the corpus BLEU, 0 to 100, of texts that all have the same references.

    Raises: ToktoolsError if there are no texts, or no references.
    Example:
        >>> round(bleu(["the cat sat on the mat"], ["a dog", "the cat sat on the mat"]), 6)
        100.0
    """
    from sacrebleu.metrics.bleu import BLEU

    if not texts or not references:
        raise ToktoolsError("BLEU needs at least one text and one reference, got none")
    streams = [[reference] * len(texts) for reference in references]
    return BLEU(force=True).corpus_score(list(texts), streams).score


def self_bleu(texts: Sequence[str]) -> float:
    """Return the mean BLEU, 0 to 100, of each text against all others; 100: all say the same.

    Raises: ToktoolsError if there are fewer than two texts.
    """
    from sacrebleu.metrics.bleu import BLEU

    if len(texts) < 2:
        raise ToktoolsError(f"self-BLEU needs at least 2 texts, got {len(texts)}")
    metric = BLEU(force=True, effective_order=True)
    return statistics.mean(
        metric.sentence_score(text, [*texts[:i], *texts[i + 1 :]]).score
        for i, text in enumerate(texts)
    )
