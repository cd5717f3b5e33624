import pytest

from lstm_lm.config import TrainingConfig
from lstm_lm.data.batching import make_batches
from lstm_lm.data.encoded import encode_split
from lstm_lm.data.showing import chunk_lines
from toktools.bpe import train_bpe
from toktools.byte import ByteTokenizer
from toktools.character import train_character
from toktools.word import train_word
from toktools.wordpiece import train_wordpiece

DOCUMENTS = ["one two three", "four", "five six seven eight nine"]


def shown(tokenizer, **options):
    config = TrainingConfig(**{"batch_size": 1, "bptt": 100, **options})
    batches = make_batches(
        encode_split(tokenizer, DOCUMENTS), config, eos_id=tokenizer.require_eos()
    )
    return [list(chunk_lines(chunk, tokenizer, n_rows=4)) for chunk in batches.epoch(0)]


@pytest.mark.parametrize(
    "tokenizer",
    [
        train_word(DOCUMENTS, min_count=1),
        train_character(DOCUMENTS),
        ByteTokenizer(),
        train_bpe(DOCUMENTS, vocab_size=270),
        train_wordpiece(DOCUMENTS, vocab_size=40),
    ],
    ids=lambda tokenizer: tokenizer.kind,
)
def test_the_text_comes_back_through_any_tokenizer(tokenizer):
    ((_, reads, predicts),) = shown(tokenizer)
    text = predicts.partition("predicts ")[2].strip("'")
    assert [part.strip() for part in text.split("<EOS>")] == [*DOCUMENTS, ""]
    assert reads.partition("reads    ")[2].strip("'") == "<EOS>" + text.removesuffix("<EOS>")


def test_padding_is_left_out_and_rows_beyond_those_asked_for_are_counted():
    ((head, *lines),) = shown(train_word(DOCUMENTS, min_count=1), batching="sentence", batch_size=3)
    assert head == "6 steps, 3 rows, 12 targets, the state is zero"
    assert lines[2:4] == [
        "  row 2 reads    '<EOS>one two three'",
        "        predicts 'one two three<EOS>'",
    ]
    config = TrainingConfig(batching="sentence", batch_size=3)
    tokenizer = train_word(DOCUMENTS, min_count=1)
    (chunk,) = make_batches(encode_split(tokenizer, DOCUMENTS), config, eos_id=1).epoch(0)
    *_, last = chunk_lines(chunk, tokenizer, n_rows=1)
    assert last == "  and 2 rows more"


def test_a_carried_state_is_told():
    heads = [head for head, *_ in shown(train_word(DOCUMENTS, min_count=1), bptt=5)]
    assert [head.rpartition(" ")[2] for head in heads] == ["zero", "carried", "carried"]
