from hypothesis import given
from hypothesis import strategies as st

from recollect.core.seeds import derive_seed


def test_a_seed_is_the_same_on_every_machine():
    # printf '7/member/2' | sha256sum gives ec2f3ddb23e64088...; the seed is the first 64 bits but the last one.
    assert derive_seed(7, "member", 2) == 8509444764132909124


@given(st.integers(), st.text(max_size=5))
def test_a_seed_fits_every_generator(seed, word):
    assert 0 <= derive_seed(seed, word) < 2**63


def test_each_part_of_the_path_matters():
    seeds = {derive_seed(7), derive_seed(8), derive_seed(7, "a"), derive_seed(7, "b"), derive_seed(7, "a", 1)}
    assert len(seeds) == 5
