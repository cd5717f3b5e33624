import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from lstm_lm.config import ModelConfig, TrainingConfig
from lstm_lm.data.batching import (
    IGNORED,
    SentenceBatches,
    StreamBatches,
    WindowBatches,
    make_batches,
    pad_rows,
    random_length,
)
from lstm_lm.data.encoded import EncodedSplit, encode_split
from lstm_lm.model import LanguageModel
from toktools.byte import ByteTokenizer
from toktools.errors import ToktoolsError

EOS = 1


def split_of_lengths(lengths):
    """Documents whose tokens are numbered 2, 3, ... through the whole split, each ended by EOS."""
    ids, starts, number = [], [0], 2
    for length in lengths:
        ids += [*range(number, number + length), EOS]
        number += length
        starts.append(len(ids))
    ones = np.array(lengths, dtype=np.int64) + 1
    return EncodedSplit(
        ids=np.array(ids, np.uint32), starts=np.array(starts), n_bytes=ones, n_characters=ones
    )


lengths = st.lists(st.integers(0, 12), min_size=1, max_size=25)


@given(lengths, st.integers(1, 7), st.integers(1, 6))
def test_a_stream_reads_every_token_in_order_but_fewer_than_a_column(lengths, rows, bptt):
    split = split_of_lengths(lengths)
    config = TrainingConfig(batch_size=rows, bptt=bptt)
    batches = StreamBatches(split, config, eos_id=EOS)
    chunks = list(batches.epoch(0))
    targets = torch.cat([chunk.y_TB for chunk in chunks]).T.flatten().numpy()
    assert targets.tolist() == split.ids[: len(targets)].tolist()
    assert split.n_tokens - len(targets) <= rows - 1
    assert sum(chunk.n_tokens for chunk in chunks) == batches.n_tokens == len(targets)


@given(lengths, st.integers(1, 7), st.integers(1, 6))
def test_a_stream_s_inputs_are_the_tokens_before_its_targets(lengths, rows, bptt):
    split = split_of_lengths(lengths)
    batches = StreamBatches(split, TrainingConfig(batch_size=rows, bptt=bptt), eos_id=EOS)
    inputs = torch.cat([chunk.x_TB for chunk in batches.epoch(0)]).T.flatten().numpy()
    assert inputs.tolist() == [EOS, *split.ids[: len(inputs) - 1].tolist()]


def test_only_the_first_chunk_of_a_stream_is_fresh():
    batches = StreamBatches(
        split_of_lengths([20]), TrainingConfig(batch_size=2, bptt=3), eos_id=EOS
    )
    assert [chunk.fresh for chunk in batches.epoch(0)] == [True, False, False, False]
    assert [len(chunk.x_TB) for chunk in batches.epoch(1)] == [3, 3, 3, 1]


@given(lengths, st.integers(1, 7), st.integers(1, 6), st.integers(0, 3))
def test_sentences_hold_every_document_once_and_start_from_eos(lengths, rows, bptt, epoch):
    split = split_of_lengths(lengths)
    config = TrainingConfig(batching="sentence", batch_size=rows, bptt=bptt)
    batches = SentenceBatches(split, config, eos_id=EOS)
    groups = []
    for chunk in batches.epoch(epoch):
        assert chunk.n_tokens == (chunk.y_TB != IGNORED).sum() > 0
        if chunk.fresh:
            groups.append([])
        groups[-1].append(chunk)
    seen = []
    for chunks in groups:
        x_BT, y_BT = (torch.cat([getattr(c, n) for c in chunks]).T for n in ("x_TB", "y_TB"))
        for x_T, y_T in zip(x_BT.tolist(), y_BT.tolist(), strict=True):
            document = [y for y in y_T if y != IGNORED]
            assert y_T[: len(document)] == document
            assert x_T[: len(document)] == [EOS, *document[:-1]]
            seen.append(document)
    wanted = [split.ids[a:b].tolist() for a, b in zip(split.starts, split.starts[1:], strict=False)]
    assert sorted(seen) == sorted(wanted)
    assert batches.n_tokens == split.n_tokens


def test_sentences_of_like_length_share_a_batch():
    random = np.random.default_rng(0)
    split = split_of_lengths(random.integers(0, 200, 500).tolist())
    config = TrainingConfig(batching="sentence", batch_size=16, bptt=1000)
    positions = sum(c.y_TB.numel() for c in SentenceBatches(split, config, eos_id=EOS).epoch(0))
    assert positions < 1.05 * split.n_tokens  # at random it would be about 1.9 times


def test_shuffling_depends_on_seed_and_epoch_and_on_nothing_else():
    split = split_of_lengths(range(40))

    def order(seed, epoch):
        config = TrainingConfig(batching="sentence", batch_size=4, seed=seed)
        return [c.y_TB[0].tolist() for c in make_batches(split, config, eos_id=EOS).epoch(epoch)]

    assert order(3, 1) == order(3, 1)
    assert order(3, 1) != order(3, 2)
    assert order(3, 1) != order(4, 1)


@pytest.mark.parametrize("filler", [EOS, 0, 7])
def test_loss_does_not_depend_on_padding(filler):
    torch.manual_seed(0)
    model = LanguageModel(258, ModelConfig(embedding_size=5, hidden_size=7, dropout=0.0)).double()
    split = encode_split(ByteTokenizer(), ["ab", "abcdef", ""])

    def nats(rows):
        x_TB, y_TB = pad_rows(split, rows, eos_id=EOS)
        x_TB = torch.where((y_TB == IGNORED) & (x_TB == EOS), filler, x_TB)
        logits_TBV, _ = model(x_TB, model.init_state(len(rows)))
        return functional.cross_entropy(logits_TBV.flatten(0, 1), y_TB.flatten(), reduction="sum")

    rows = [(0, 3), (3, 10), (10, 11)]
    together, alone = nats(rows), sum(nats([row]) for row in rows)
    assert together.item() == pytest.approx(alone.item(), rel=1e-12)
    gradients = [torch.autograd.grad(loss, list(model.parameters())) for loss in (together, alone)]
    for a, b in zip(*gradients, strict=True):
        torch.testing.assert_close(a, b)


@given(lengths, st.integers(1, 4), st.integers(1, 40), st.integers(0, 3))
def test_random_lengths_read_the_same_stream_in_the_same_order(lengths, rows, bptt, epoch):
    split = split_of_lengths(lengths)
    config = TrainingConfig(batch_size=rows, bptt=bptt)
    plain = list(StreamBatches(split, config, eos_id=EOS).epoch(0))
    config = TrainingConfig(batch_size=rows, bptt=bptt, random_bptt=True, seed=4)
    chunks = list(StreamBatches(split, config, eos_id=EOS).epoch(epoch))
    for name in ("x_TB", "y_TB"):
        whole, parts = (torch.cat([getattr(c, name) for c in cs]) for cs in (plain, chunks))
        assert torch.equal(whole, parts)
    for chunk in chunks:
        assert chunk.rate == len(chunk.x_TB) / bptt
        assert chunk.n_tokens == chunk.y_TB.numel()
    assert [chunk.fresh for chunk in chunks] == [True] + [False] * (len(chunks) - 1)


def test_random_lengths_depend_on_seed_and_epoch_and_on_nothing_else():
    split = split_of_lengths([2000])

    def cut(seed, epoch):
        config = TrainingConfig(batch_size=1, bptt=30, random_bptt=True, seed=seed)
        return [len(c.x_TB) for c in make_batches(split, config, eos_id=EOS).epoch(epoch)]

    assert cut(3, 1) == cut(3, 1)
    assert cut(3, 1) != cut(3, 2)
    assert cut(3, 1) != cut(4, 1)


def test_random_lengths_are_distributed_as_published():
    random = np.random.default_rng(0)
    drawn = np.array([random_length(70, random) for _ in range(20_000)])
    halved = drawn < 52  # 3.4 standard deviations from either mean
    assert halved.mean() == pytest.approx(0.05, abs=0.005)
    assert drawn[~halved].mean() == pytest.approx(70, abs=0.2)
    assert drawn[halved].mean() == pytest.approx(35, abs=0.6)
    assert drawn[~halved].std() == pytest.approx(5, abs=0.2)


@pytest.mark.parametrize(("bptt", "least"), [(3, 3), (6, 5), (70, 5)])
def test_random_lengths_are_never_too_short(bptt, least):
    random = np.random.default_rng(0)
    assert min(random_length(bptt, random) for _ in range(2000)) >= least


def test_the_state_of_a_stream_can_be_reset_at_every_chunk():
    config = TrainingConfig(batch_size=2, bptt=3, state="reset")
    chunks = list(StreamBatches(split_of_lengths([20]), config, eos_id=EOS).epoch(0))
    assert [chunk.fresh for chunk in chunks] == [True] * 4


@given(lengths, st.integers(1, 7), st.integers(1, 6), st.integers(0, 3))
def test_windows_hold_every_token_once_and_inputs_are_targets_shifted_by_one(
    lengths, rows, bptt, epoch
):
    split = split_of_lengths(lengths)
    config = TrainingConfig(batching="window", batch_size=rows, bptt=bptt)
    batches = WindowBatches(split, config, eos_id=EOS)
    before = [EOS, *split.ids[:-1].tolist()]
    windows = []
    for chunk in batches.epoch(epoch):
        assert chunk.fresh
        assert chunk.n_tokens == (chunk.y_TB != IGNORED).sum()
        assert len(chunk.x_TB) == len(chunk.y_TB) <= bptt
        for x_T, y_T in zip(chunk.x_TB.T.tolist(), chunk.y_TB.T.tolist(), strict=True):
            n, padding = len(y_T) - y_T.count(IGNORED), y_T.count(IGNORED)
            assert (x_T[n:], y_T[n:]) == ([EOS] * padding, [IGNORED] * padding)
            windows.append((x_T[:n], y_T[:n]))
    wanted = [
        (before[start : start + bptt], split.ids[start : start + bptt].tolist())
        for start in range(0, split.n_tokens, bptt)
    ]
    assert sorted(windows) == sorted(wanted)
    assert batches.n_tokens == split.n_tokens


@pytest.mark.parametrize("batching", ["window", "sentence"])
def test_loss_and_token_counts_do_not_depend_on_how_documents_share_batches(batching):
    torch.manual_seed(0)
    model = LanguageModel(258, ModelConfig(embedding_size=5, hidden_size=7, dropout=0.0)).double()
    texts = ["ab", "abcdef", "", "a longer text than the others", "c" * 9, "de"]
    split = encode_split(ByteTokenizer(), texts)

    def total(batch_size, seed):
        config = TrainingConfig(batching=batching, batch_size=batch_size, bptt=7, seed=seed)
        nats, n_tokens, state = 0.0, 0, ()
        for chunk in make_batches(split, config, eos_id=EOS).epoch(seed):
            state = model.init_state(chunk.x_TB.shape[1]) if chunk.fresh else state
            logits_TBV, state = model(chunk.x_TB, state)
            logits_NV, y_N = logits_TBV.flatten(0, 1), chunk.y_TB.flatten()
            nats += functional.cross_entropy(logits_NV, y_N, reduction="sum").item()
            n_tokens += chunk.n_tokens
        return nats, n_tokens

    alone = total(1, seed=0)
    assert alone[1] == split.n_tokens
    for batch_size, seed in ((2, 1), (3, 2), (6, 3)):
        assert total(batch_size, seed) == (pytest.approx(alone[0], rel=1e-12), alone[1])


@pytest.mark.parametrize("option", [{"random_bptt": True}, {"state": "reset"}, {"detach_every": 2}])
def test_options_of_streams_are_refused_elsewhere(option):
    with pytest.raises(ToktoolsError, match=f"{next(iter(option))} is for batching 'stream'"):
        TrainingConfig(batching="sentence", **option)
