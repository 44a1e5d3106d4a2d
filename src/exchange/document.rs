//! The part of `docs/imports.md` on plays that others declare.

/// The text.
pub fn documentation() -> &'static str {
    TEXT
}

const TEXT: &str = "
## plays

`lichphat import plays FILE --as prs|xibo|csv --map MAPPING.toml --by WHO`: another vendor's log, for screens of kind
`third-party`. Its plays are declared, never proven: they stand beside the counted ones in every report and in none of them. They are held
to the order's length, windows, minimum gap and to overlaps as records are. A play is (screen, campaign, start): the same file, or another that says the
same, counts nothing twice, and what was declared first stands. What is declared of a `managed` screen is kept to be compared (`lichphat reconcile`) and
counts for nothing. `--dry-run` looks and takes nothing. Each file is kept by number, name, SHA-256, who brought it and when; `lichphat import list` shows them. It is taken in one
day at a time: what was broken off goes on when the same file is brought again. `lichphat import withdraw NUMBER --why WHY --by WHO` takes a file back: it is
kept with who withdrew it and why, its plays count no more, but for those that another file declares, too.

- `prs`: Playout Reporting Standard, digital file 1.7, without a header. The frame is the screen; the medium is looked for by `creativeid`, `creativename`,
  `orderid`, `buyercampaignref`.
- `xibo`: Xibo's proof of play, aggregation level *Individual*; rows of type `media` and `widget`. The medium is looked for by `Media`, `Campaign`, `Layout`.
- `csv`: any CSV with a header, its columns named in the mapping; without one, what `lichphat export plays --as csv` writes, of which the plays
  that count are taken.

A name that is the code of a screen, an order or a contract needs no mapping. The mapping is TOML:

| key | needed | holds |
| --- | --- | --- |
| `zone` |  | offset of times that carry none, `\"+07:00\"` or `\"Z\"`; the server's when absent (`prs` is UTC always) |
| `time` |  | their form, `\"%d/%m/%Y %H:%M:%S\"`; RFC 3339 or `2026-11-20 08:00:00` when absent. Whether `26/11/2026` begins with the day or the month is said here (`\"%d/%m/%Y %H:%M:%S\"`, `\"%m/%d/%Y %H:%M:%S\"`), never guessed |
| `skip_unknown` |  | `true`: rows of screens and media that are not named are left out and counted; else they are mistakes |
| `[screens]` |  | the vendor's name of a screen = our code, `\"Lobby 3\" = \"A00001-03\"` |
| `[media]` |  | the vendor's name of a medium = the code of its order or contract |
| `[columns]` | for csv | headers: `screen`, `media`, `start`, `date` (where `start` is a time of day; put before it), `end` or `length` (seconds, `14.96`, or `00:00:15`; `14,96` where semicolons or tabs part the columns), `only` (`[\"Status\", \"OK\"]`: only rows with this value are plays) |
";
