import math

import pytest
import torch

from recollect.kernels.coin import CELL, OUTPUT, coins, keeps

ALL = 2**32 - 1
SEED = 0x0123_4567_89AB_CDEF
OTHER = 0x3C6E_F372_FE94_F82B


def mix(v: int) -> int:
    v ^= v >> 16
    v = v * 0x85EBCA6B % 2**32
    v ^= v >> 13
    v = v * 0xC2B2AE35 % 2**32
    return v ^ v >> 16


def coin(seed: int, stream: int, place: int) -> int:
    low, high = seed % 2**32, seed // 2**32
    return mix((mix(place % 2**32 ^ low) + high + stream * 0x9E3779B9) % 2**32)


@pytest.mark.parametrize("seed", [0, 1, SEED, 2**63 - 1, 2**64 - 1])
@pytest.mark.parametrize("stream", [CELL, OUTPUT])
def test_the_coins_are_those_of_plain_integers(seed: int, stream: int):
    found = coins(seed, stream, (3, 2, 5))
    assert found.dtype == torch.int64
    for t in range(3):
        for n in range(2):
            for u in range(5):
                assert found[t, n, u].item() == coin(seed, stream, (t * 2 + n) * 5 + u)


def test_the_last_step_of_murmur3_is_right():
    # what MurmurHash3's fmix32 gives for 0, 1 and 2^32 - 1
    assert (mix(0), mix(1), mix(ALL)) == (0, 0x514E28B7, 0x81F16F39)
    assert coins(0, CELL, (1, 1, 1)).item() == mix(mix(0)) == 0


def test_a_share_of_the_coins_keeps():
    shape = (50, 20, 100)
    for share in (0.05, 0.5, 0.9):
        count = keeps(share, SEED, CELL, shape, "cpu").sum().item()
        spread = math.sqrt(share * (1 - share) * 100_000)
        assert abs(count - share * 100_000) < 4 * spread
    assert not keeps(0.0, SEED, CELL, shape, "cpu").any()
    assert keeps(1.0, SEED, CELL, shape, "cpu").all()


def test_the_bound_is_the_rounded_share():
    bound = coins(SEED, CELL, (1, 1, 4))[0, 0]
    for value in bound.tolist():
        just_kept, just_not = (value + 1) / 2**32, value / 2**32
        assert value in coins(SEED, CELL, (1, 1, 4))[keeps(just_kept, SEED, CELL, (1, 1, 4), "cpu")].tolist()
        assert value not in coins(SEED, CELL, (1, 1, 4))[keeps(just_not, SEED, CELL, (1, 1, 4), "cpu")].tolist()


@pytest.mark.parametrize(
    ("one", "other"),
    [((SEED, CELL), (SEED, OUTPUT)), ((SEED, CELL), (OTHER, CELL)), ((SEED, CELL), (SEED + 2**32, CELL))],
)
def test_streams_and_seeds_are_unrelated(one: tuple[int, int], other: tuple[int, int]):
    a, b = (keeps(0.5, *key, (100, 20, 50), "cpu").double().flatten() - 0.5 for key in (one, other))
    count = len(a)
    for shift in range(5):  # neither side by side nor a few places apart
        assert abs((a * b.roll(shift)).mean().item()) < 4 * 0.25 / math.sqrt(count)
        assert shift == 0 or abs((a * a.roll(shift)).mean().item()) < 4 * 0.25 / math.sqrt(count)


def test_a_batch_of_other_size_tosses_other_coins_for_the_same_place_in_time():
    small, large = coins(SEED, CELL, (4, 2, 3)), coins(SEED, CELL, (4, 5, 3))
    assert torch.equal(small[0], large[0, :2])
    assert not torch.equal(small[1], large[1, :2])
