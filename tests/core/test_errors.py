import pickle

import pytest

from recollect.core import errors
from recollect.core.errors import DataError, InputError, MissingExtraError, RecollectError


def test_every_error_is_ours_and_pythons_own_kind():
    kinds = {name: getattr(errors, name) for name in errors.__all__}
    assert all(issubclass(kind, RecollectError) for kind in kinds.values())
    for name, kind in {"InputError": ValueError, "OutputError": OSError, "MissingExtraError": ImportError}.items():
        assert issubclass(kinds[name], kind)
    assert issubclass(errors.ShapeError, InputError)


def test_the_tree_in_the_docstring_names_every_error():
    assert all(name in (errors.__doc__ or "") for name in errors.__all__)


def test_data_errors_list_every_problem():
    assert str(DataError("row 3 is empty")) == "row 3 is empty"
    several = DataError(["row 3 is empty", "row 7 is empty"])
    assert several.problems == ("row 3 is empty", "row 7 is empty")
    assert str(several) == "2 problems in the data:\n  - row 3 is empty\n  - row 7 is empty"


def test_a_missing_extra_says_what_to_install():
    with pytest.raises(
        ImportError, match=r"ETS needs the package 'statsmodels': pip install 'recollect\[statistics\]'"
    ):
        raise MissingExtraError("ETS", "statsmodels", "statistics")


def test_plain_errors_survive_another_process():
    assert str(pickle.loads(pickle.dumps(errors.OutputError("cannot write x")))) == "cannot write x"
