"""Golden cases: one table in many dialects of text, and in Parquet and Arrow."""

from __future__ import annotations

import gzip
from pathlib import Path

import polars as pl
import pytest

from recollect.data.tables import place, read_table

PLAIN = "time,load,ort\n2024-01-01,1.5,Köln\n2024-01-02,-2.0,Linz\n2024-01-03,,Graz\n"
EXPECTED = {
    "time": ["2024-01-01", "2024-01-02", "2024-01-03"],
    "load": [1.5, -2.0, None],
    "ort": ["Köln", "Linz", "Graz"],
}
DIALECTS = {
    "utf-8": PLAIN.encode(),
    "utf-8 with mark": PLAIN.encode("utf-8-sig"),
    "utf-16": PLAIN.encode("utf-16"),
    "cp1252": PLAIN.encode("cp1252"),
    "windows line ends": PLAIN.replace("\n", "\r\n").encode(),
    "old line ends": PLAIN.replace("\n", "\r").encode(),
    "no last line end": PLAIN.rstrip("\n").encode(),
    "semicolons": PLAIN.replace(",", ";").encode(),
    "tabs": PLAIN.replace(",", "\t").encode(),
    "bars": PLAIN.replace(",", "|").encode(),
    "decimal commas": PLAIN.replace(",", ";").replace(".", ",").encode(),
    "decimal commas in quotes": PLAIN.replace("1.5", '"1,5"').replace("-2.0", '"-2,0"').encode(),
    "NA": PLAIN.replace(",,", ",NA,").encode(),
    "a dash": PLAIN.replace(",,", ",-,").encode(),
    "blanks around": PLAIN.replace(",", " , ").replace("time ,", "time,").encode(),
    "blank lines": PLAIN.replace("\n", "\n\n").encode(),
    "a comment above": b"# made by hand\n" + PLAIN.encode(),
    "gzip": gzip.compress(PLAIN.encode()),
}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_table_reads_the_same_in_every_dialect(dialect: str, tmp_path: Path) -> None:
    path = tmp_path / ("a.csv.gz" if dialect == "gzip" else "a.csv")
    path.write_bytes(DIALECTS[dialect])
    frame, notes = read_table(path)
    values = {
        name: [v.strip() if isinstance(v, str) else v for v in column] for name, column in frame.to_dict().items()
    }
    assert values == EXPECTED
    said = " ".join(note.text for note in notes)
    assert ("cp1252" in said, "utf-16" in said) == (dialect == "cp1252", dialect == "utf-16")


def test_chinese_text_in_its_old_encoding(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("时间,负荷,地点\n2024-01-01,1,北京\n2024-01-02,2,上海\n".encode("gb18030"))
    frame, notes = read_table(path)
    assert frame.columns == ["时间", "负荷", "地点"] and frame["地点"].to_list() == ["北京", "上海"]
    assert notes[0].text == "a.csv is read as gb18030"


@pytest.mark.parametrize("kind", ["parquet", "arrow", "feather"])
def test_parquet_and_arrow(kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"a.{kind}"
    frame = pl.DataFrame(EXPECTED).with_columns(pl.col("time").str.to_date())
    if kind == "parquet":
        frame.write_parquet(path)
    else:
        frame.write_ipc(path)
    assert read_table(path)[0].equals(frame)


@pytest.mark.parametrize(
    ("cells", "numbers"),
    [
        (["1", "2"], [1, 2]),
        (["1,234", "2,345"], [1234.0, 2345.0]),
        (["1,234.5", "12"], [1234.5, 12.0]),
        (["1.234,5", "1.000"], [1234.5, 1000.0]),
        (["1 234,5", "7"], [1234.5, 7.0]),
        (["1e-3", "+2"], [0.001, 2.0]),
        (["NaN", "3"], [None, 3.0]),
        (["007", "123"], ["007", "123"]),
        (["1x", "2"], ["1x", "2"]),
        (["true", "false"], ["true", "false"]),
    ],
)
def test_numbers_as_people_write_them(cells: list[str], numbers: list[object], tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("x,y\n" + "".join(f'a,"{cell}"\n' for cell in cells))
    assert read_table(path)[0]["y"].to_list() == numbers


def test_a_lone_comma_is_decimal_where_commas_do_not_separate(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("x;y\na;1,234\nb;5,678\n")
    frame, notes = read_table(path)
    assert frame["y"].to_list() == [1.234, 5.678]
    assert notes[-1].text == 'column "y": 1,234 is read as 1.234'


def test_a_file_without_a_header(tmp_path: Path) -> None:
    path = tmp_path / "rates.txt"
    path.write_text("2024-01-01,1.5,2\n2024-01-02,1.6,3\n")
    frame, notes = read_table(path)
    assert frame.columns == ["column_1", "column_2", "column_3"] and len(frame) == 2
    assert "there is no header line" in notes[0].text


def test_a_wide_table_may_name_its_columns_by_numbers(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("time,101,102\n2024-01-01,1.5,2\n2024-01-02,1.6,3\n")
    assert read_table(path)[0].columns == ["time", "101", "102"]


def test_a_blank_line_in_a_single_column_is_a_missing_value(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("y\n5\n\n6x\n\n\n")
    assert read_table(path)[0]["y"].to_list() == ["5", None, "6x"]
    assert place(path, [2]) == ["a.csv line 4"]


def test_western_letters_side_by_side_are_not_chinese(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("date;größe\n2024-01-01;5\n".encode("latin-1"))
    assert read_table(path)[0].columns == ["date", "größe"]


def test_lines_are_counted_as_an_editor_does(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('# a remark\ntime,note,y\n\n2024-01-01,"two\nlines",1\n2024-01-02,x,2\n\n2024-01-03,x,3\n')
    assert len(read_table(path)[0]) == 3
    assert place(path, [0, 1, 2]) == ["a.csv line 4", "a.csv line 6", "a.csv line 8"]
    assert place(None, [0]) == ["row 1"]
    assert place(Path("a.parquet"), [0]) == ["a.parquet row 1"]
