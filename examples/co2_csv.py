"""Write the weekly CO2 record of Mauna Loa (1958 to 2001, 59 weeks missing) as CSV: `python co2_csv.py > co2.csv`.

The record ships inside statsmodels, so that no download is needed (extra: statistics).
"""

from __future__ import annotations

import sys

from statsmodels.datasets import co2

if __name__ == "__main__":
    table = co2.load_pandas().data
    table.to_csv(sys.stdout, index_label="date", date_format="%Y-%m-%d")
