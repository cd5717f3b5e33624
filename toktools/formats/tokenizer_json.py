"""`tokenizer.json`: the file of the Hugging Face `tokenizers` library, for every tokenizer of ours.

The library, loading a file of ours, gives the same ids: word and character tokenizers are written
as its WordLevel model, bytes as BPE without merges, BPE and WordPiece as themselves. What it has no
field for (our name for the kind, which special token plays which part, how it was trained) stands
under "toktools" inside "model", where the library passes over it.

Adapters (`toktools.adapters`) write the rest of the file themselves. Files of other programs are
read by `foreign.py`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from toktools.adapters.adapter import Adapter
from toktools.bpe import BPETokenizer
from toktools.byte import ByteTokenizer
from toktools.character import CharacterTokenizer
from toktools.contract.losses import dropped
from toktools.errors import ToktoolsError, UnsupportedError, lookup
from toktools.files import replacing
from toktools.formats.components import (
    byte_level,
    one_character_each,
    write_byte_level,
    write_pretokenizer,
)
from toktools.formats.decoders import fuse, marked
from toktools.formats.foreign import read_foreign, read_merge
from toktools.formats.opening import opener
from toktools.formats.reading import read_json
from toktools.formats.steps import read_steps, write_steps
from toktools.registry import adapters
from toktools.tokenizer import Tokenizer
from toktools.training.marks import Marks
from toktools.vocabulary import SpecialTokens, Vocabulary, tokens_by_id
from toktools.word import WordTokenizer
from toktools.wordpiece import WordPieceTokenizer

FORMAT_VERSION = 1
Json = dict[str, Any]


def save(tokenizer: Tokenizer, path: str | Path) -> None:
    """Write `tokenizer` to `path`, whole or not at all.

    Raises: ToktoolsError if the file cannot be written or the kind of tokenizer has no such file.
    """
    text = json.dumps(to_json(tokenizer), ensure_ascii=False, indent=1)
    with replacing(path) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")


def load(path: str | Path) -> Tokenizer:
    """Read a tokenizer.

    Args:    path: a `tokenizer.json`, ours or another program's; a `vocab.json` with its
             `merges.txt`; a `vocab.txt`; a SentencePiece `.model`; a published `.tiktoken` file; a
             folder that holds one of the first three. `huggingface:PATH` (or the kind of another
             adapter) runs the file on that library.
    Returns: a tokenizer of the kind that the file names.
    Raises:  ToktoolsError, naming the file and what is wrong with it; UnsupportedError for what
             the library runs and toktools does not, with how to open it there.
    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     ByteTokenizer().save(folder + "/tokenizer.json")
        ...     load(folder).encode("a")
        [99]
    """
    if (open_other := opener(path)) is not None:
        return open_other()
    path = Path(path)
    if path.is_dir():
        path = path / "tokenizer.json"
    document = read_json(path)
    try:
        return from_json(document)
    except UnsupportedError as e:
        raise UnsupportedError(
            f"{path}: {e}; the tokenizers library may run it: "
            f"toktools.HuggingFaceTokenizer.open({str(path)!r}), "
            f"on the command line huggingface:{path}"
        ) from e
    except (ToktoolsError, RecursionError) as e:
        raise ToktoolsError(f"{path}: {e}") from e


def to_json(tokenizer: Tokenizer) -> Json:
    """Return the content of `tokenizer.json` as Python values."""
    special = tokenizer.vocabulary.special
    record = {
        "format": FORMAT_VERSION,
        "kind": tokenizer.kind,
        "special_tokens": {
            "pad": special.pad,
            "eos": special.eos,
            "any": special.any,
            "extra": list(special.extra),
        },
        "training": tokenizer.training,
    }
    if isinstance(tokenizer, Adapter):
        document = tokenizer.to_document()
        return {**document, "model": {**document["model"], "toktools": record}}
    if type(tokenizer) not in _MODELS:
        raise ToktoolsError(
            f"a {type(tokenizer).__name__} cannot be written as tokenizer.json; "
            "derive it from toktools.adapters.adapter.Adapter, which says how"
        )
    model, cut, decoder = _MODELS[type(tokenizer)](tokenizer)
    normalizer, pretokenizer = write_steps(tokenizer.normalizer, cut)
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {
                "id": tokenizer.vocabulary.ids[token],
                "content": token,
                "single_word": False,
                "lstrip": False,
                "rstrip": False,
                "normalized": False,
                "special": True,
            }
            for token in special
        ],
        "normalizer": normalizer,
        "pre_tokenizer": pretokenizer,
        "post_processor": None,
        "decoder": decoder,
        "model": {**model, "toktools": record},
    }


def from_json(document: Any) -> Tokenizer:
    """Return the tokenizer that `to_json`, or another program, described.

    Raises: ToktoolsError, saying what does not fit.
    """
    model = need(document, "model", dict)
    record = model.get("toktools")
    if not isinstance(record, dict):
        return read_foreign(document)
    if need(record, "format", int) > FORMAT_VERSION:
        raise ToktoolsError(f"has format {record['format']}, newer than {FORMAT_VERSION}; upgrade")
    special = _read_special(need(record, "special_tokens", dict))
    options: Json = {"training": _read_training(need(record, "training", dict))}
    kind = need(record, "kind", str)
    ours, others = {known.kind: known for known in _MODELS}, adapters()
    lookup(kind, {**ours, **others}, what="kind of tokenizer")
    if kind not in ours:
        return others[kind]().from_document(document, special=special, **options)
    return _ours(kind, document, special, options)


def _ours(kind: str, document: Json, special: SpecialTokens, options: Json) -> Tokenizer:
    """Return a tokenizer of one of our own kinds."""
    model = document["model"]
    if model.get("type") != _TYPES[kind]:
        raise ToktoolsError(
            f"the model of a {kind} tokenizer must be of type {_TYPES[kind]}, "
            f"got {model.get('type')!r:.60}"
        )
    vocabulary = Vocabulary(tokens_by_id(need(model, "vocab", dict)), special)
    if kind == "byte":
        tokenizer = ByteTokenizer(special_tokens=vocabulary.special, **options)
        if tokenizer.vocabulary.tokens != vocabulary.tokens:
            raise ToktoolsError("the vocabulary of a byte tokenizer must be the 256 bytes in order")
        return tokenizer
    if kind == "character":
        return CharacterTokenizer(vocabulary, **options)
    steps = read_steps(document)
    if steps.byte_level and kind == "word":
        raise ToktoolsError("a word tokenizer is not over bytes, but the file has a ByteLevel")
    options |= {"normalizer": steps.normalizer, "pretokenizer": steps.pretokenizer}
    if kind == "bpe":
        return BPETokenizer(
            vocabulary,
            [read_merge(merge) for merge in need(model, "merges", list)],
            byte_level=steps.byte_level,
            ignore_merges=bool(model.get("ignore_merges")),
            continuing_subword_prefix=_mark(model, "continuing_subword_prefix"),
            end_of_word_suffix=_mark(model, "end_of_word_suffix"),
            **options,
        )
    if kind == "word":
        return WordTokenizer(vocabulary, **options)
    return WordPieceTokenizer(
        vocabulary,
        prefix=need(model, "continuing_subword_prefix", str),
        max_word_characters=need(model, "max_input_chars_per_word", int),
        byte_level=steps.byte_level,
        **options,
    )


def _mark(model: Json, key: str) -> str:
    return "" if model.get(key) is None else need(model, key, str)


def need(mapping: Any, key: str, kind: type) -> Any:
    """Return `mapping[key]`, which must be of this type; else ToktoolsError."""
    if not isinstance(mapping, dict):
        raise ToktoolsError(f"expected a JSON object that holds {key!r}, got {mapping!r:.60}")
    value = mapping.get(key)
    if not isinstance(value, kind) or isinstance(value, bool):
        raise ToktoolsError(f"{key!r} must be a JSON {_JSON_NAMES[kind]}, got {value!r:.60}")
    return value


_JSON_NAMES = {dict: "object", list: "array", str: "string", int: "integer"}


def _read_special(names: Json) -> SpecialTokens:
    extra = names.get("extra", [])
    parts = [names.get(part) for part in ("pad", "eos", "any")]
    strings = isinstance(extra, list) and all(isinstance(name, str) for name in extra)
    if not strings or not all(name is None or isinstance(name, str) for name in parts):
        raise ToktoolsError(f"'special_tokens' must hold strings, got {names!r:.80}")
    try:
        return SpecialTokens(**{**names, "extra": tuple(extra)})
    except TypeError as e:
        raise ToktoolsError(f"'special_tokens' cannot be read: {e}") from e


def _read_training(training: Json) -> Json:
    for section in ("options", "corpus", "report"):
        if not isinstance(training.get(section, {}), dict):
            raise ToktoolsError(f"{section!r} of 'training' must be a JSON object")
    return training


def _word_level(tokenizer: Tokenizer) -> Json:
    return {
        "type": "WordLevel",
        "vocab": tokenizer.get_vocab(),
        "unk_token": tokenizer.vocabulary.special.any,
    }


def _bpe_model(tokenizer: BPETokenizer | ByteTokenizer) -> Json:
    marks = tokenizer.marks if isinstance(tokenizer, BPETokenizer) else Marks()
    return {
        "type": "BPE",
        "dropout": None,
        "unk_token": tokenizer.vocabulary.special.any,
        "continuing_subword_prefix": marks.prefix or None,
        "end_of_word_suffix": marks.suffix or None,
        "fuse_unk": False,
        "byte_fallback": False,
        "ignore_merges": getattr(tokenizer, "ignore_merges", False),
        "vocab": tokenizer.get_vocab(),
        "merges": [list(merge) for merge in getattr(tokenizer, "merges", ())],
    }


def _write_word(tokenizer: WordTokenizer) -> tuple[Json, Json | None, Json | None]:
    decoder = None if dropped(tokenizer.pretokenizer) else fuse()
    return _word_level(tokenizer), write_pretokenizer(tokenizer.pretokenizer), decoder


def _write_character(tokenizer: CharacterTokenizer) -> tuple[Json, Json | None, Json | None]:
    return _word_level(tokenizer), one_character_each(), fuse()


def _write_byte(tokenizer: ByteTokenizer) -> tuple[Json, Json | None, Json | None]:
    return _bpe_model(tokenizer), byte_level(use_regex=False), byte_level(use_regex=False)


def _write_bpe(tokenizer: BPETokenizer) -> tuple[Json, Json | None, Json | None]:
    if tokenizer.byte_level:
        cut = write_byte_level(tokenizer.pretokenizer)
        return _bpe_model(tokenizer), cut, byte_level(use_regex=True)
    cut = write_pretokenizer(tokenizer.pretokenizer)
    return _bpe_model(tokenizer), cut, marked(tokenizer.marks)


def _write_wordpiece(tokenizer: WordPieceTokenizer) -> tuple[Json, Json | None, Json | None]:
    model = {
        "type": "WordPiece",
        "unk_token": tokenizer.vocabulary.special.any or "<ANY>",  # the library wants a string
        "continuing_subword_prefix": tokenizer.prefix,
        "max_input_chars_per_word": tokenizer.max_word_characters,
        "vocab": tokenizer.get_vocab(),
    }
    write_cut = write_byte_level if tokenizer.byte_level else write_pretokenizer
    decoder = marked(tokenizer.marks, over_bytes=tokenizer.byte_level)
    return model, write_cut(tokenizer.pretokenizer), decoder


_TYPES = {
    "word": "WordLevel",
    "character": "WordLevel",
    "byte": "BPE",
    "bpe": "BPE",
    "wordpiece": "WordPiece",
}
_MODELS: dict[type, Any] = {
    WordTokenizer: _write_word,
    CharacterTokenizer: _write_character,
    ByteTokenizer: _write_byte,
    BPETokenizer: _write_bpe,
    WordPieceTokenizer: _write_wordpiece,
}
