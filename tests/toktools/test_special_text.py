"""Special-token strings in text: tokens, text, or refused."""

from __future__ import annotations

import re

import pytest
import tiktoken
from hypothesis import given
from hypothesis import strategies as st

from toktools import SpecialTokens, TiktokenTokenizer, Tokenizer, ToktoolsError, train_bpe

SPECIAL = {"<EOS>": 256, "<Y>": 257, "<X>": 258}
ENCODING = tiktoken.Encoding(
    "bytes",
    pat_str=r"[\s\S]",
    mergeable_ranks={bytes([byte]): byte for byte in range(256)},
    special_tokens=SPECIAL,
)
some_special = st.sets(st.sampled_from(list(SPECIAL))) | st.just("all")
marked_text = st.lists(st.sampled_from(["a", "é", "<", "EOS>", *SPECIAL])).map("".join)


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return train_bpe(
        ["low lower"], vocab_size=262, special_tokens=SpecialTokens(extra=("<|sys|>", "<|user|>"))
    )


@pytest.mark.oracle
@given(text=marked_text, allowed=some_special, disallowed=some_special)
def test_what_is_a_token_and_what_is_refused_is_as_in_tiktoken(text: str, allowed, disallowed):
    ours = TiktokenTokenizer(ENCODING)
    options = {"allowed_special": allowed, "disallowed_special": disallowed}
    try:
        expected = ENCODING.encode(text, **options)
    except ValueError:
        with pytest.raises(ToktoolsError, match="text must not hold the special token"):
            ours.encode(text, **options)
    else:
        assert ours.encode(text, **options) == expected
        assert ours.encode_with_offsets(text, **options).ids == expected


def test_the_error_names_the_token_and_where_it_stands(tokenizer: Tokenizer):
    with pytest.raises(ToktoolsError, match=r"'<EOS>', found at character 3;"):
        tokenizer.encode("é <<EOS>", disallowed_special="all")


def test_each_remedy_in_the_error_works_when_pasted(tokenizer: Tokenizer):
    text = "low<EOS>"
    for disallowed in ("all", {"<EOS>"}, {"<EOS>", "<|sys|>"}):
        with pytest.raises(ToktoolsError) as caught:
            tokenizer.encode(text, disallowed_special=disallowed)
        remedies = re.findall(r": ((?:dis)?allowed_special=.*?)(?:;|$)", str(caught.value))
        assert len(remedies) == 3
        names = {"tokenizer": tokenizer, "text": text}
        encoded = [eval(f"tokenizer.encode(text, {remedy})", names) for remedy in remedies]
        found = [tokenizer.eos_id in ids for ids in encoded]
        assert found == [True, False, False]


def test_only_tokens_that_are_disallowed_are_refused(tokenizer: Tokenizer):
    text = "low<EOS><|sys|>"
    assert tokenizer.encode(text, disallowed_special={"<|user|>"}) == tokenizer.encode(text)


def test_every_way_to_encode_refuses(tokenizer: Tokenizer):
    text = "low <|sys|>"
    for encode in (
        lambda **options: tokenizer.encode_array(text, **options),
        lambda **options: tokenizer.encode_batch([text], **options),
        lambda **options: tokenizer.encode_with_offsets(text, **options),
        lambda **options: tokenizer.encode_padded([text], **options),
        lambda **options: tokenizer.encode_documents([text], **options),
    ):
        encode()
        encode(disallowed_special={"<EOS>"})
        with pytest.raises(ToktoolsError, match=r"'<\|sys\|>', found at character 4"):
            encode(disallowed_special="all")


@pytest.mark.parametrize("option", ["allowed_special", "disallowed_special"])
def test_a_string_in_place_of_a_set_is_refused(tokenizer: Tokenizer, option: str):
    with pytest.raises(ToktoolsError, match=f"{option} must be a set .* pass {{'<EOS>'}}"):
        tokenizer.encode("a", **{option: "<EOS>"})  # type: ignore[arg-type]


@pytest.mark.parametrize("option", ["allowed_special", "disallowed_special"])
def test_a_name_that_is_not_special_is_refused(tokenizer: Tokenizer, option: str):
    with pytest.raises(ToktoolsError, match=r"'the' is not a special token .*'<EOS>', '<\|sys"):
        tokenizer.encode("a", **{option: {"the"}})
