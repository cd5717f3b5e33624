"""A text as it comes: whole characters, at once, and the same as in one piece."""

import itertools

import numpy as np
import pytest
import torch

import lstm_lm
from lstm_lm.config import ModelConfig, SamplingConfig
from lstm_lm.config.sampling import STRATEGIES
from lstm_lm.model import LanguageModel
from lstm_lm.sampling.generation import continue_prompts, stream
from toktools.byte import ByteTokenizer

TEXT = "é漢a\n🙂!"


class Speller:
    """A network that spells one text, whatever it reads, then ends; it counts its steps."""

    def __init__(self, tokenizer, text):
        self.n_vocab, self.n_steps = tokenizer.n_vocab, 0
        self.ids = [*tokenizer.encode(text), tokenizer.eos_id]

    def init_state(self, n_rows):
        return (np.zeros((1, n_rows, 1)),)

    def read(self, ids_TB, state):
        return self.step(ids_TB[-1], state)

    def step(self, ids_B, state):
        self.n_steps += 1
        positions_B = state[0][0, :, 0].astype(int) % len(self.ids)
        return np.eye(self.n_vocab)[[self.ids[i] for i in positions_B]], (state[0] + 1,)


@pytest.fixture
def tokenizer():
    return ByteTokenizer()


def test_no_piece_holds_half_a_character(tokenizer):
    speller = Speller(tokenizer, TEXT)
    pieces = list(stream(speller, tokenizer, "x", SamplingConfig()))
    assert [piece for piece in pieces if piece] == list(TEXT)


def test_a_text_cut_within_a_character_ends_with_its_replacement(tokenizer):
    speller = Speller(tokenizer, TEXT)
    pieces = list(stream(speller, tokenizer, "x", SamplingConfig(n_tokens=4)))
    assert "".join(pieces) == "é\N{REPLACEMENT CHARACTER}"


def test_stopping_on_a_newline_ends_in_front_of_it(tokenizer):
    config = SamplingConfig(stop_on="newline")
    pieces = stream(Speller(tokenizer, TEXT), tokenizer, "x\n", config)
    assert "".join(pieces) == "é漢a"
    (made,) = continue_prompts(Speller(tokenizer, TEXT), tokenizer, ["x\n"], config)
    assert (made.text, made.stopped, made.n_tokens) == ("x\né漢a", "newline", 7)
    (made,) = continue_prompts(Speller(tokenizer, "ab"), tokenizer, ["x"], config)
    assert (made.text, made.stopped) == ("xab", "EOS")


def test_stopping_on_a_number_goes_on_in_a_new_line_after_the_end_of_a_document(tokenizer):
    (made,) = continue_prompts(
        Speller(tokenizer, "ab"), tokenizer, ["x"], SamplingConfig(stop_on="7", n_tokens=2)
    )
    assert (made.text, made.stopped, made.n_tokens) == ("xab\nab\na", "length", 7)


def test_the_first_piece_comes_before_the_second_is_computed(tokenizer):
    speller = Speller(tokenizer, TEXT)
    pieces = stream(speller, tokenizer, "x", SamplingConfig())
    next(pieces), next(pieces)
    assert speller.n_steps <= 2


def test_texts_that_end_early_leave_the_batch_and_do_not_disturb_the_others(tokenizer):
    speller = Speller(tokenizer, "abc")
    speller.step = lambda ids_B, state: (
        np.eye(speller.n_vocab)[np.where(ids_B == 2 + ord("y"), 1, 2 + ord("z"))],
        (state[0] + 1,),
    )
    made = continue_prompts(speller, tokenizer, ["x", "y", "xx", "y"], SamplingConfig(n_tokens=3))
    assert [(m.text, m.stopped) for m in made] == [
        *(("xzzz", "length"), ("y", "EOS"), ("xxzzz", "length"), ("y", "EOS")),
    ]


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("prompt", ["one hundred", "", "two wug"])
def test_the_pieces_joined_are_what_generate_gives(trained, strategy, prompt):
    settings = {"strategy": strategy, "n_tokens": 12, "seed": 3}
    streamed = "".join(trained.stream(prompt, **settings))
    assert prompt + streamed == trained.generate(prompt, **settings)


def test_a_stream_is_of_its_run_s_model_even_if_another_reads_meanwhile(trained):
    settings = {"strategy": "sample", "stop_on": "20"}
    one, other = (trained.stream(prompt, **settings) for prompt in ("one", "two"))
    for _ in itertools.zip_longest(one, other):
        pass
    assert torch.is_inference_mode_enabled() is False
    one, other = (trained.stream(prompt, **settings) for prompt in ("one", "two"))
    mixed = list(itertools.zip_longest(one, other, fillvalue=""))
    for i, prompt in enumerate(("one", "two")):
        text = prompt + "".join(pieces[i] for pieces in mixed)
        assert text == trained.generate(prompt, **settings)


def test_a_bad_setting_is_told_when_the_stream_is_asked_for(trained):
    with pytest.raises(ValueError, match="temperature must be > 0"):
        trained.stream("one", temperature=0)


def test_next_tokens_are_the_likeliest_with_the_model_s_own_probabilities(trained):
    ids = [trained.tokenizer.eos_id, *trained.tokenizer.encode("one hundred")]
    with torch.no_grad():
        logits_TBV, _ = trained.model(torch.tensor(ids)[:, None], trained.model.init_state(1))
    p_V = logits_TBV[-1, 0].softmax(-1)
    found = trained.next_tokens("one hundred", 4)
    top = p_V.topk(4)
    assert [n.id for n in found] == top.indices.tolist()
    assert [n.probability for n in found] == pytest.approx(top.values.tolist(), rel=1e-4)
    assert [n.token for n in found] == [trained.tokenizer.id_to_token(n.id) for n in found]
    everything = trained.next_tokens("", 10**6)
    assert len(everything) == trained.tokenizer.n_vocab
    assert sum(n.probability for n in everything) == pytest.approx(1)


def test_next_tokens_of_damaged_weights_or_none_are_refused(trained):
    with pytest.raises(ValueError, match="n must be >= 1, got 0"):
        trained.next_tokens("one", 0)
    run = lstm_lm.load(trained.path)
    torch.nn.init.constant_(run.model.head.bias, float("nan"))
    with pytest.raises(ValueError, match="weights are damaged"):
        run.next_tokens("one")


def test_a_long_stream_takes_no_more_memory_than_a_short_one(tokenizer):
    import tracemalloc

    model = LanguageModel(
        tokenizer.n_vocab, ModelConfig(embedding_size=4, hidden_size=4, n_layers=1)
    )
    config = SamplingConfig(strategy="sample", stop_on="6000", repetition_penalty=1.1)
    pieces = stream(model.stepper(), tokenizer, "a", config)
    for _ in itertools.islice(pieces, 1000):
        pass
    tracemalloc.start()
    for _ in pieces:
        pass
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100_000  # 5,000 tokens kept as a list of new strings and ids would take more
