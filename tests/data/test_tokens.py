"""Tokenizers: any text comes back, streams show the same text, saved ones are audited, unknown symbols have a rule."""

from __future__ import annotations

import importlib.util
import json
import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recollect.core.errors import ArtifactError, DataError, InputError, MissingExtraError
from recollect.data.bpe import BPE
from recollect.data.tokens import Bytes, Characters, Tokenizer
from recollect.data.vocabulary import learn_tokenizer, tokenizer_from_json

needs_tokenizers = pytest.mark.skipif(
    importlib.util.find_spec("tokenizers") is None, reason="the package tokenizers is not installed"
)
# "ab" + "c" and "a" + "bc" would be one token; the pairs here are e.g. "th", "the", and the first two bytes of U+4E2D
PAIRS = BPE([(116, 104), (256, 101), (0xE4, 0xB8), (258, 0xAD), (32, 257)])
KINDS = [Characters.learn(["to be or not to be 春眠不覺曉 春眠不覺曉\n\n"]), Bytes(), PAIRS]
WORDS = st.text(st.sampled_from("the theatre 中国\n'll  1a\t.\u00a0\u0085😀"), max_size=60)


def _streamed(tokenizer: Tokenizer, ids: np.ndarray) -> str:
    decoder = tokenizer.decoder()
    return "".join([*(decoder.feed(int(token)) for token in ids), decoder.finish()])


@settings(max_examples=50, deadline=None)
@given(st.text())
def test_any_text_comes_back_from_characters_and_bytes(text: str) -> None:
    tokenizers: list[Tokenizer] = [Bytes()]
    if text:
        tokenizers.append(Characters.learn([text], minimum=1))
    for tokenizer in tokenizers:
        ids = tokenizer.encode(text)
        assert ids.dtype == np.int64
        assert ids.ndim == 1
        assert tokenizer.decode(ids) == text == _streamed(tokenizer, ids)
        assert tokenizer.unknown(text) == ()


@needs_tokenizers
@settings(deadline=None)
@given(st.text() | WORDS)
def test_any_text_comes_back_from_pairs(text: str) -> None:
    ids = PAIRS.encode(text)
    assert PAIRS.decode(ids) == text == _streamed(PAIRS, ids)


@needs_tokenizers
@settings(deadline=None)
@given(WORDS)
def test_pairs_are_joined_in_their_order_within_words(text: str) -> None:
    """The definition, by hand: merge each pair of the list in turn (Sennrich et al., section 3.2)."""
    word = "".join(letter for letter in text if letter.isalpha() and unicodedata.category(letter).startswith("L"))
    ids = list(word.encode())
    for token, pair in enumerate(PAIRS.merges, start=256):
        at = 0
        while at < len(ids) - 1:
            if (ids[at], ids[at + 1]) == pair:
                ids[at : at + 2] = [token]
            at += 1
    assert PAIRS.encode(word).tolist() == ids


@pytest.mark.parametrize("tokenizer", KINDS, ids=lambda kind: kind.name)
@settings(max_examples=50, deadline=None)
@given(st.data())
def test_a_stream_shows_what_the_whole_shows_whatever_the_tokens(tokenizer: Tokenizer, data: st.DataObject) -> None:
    ids = data.draw(st.lists(st.integers(0, tokenizer.size - 1)))
    assert _streamed(tokenizer, np.array(ids, int)) == tokenizer.decode(ids)


def test_a_stream_holds_back_half_a_character() -> None:
    decoder = Bytes().decoder()
    assert [decoder.feed(value) for value in "春a".encode()] == ["", "", "春", "a"]
    assert decoder.finish() == ""
    assert decoder.feed("春".encode()[0]) == ""
    assert decoder.finish() == "\ufffd"


def test_characters_are_sorted_and_counted_and_rare_ones_fold() -> None:
    tokenizer = Characters.learn(["bab", "acb眠"])
    assert tokenizer == Characters("ab", (2, 2, 3), folded=2)
    assert tokenizer.encode("cab春").tolist() == [0, 1, 2, 0]
    assert tokenizer.decode([2, 0, 1]) == "b\ufffda"
    assert tokenizer.unknown("春cab春") == ("c", "春")
    assert (tokenizer.size, tokenizer.unknown_id) == (3, 0)
    with pytest.raises(DataError, match="no character stands in the training text at least 9 times"):
        Characters.learn(["abc"], minimum=9)


@pytest.mark.parametrize("tokenizer", KINDS, ids=lambda kind: kind.name)
def test_a_saved_tokenizer_is_the_same_one(tokenizer: Tokenizer) -> None:
    saved = json.loads(json.dumps(tokenizer.to_json()))
    again = tokenizer_from_json(saved)
    assert type(again) is type(tokenizer)
    assert again.to_json() == tokenizer.to_json()
    assert again.decode(range(tokenizer.size)) == tokenizer.decode(range(tokenizer.size))


SYMBOLS = {"kind": "characters", "symbols": "ab", "counts": [0, 1, 2], "folded": 0}


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (None, "must be of kind characters, bytes, bpe, got None"),
        ({"kind": "words"}, "got {'kind': 'words'}"),
        ({"kind": "bytes", "more": 1}, "and nothing else"),
        ({**SYMBOLS, "more": 1}, "must hold kind, symbols, counts and folded"),
        ({**SYMBOLS, "symbols": "ba"}, "in order, each once"),
        ({**SYMBOLS, "symbols": "aa"}, "in order, each once"),
        ({**SYMBOLS, "symbols": ""}, "no symbols"),
        ({**SYMBOLS, "counts": [0, 1]}, "need 3 counts"),
        ({**SYMBOLS, "counts": [0, 1, -2]}, "whole numbers from 0"),
        ({**SYMBOLS, "counts": "abc"}, "need 3 counts"),
        ({**SYMBOLS, "folded": 1.5}, "whole numbers from 0"),
        ({"kind": "bpe"}, "must hold kind and merges"),
        ({"kind": "bpe", "merges": [[1, 2, 3]]}, "pairs of whole numbers"),
        ({"kind": "bpe", "merges": [[1, 256]]}, "joins a token not made yet: 256 were"),
        ({"kind": "bpe", "merges": [[1, -1]]}, "joins a token not made yet"),
        ({"kind": "bpe", "merges": [[1, 2], [2, 3], [256, 3], [1, 257]]}, "two pairs make the same token"),
        ({"kind": "bpe", "merges": [[1, True]]}, "pairs of whole numbers"),
    ],
)
def test_what_no_tokenizer_wrote_is_refused(data: object, words: str) -> None:
    with pytest.raises(ArtifactError) as caught:
        tokenizer_from_json(data)
    assert words in str(caught.value)


@pytest.mark.parametrize("tokenizer", KINDS, ids=lambda kind: kind.name)
def test_tokens_out_of_range_are_refused(tokenizer: Tokenizer) -> None:
    for ids in ([tokenizer.size], [-1], [0.5], [[1]]):
        with pytest.raises(InputError, match="tokens must"):
            tokenizer.decode(ids)
    with pytest.raises(InputError, match="must lie between 0 and"):
        tokenizer.decoder().feed(-1)


def test_half_a_surrogate_pair_is_no_text() -> None:
    for tokenizer in (Bytes(), PAIRS):
        with pytest.raises(InputError, match=r"character 1 of the text is '\\udc80', half a surrogate pair"):
            tokenizer.encode("a\udc80")
    assert KINDS[0].unknown("\udc80") == ("\udc80",)


def test_without_the_package_pairs_decode_and_say_what_encoding_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "tokenizers", None)
    tokenizer = BPE([(97, 98)])
    assert tokenizer.decode([256, 99]) == "abc"
    for call in (lambda: tokenizer.encode("ab"), lambda: BPE.learn(["ab ab"])):
        with pytest.raises(MissingExtraError, match=r"'tokenizers': pip install 'recollect\[text\]'"):
            call()


@needs_tokenizers
def test_pairs_are_learnt_by_how_often_they_stand_together() -> None:
    text = "ab ab ab abc xbc"  # a-b 4 times, b-c twice but after a-b only once
    tokenizer = BPE.learn([text], size=300)
    assert tokenizer.merges[0] == (97, 98)
    assert tokenizer.decode(tokenizer.encode(text)) == text
    assert BPE.learn([text[:8], text[8:]], size=257).merges == ((97, 98),)
    with pytest.raises(DataError, match="no two characters stand together twice"):
        BPE.learn(["abcdef"])
    with pytest.raises(InputError, match="257 to 65536 tokens, not 256"):
        BPE.learn([text], size=256)


@needs_tokenizers
@settings(deadline=None)
@given(st.text(st.sampled_from("the 中\n.'s 1\t\u00a0\x1c"), max_size=60))
def test_a_long_text_in_parts_has_the_tokens_of_the_whole(text: str) -> None:
    tokenizer = BPE([(116, 104), (256, 101), (32, 257), (32, 32), (10, 32), (32, 10), (10, 10), (39, 115)])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("recollect.data.bpe._PART", 5)
        assert tokenizer.encode(text).tolist() == tokenizer._engine.encode(text).ids


@needs_tokenizers
def test_learning_pairs_twice_gives_the_same_and_a_word_made_in_two_ways_is_one_token() -> None:
    text = "".join(f"{a}{b}{c} " for a in "abc" for b in "abc" for c in "abc") * 5 + "中国人 中国 国人 " * 7
    first = BPE.learn([text], size=400)
    assert first.merges == BPE.learn([text], size=400).merges
    assert tokenizer_from_json(first.to_json()).encode(text).tolist() == first.encode(text).tolist()
    assert first.decode(first.encode(text)) == text


def test_the_choice_says_what_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    few, many = ["abcab"], ["".join(map(chr, range(0x4E00, 0x4E00 + 8193))) * 2]
    assert learn_tokenizer(lambda: few)[1] == (
        "characters, 2 of them, as there are at most 8,192; 1 rarer than 2 times are read as <unk>"
    )
    assert learn_tokenizer(lambda: many, "characters")[0].size == 8194
    assert learn_tokenizer(lambda: few, "bytes")[1] == "bytes, 256 of them, as asked for"
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    tokenizer, why = learn_tokenizer(lambda: many)
    assert tokenizer.name == "bytes"
    assert why == "bytes, as 8,193 characters are too many, and BPE needs the extra recollect[text]"
    with pytest.raises(InputError, match="no tokens of kind 'words': auto, characters, bytes, bpe exist"):
        learn_tokenizer(lambda: few, "words")


@needs_tokenizers
def test_a_text_of_very_many_characters_gets_pairs() -> None:
    many = ["".join(map(chr, range(0x4E00, 0x4E00 + 8193))) + "\n"] * 2
    tokenizer, why = learn_tokenizer(lambda: many, size=300)
    assert (tokenizer.name, tokenizer.size) == ("bpe", 300)
    assert why == "BPE, 300 tokens, as 8,194 characters are too many"
