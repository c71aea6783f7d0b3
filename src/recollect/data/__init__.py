"""From what people have to arrays: tables, clocks, series. Arrays in, a Panel out."""
