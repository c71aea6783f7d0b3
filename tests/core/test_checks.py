import pytest

from recollect.core.checks import require
from recollect.core.errors import InputError


def test_what_is_required_is_said_with_what_was_given():
    require(True, "rate", 0.5, "a share in [0, 1)")
    with pytest.raises(InputError, match=r"rate is 1.5, and must be a share in \[0, 1\)"):
        require(False, "rate", 1.5, "a share in [0, 1)")
