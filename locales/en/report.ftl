# Reports: on a page, in files and on paper.
report-span-day = { $from }
report-span-week = week of { $from } to { $to }
report-span-month = month { $month } of { $year }
report-span-quarter = quarter { $quarter } of { $year }
report-span-6-months = first 6 months of { $year }
report-span-9-months = first 9 months of { $year }
report-span-year = year { $year }
report-span-days = { $from } to { $to } inclusive

report-title = How communication content was played on screens of the whole city, { $span }
report-title-unit = How communication content was played on screens of { $unit }, { $span }
report-title-unit-by = How communication content was played on screens of { $unit } (by { $link }), { $span }
report-title-venue = kind of place: { $venue }

report-state-running = Provisional: the period has not ended; figures made on { $day }.
report-state-provisional = Provisional: figures made on { $day }, not closed.
report-state-closed = Closed at { $time } by account { $by }.
report-state-supplement = Supplement no. { $number }, closed at { $time } by account { $by }. It stands in place of the report with the hash { $of }.

report-part-whole = Overall result
report-part-split = By binding force, kind of place and unit
report-part-why = Why plays are missing, why plays do not count
report-part-off = Closures and days excused
report-part-seen = What inspectors saw
report-part-raised = Units that raised the frequency
report-part-changes = What is another than when it was closed
report-changes-beside = No figure has changed. Something else has: times off, what inspectors saw, copied devices or explanations.
report-part-explanations = Explanations of units
report-part-screens = Every screen
report-part-ground = What the figures rest on

report-no-orders = No order of this period names a number of plays.
report-order-number = { $about } (document no. { $number })
report-screens = { $existing ->
   [one] 1 screen is bound
   *[other] { $existing_t } screens are bound
  }: { $reporting_t } with play logs, { $declared_t } with declared plays only, { $silent_t } silent.
report-who = Where the order says “{ $force }”
report-who-inferred = Where the order says “{ $force }” and names no number (inferred number)
report-nothing-required = The order requires or assigns nothing of a place in this report.
report-beside = Apart. { $words }
report-nothing-due = { $who }: no day of duty of the period has ended yet, so nothing is met or short.
report-divided = The number is for all screens of a unit together and cannot be divided. This report has { $screens ->
   [one] 1 screen
   *[other] { $screens_t } screens
  } of units that it does not hold whole, with { $counted ->
   [one] 1 counted play
   *[other] { $counted_t } counted plays
  }; nothing is said of met or short there. To see the number, choose no kind of place and no link.
report-suspended = Suspended from { $from } to { $to } on { $n ->
   [one] 1 screen
   *[other] { $n_t } screens
  }, by { $order }.
report-part-of-units = A part of a unit, with no number of its own
report-copied = { $n ->
   [one] 1 screen has a device that was copied
   *[other] { $n_t } screens have devices that were copied
  } ({ $screens }): two logs under one identity. What counts is counted as above, but from then on nobody who verifies can take a play of it as proven. Ask the administrator of the system to find the copy and switch it off, and pair the device again on the page “Pair a box”.
report-copied-more = { $n ->
   [one] 1 screen has a device that was copied
   *[other] { $n_t } screens have devices that were copied
  } ({ $screens } and { $more_t } more): two logs under one identity. What counts is counted as above, but from then on nobody who verifies can take a play of them as proven. Ask the administrator of the system to find the copy and switch it off, and pair the device again on the page “Pair a box”.
report-tag-copied = device copied
report-met-unproven = { $met }, but not proven
report-of-units-note = “–”: the number is for the whole unit, not for a kind of place or a single screen. So is its force (the strongest of its screens), and none is written beside a kind of place.
report-kept = { $who }: { $due ->
   [one] of 1 screen
   *[other] of { $due_t } screens
  } with days of duty that have passed, { $met_t } met the target and { $short_t } fell short, by { $plays_t } plays together.
report-kept-units = { $who }: { $due ->
   [one] of 1 unit
   *[other] of { $due_t } units
  } with days of duty that have passed, { $met_t } met the target and { $short_t } fell short, by { $plays_t } plays together.
report-plays = Owed so far: { $owed_t } plays; counted: { $counted_t }, of which { $madegood_t } made good. Outside the hours, apart: { $outside_t }.
report-refused = Not counted: { $refused_t } plays; unclear: { $unknown_t }.
report-declared = Others declare { $said ->
   [one] 1 play
   *[other] { $said_t } plays
  }: not proven, no part of what counts.
report-pending = { $pending ->
   [one] 1 scheduled play has
   *[other] { $pending_t } scheduled plays have
  } no log yet that may still come.
report-inferred = { $force }, inferred number
report-inferred-note = “Inferred number”: the order names none for these places; the target is there to watch only. Falling short there is no breach.
report-no-unit = no unit
report-late = Of the plays that were confirmed, the log of { $n ->
   [one] 1 play
   *[other] { $n_t } plays
  } came more than a day late.
report-explained = { $unit } – { $time }, account { $by }
report-explanations-note = An explanation is the unit's own word and changes no figure.

report-off-none = No closure of these screens was entered for the period.
report-off-note = “Days excused”: days on which a screen was closed all day, of all screens together; nothing had to be played on them. A day of two closures stands in both rows. Who makes a running closure longer leaves the time of entry as it was. A part of a day excuses no day. A closure counts from its entry on: what was owed before it stays owed.
report-off-unit = { $unit } (by { $link }): { $n ->
   [one] 1 screen
   *[other] { $n_t } screens
  } of the report
report-off-screens = { $n_t } screens: { $screens }
report-off-screens-more = { $n_t } screens: { $screens } and { $more_t } more
report-off-codes-more = { $screens } and { $n_t } more (see the JSON file)
report-off-days = { $from } to { $to } inclusive
report-off-account = { $time }, account { $by }
report-off-account-for = { $time }, account { $by }, on the word of { $author }
report-off-shell = { $time }, on the server itself, on the word of { $author }
report-off-before = Entered beforehand
report-off-meanwhile = Entered after it had begun: excuses only what came after
report-off-afterwards = Entered when it was over: excuses nothing

report-seen-none = No play of this report's campaigns and screens was drawn for anybody to look at.
report-seen-nothing = Nothing has been reported of the period yet.
report-seen-sample = Sample { $draw } of “{ $order }”, drawn from { $of }, { $from } to { $to } inclusive: { $drawn ->
   [one] 1 play is
   *[other] { $drawn_t } plays are
  } of this report; { $looked_t } looked at, { $bad_t } of them wrong; { $not_t } that nobody could look at; { $open_t } without a result yet.
report-seen-planned = plans
report-seen-counted = plays that were counted
report-seen-note = A result is the word of who went to look, stated in the log of evidence; it changes no figure. What was wrong is marked in the list of screens, too.
report-seen-as-expected = As expected
report-seen-other-picture = Another picture
report-seen-dark = Dark screen
report-seen-could-not-look = Could not look
report-tag-seen-bad = seen wrong by an inspector
report-looked-well = Inspectors looked at { $looked ->
   [one] 1 play
   *[other] { $looked_t } plays
  } of samples: nothing was wrong.
report-looked-bad = Inspectors looked at { $looked ->
   [one] 1 play
   *[other] { $looked_t } plays
  } of samples: { $bad_t } wrong (a dark screen, or another picture), on { $n ->
   [one] 1 screen
   *[other] { $n_t } screens
  }.

report-simulated = { $n ->
   [one] 1 screen of this report has a simulated device
   *[other] { $n_t } screens of this report have simulated devices
  }: figures to show the system with, of no real screen.
report-entries = The figures are sums of the first { $n_t } entries of the log of evidence, and of nothing else.
report-revisions = Units, screens and hours as of update { $directory } of the directory; orders as of update { $campaigns }.
report-checkpoint = Checkpoint of the log { $origin }: { $size } entries, root { $root }. It covers all of them.
report-checkpoint-behind = Checkpoint of the log { $origin }: { $size } entries, root { $root }. { $beyond ->
   [one] 1 newer entry has
   *[other] { $beyond_t } newer entries have
  } no checkpoint yet.
report-no-checkpoint = The log has published no checkpoint yet.
report-hash = SHA-256 of the report's data: { $hash }. Its JSON file has just this hash.
report-rule-counted = A play counts when the record its device signed meets the rule: whole, as planned, within the hours, with the display level asked for.
report-rule-waits = A play without a log is waited for { $n ->
   [one] 1 day
   *[other] { $n_t } days
  }, then it is missing.
report-rule-overlap = A screen can be bound by several orders; each is counted by itself, and orders are not added up.

report-table-forces = Binding force
report-table-forces-of = Binding force
report-table-forces-caption = By binding force of the order; the forces are not added up
report-table-venues = Kinds of place
report-table-venues-of = Kind of place
report-table-venues-caption = By kind of place
report-table-units = Units
report-table-units-of = Unit
report-table-units-caption = By unit; what is required first, and of that those with most missing
report-table-causes = Why missing
report-table-causes-caption = Causes of the plays that are missing where the order requires or assigns them
report-table-causes-beside = Why missing, apart
report-table-causes-beside-caption = Causes where the order requests, encourages or names no number
report-table-reasons = Not counted
report-table-reasons-caption = Why records do not count or are unclear, on every screen of the report
report-table-levels = Display levels
report-table-levels-caption = Counted plays by how sure it is that the panel showed them, on every screen of the report
report-table-off = Closures
report-table-off-caption = Closures of the period, those that were entered late first
report-table-seen = Samples
report-table-seen-caption = Plays that inspectors saw wrong, or could not look at
report-table-looked = Looked at
report-table-looked-caption = Every play of samples with a result, what was wrong first
report-table-raised = Raised numbers
report-table-raised-caption = Held to the city's number, beside the number the unit raised it to
report-table-changes = Changes
report-table-changes-caption = Figures that differ from those closed before
report-table-screens = Screens
report-table-screens-caption = Every screen, those with most missing first

report-col-existing = Existing
report-col-reporting = Reporting
report-col-declared = Declared only
report-col-silent = Silent
report-col-on-duty = On duty
report-col-met = Met
report-col-short = Short
report-col-owed = Owed (plays)
report-col-counted = Counted (plays)
report-col-made-good = Of them made good
report-col-outside = Outside the hours
report-col-late = Late
report-col-not-counted = Not counted
report-col-unknown = Unclear
report-col-declared-plays = Declared by others
report-col-pending = Log awaited
report-col-missed = Without a log
report-col-short-plays = Missing (plays)
report-col-d0 = Level D0
report-col-d1 = Level D1
report-col-d2 = Level D2
report-col-d3 = Level D3
report-col-days = Days of duty
report-col-days-at-target = Days at target
report-col-days-at-zero = Days without a play
report-col-cause = Cause
report-col-plays = Plays
report-col-screens-short = Short mainly for this
report-col-mend = What to do
report-col-reason = Reason
report-col-level = Display level
report-col-raised-unit = Unit
report-col-decision = Decision no.
report-col-raised-days = Days
report-col-city-plays = The city's number
report-col-own-plays = The unit's number
report-col-due = On duty
report-col-met-city = Met, the city's number
report-col-met-own = Met, the unit's number
report-col-owed-city = Owed, the city's
report-col-owed-own = Owed, the unit's
report-col-changed = Screen or unit
report-col-figure = Figure
report-col-before = As closed
report-col-after = Now
report-col-order = Order
report-col-screen = Screen
report-col-code = Code
report-col-unit = Unit
report-col-venue = Kind of place
report-col-force = Binding force
report-col-kind = Device
report-col-standing = Standing
report-col-mean = Mean a day
report-col-result = Result
report-col-off-what = Screens or unit
report-col-off-time = Time
report-col-off-why = Why
report-col-off-entered = Entered when, by whom
report-col-off-ahead = Beforehand or late
report-col-off-days = Days excused
report-col-codes = Codes of the screens
report-col-seen-play = Play at
report-col-seen = Seen
report-col-seen-by = Who looked
report-col-seen-at = When
report-col-seen-note = Note
report-col-seen-photo = SHA-256 of the photograph
report-col-seen-draw = Sample

report-raised-days = { $from } to { $to } inclusive
report-raised-from = from { $from } to the end of the order

report-mail-subject = Report: { $title }
report-mail-body = { $title }
    { $state }

    The files are all of the same figures. SHA-256 of the data: { $hash }.
    This mail was sent by the rule “{ $rule }” of the lichphat server.

report-none = None.
report-more-rows = { $n ->
   [one] 1 more row stands
   *[other] { $n_t } more rows stand
  } in the workbook of this report.
report-sheet-summary = Summary
