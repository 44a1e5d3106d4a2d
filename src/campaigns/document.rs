//! The part of `docs/imports.md` on directives and local programmes.

use super::contract_table::TABLE;
use crate::directory::import::section;

/// The text; the presets it names are read by tests, so that it cannot lie for long.
pub fn documentation() -> String {
    let mut text = TEXT.to_owned();
    section(&mut text, "contracts", CONTRACTS, &TABLE);
    text
}

const CONTRACTS: &str = "CSV or TOML `[[contract]]`: the contracts of *campaigns* as booking programs give them out. Example: `config/sample/contracts.csv`.
Rows of one code are one contract with its places and versions. What was delivered: `lichphat report contracts`.

A screen that it was sold on and that none of its clips fits owes what was sold all the same: the report says that no clip fits. A contract that has begun keeps what it was sold with. Its last day may move, today or later and while it is not over; title,
advertiser, tags and the clips of its versions may be others (a clip is shown once it is approved). What is sold besides gets a code of its own.

What `exclusive` looks at: contracts of the same category, when one of them is brought, on every day on which a screen changes its
units or comes and goes, as the directory has it then, and the hours of `windows`. It looks at no closures and no opening hours, at no orders
and loops, and not again when screens move later: bring the contracts once more after such a move.";

const TEXT: &str = "
## directives

TOML, one order per file. Examples: `config/directives/ihanoi-2024.toml`, `config/directives/loudspeaker-2025.toml`.
An order that has begun is amended, never edited: a file of the same code may add `[[amendment]]` and `[[override]]`
entries, from the day of import on, and correct texts; dates and quota stay. Units are codes.

| key | needed | holds |
| --- | --- | --- |
| `code`, `title` | yes | our code, also that of its campaign (`new` and `drafts` are no codes of orders: the console has pages of these names); title (`title_en`) |
| `kind` | yes | `play` or `suspend` |
| `issuer`, `source` | yes | unit that issued it; where the text comes from |
| `number`, `issued` |  | as printed |
| `from`, `to` | yes | first and last day, both included, in Hà Nội |
| `quota` | (1) | `{ plays = 10, per = \"day\", rule = \"average\", over = \"operating-days\", within = \"peak\", of = \"screen\" }`; `per`: `day`, `iso-week`, `month`, `quarter`, `year`; `rule`: `average`, `at-least`; `over`: `operating-days`, `calendar-days`; `within`: `peak`, `duty`; `of`: `screen` (each by itself), `unit` (the screens of one unit together: the unit to which the target's `link` ties them; their day's plays are shared by what each can carry) |
| `weight` | (1) | share of the local loop, where the order names no number |
| `min_gap_s` |  | least seconds between starts; at least `length_s`, which holds when it is left out |
| `priority`, `category` |  | 1 (first, default) to 3; campaigns of one category keep apart |
| `sample`, `note` |  | made up; what the reader should know |
| `[[legal_basis]]` |  | `number`, `date`, `title` |
| `[product]` | for play | `title`, `length_s` (whole seconds), `min_display` (`D0` to `D3`, `D1` when absent), `volume_percent`, `fades` (`{ in_ms = 500, out_ms = 800 }`: how its sound comes and goes) |
| `[[product.variant]]` | for play | `lang`, `shape` (`landscape`, `portrait`, `any`), `form` (`sound`, `subtitled`, `silent`, `audio`), `venue_types` (only there, and preferred there), and either `media` (SHA-256) or `file` (path from the document's directory) |
| `[[target]]` | yes | `link` (`owner` when absent), `unit` (and those below it), `venue_types`, `video` (`\"none\"` = loudspeakers), `force` (`required` yêu cầu, `assigned` giao, `requested` đề nghị, `encouraged` khuyến khích), `inferred` (the order names no number for them), `opt_in = true` (only at screens of units that have asked for it), `reason` (its words). When several fit a screen, the one that names its nearest unit decides |
| `[[episode]]` |  | of a series (never of a suspension): `number`, `from`, `[episode.product]` as `[product]` (of its length, where there is a quota); from its day on it plays in place of the one before, once it is approved; where a screen has no variant that fits or the file is not there, the one before goes on. Added at the end; what has played stays |
| `[[opt_in]]` |  | who has asked for what a target with `opt_in = true` offers: `unit`, `link`, `from`, `to` (today or later; one that is over stays over, who asks again gets a new entry), `number` of the letter |
| `[[amendment]]` |  | `kind` (`extend`: later `to`, with a `from` after the last day a further period that owes nothing from before; `raise`: `plays` from `from`; `end`: earlier `to`), `number`, `date`, `sample` |
| `[[override]]` |  | `unit`, `link`, `plays` (more than the order's, never fewer), `from`, `to`, `number` of the decision; `[[override.ended]]` under it: its end comes sooner, `to` (its new last day, today or later) and `number` of that decision |
| `[suspend]` | for suspend | `content`: what is kept off (`contract`, `local`: loop and fixed events, `order`); `in_place` (2): `blank`, `mute`, `solemn-loop`; `days`: `leave-quota` (they owe nothing) or `make-good` (what they owed is played on other days); `hours` (`18:00-22:00`, for `blank`; all day when absent). Its `from` is the day it is brought, or later |
| `[[declared]]` |  | what no screen can play: `channel`, `obliged`, `quota`, `reason` |

(1) a play order has exactly one of the two.

(2) `blank`: nothing stands in place of what is kept off; where that is the local loop, the screen stays black between what
still plays, and the safe loop does not fill in. `mute`: the content plays on without sound and counts as before; a loudspeaker
falls silent. `solemn-loop`: `[product]` takes the place of the loop and of the safe loop, all day; a screen that can
play none of its variants stays black. A day of which some hours are left in which an order counts keeps its quota. What was
played before the import stays, and a minute is left for devices to hear of it.

## campaigns

TOML: contracts and local content, any number of each. Example: `config/sample/local-loop.toml`. An entry replaces the
one of its code (of a contract that has begun only what *contracts* says); to take it off, give it a last day.

| entry | keys besides `code`, `title`, `sample`, `[product]`, `[[place]]` |
| --- | --- |
| `[[contract]]` | `advertiser`, `from`, `to`, `plays_per_day` or `plays_per_hour`, `windows` (all duty when absent), `min_gap_s` (when absent the product's `length_s`, or the category's gap when that is longer), `priority` (2 or 3), `category`, `exclusive` (no other contract of the category on its screens, in its days and hours), `tags`; a table of them: *contracts* |
| `[[item]]` | `weight`: share of voice; `days = { from, to }`; `on` (`mon-fri`), `hours` (`08:00-12:00`; all duty when absent); `turn`: its place in its unit's own round, `weight` then being its plays in each round; `draft = true`: put to nobody yet, plays nowhere |
| `[[fixed]]` | `on` (`mon-fri`), `at` (`07:00`), `days` |
| `[[fallback]]` | the safe loop, without place: the first whose product fits a screen is what it shows when nothing else can be shown |
| `[category_gap_s]` | least seconds between starts of different campaigns of one category |

A place is `link`, `unit`, `venue_types`, `video`, as in a target.
";
