import json
from dataclasses import asdict

from recollect.train.record import Record


def test_a_record_is_json():
    record = Record(epochs=1, steps=2, losses=[0.5], validations=[(0, 2.0), (1, 1.0)], best_epoch=1, stopped="done")
    assert json.loads(json.dumps(asdict(record)))["validations"] == [[0, 2.0], [1, 1.0]]
    assert record.best == 1.0
    assert Record().best is None
