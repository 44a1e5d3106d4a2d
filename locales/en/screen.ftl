# A screen: what it shows now, the next seven days, closures and repairs, who did what.
screen-now-title = Now
screen-stands = { $state }
screen-stands-since = { $state }, since { $at }
screen-now-said = The player has reported that it plays:
screen-now-plan = By its plan it plays:
screen-now-should = It should be playing:
screen-now-gap = The plan is empty now: the screen shows its safe loop.
screen-now-empty = The plan is empty now.
screen-now-off = The screen has nothing to play now.
screen-now-none = There is no plan for today yet.
screen-now-unmanaged = Somebody else plays on this screen, or nobody: what it shows now is not known.
note-not-in-service = On this day the screen is not in service yet, or no longer.
screen-now-closed = Closed until { $until }: { $reason }
screen-reported = Newest play that the player has reported: { $title } at { $time } – { $state }. It reports every 15 minutes.
screen-reported-none = The player has reported no play today.
screen-shot-none = The picture beside is what the plan has. To see the screen itself, take a screenshot.
screen-shot-never = There is no picture of the screen yet.
screen-week-link = Next 7 days, closures and repairs
screen-history-link = Who did what
week-title = Next 7 days
week-duty = Duty hours:
week-planned = Planned.
week-no-plan = Not planned yet.
week-day-off = Day off: { $name }
week-workday = Working day in exchange: { $name }
week-plays = { $planned ->
    [one] 1 play
   *[other] { $planned_t } plays
  }
week-plays-short = { $planned_t } of { $asked_t } plays, there is no room for more
week-local = Content of the place
week-items = { $n ->
    [one] 1 item, between the others
   *[other] { $n_t } items, between the others
  }
week-unapproved = Not approved, so not played:
week-closures = Closures and repairs
week-closures-none = No closure of this screen alone is on or to come.
week-closure = { $when }: { $reason } ({ $author })
week-close = Enter a closure or repair
week-close-about = A day that is closed whole owes nothing. A day closed for some hours still owes its number, in the hours that are left; so does a day that is opened again. Who entered it, and when, is in the log.
week-close-now = Enter
week-take-back = Take this closure back
week-end-now = Open again now
week-changed = Something else was changed just now. Look again, and send it once more.
week-clash = A closure begins at this very minute already. Take that one back first, or write it a minute apart.
history-title = Who did what
history-about = What was done about this screen, newest first, from the log that nobody can change.
history-none = No command, closure or change of its player has been entered here for this screen. Files that were imported on the server's command line are not in this list.
history-caption = Deeds
history-who = Who
history-what = What
history-entry = entry of the log
history-older = Older
act-command = Asked the player
act-close = Entered a closure or repair
act-reopen = Took a closure back
act-many = Done to many screens
act-many-undo = Taken back for many screens
act-import = Brought data by a file
act-device = A player came into service
act-device-end = A player left service
kept-title = Orders since they began
kept-none = No order asks a number of plays of this screen at present.
kept-caption = Each order on this screen: plays owed to the end of yesterday, planned to the end of today, the other numbers up to now.
kept-owed = Owed
kept-planned = Planned
kept-shown = Played
kept-counted = Counted
kept-made-good = Made good
kept-end-title = Met or short
kept-of-unit = The number is owed by the unit as a whole.
kept-met = Met after { $days ->
    [one] 1 day
   *[other] { $days_t } days
  }.
kept-short = { $short_t } short after { $days ->
    [one] 1 day
   *[other] { $days_t } days
  }.
kept-waiting = { $short_t } short after { $days ->
    [one] 1 day
   *[other] { $days_t } days
  }; play logs are still to come.
kept-inferred = { $short_t } short after { $days ->
    [one] 1 day
   *[other] { $days_t } days
  }; the order names no number for this place.
kept-why = { $cause }: { $n ->
    [one] 1 play
   *[other] { $n_t } plays
  }
kept-end = By the end of { $day } it owes { $owed ->
    [one] 1 play
   *[other] { $owed_t } plays
  }; the plans of the coming days have { $ahead_t }.
kept-end-unit = By the end of { $day } the number is owed by { $unit } as a whole; the plans of the coming days of this screen have { $ahead_t }.
kept-ends-met = It will be met, if the coming days are played as planned.
kept-ends-open = Nobody can tell: the screen is not heard.
kept-ends-short = { $n ->
    [one] 1 play
   *[other] { $n_t } plays
  } will be missing.
kept-ends-met-unit = The unit will meet it.
kept-ends-open-unit = Nobody can tell whether the unit will meet it: screens of it are not heard.
kept-ends-short-unit = The unit will lack { $n ->
    [one] 1 play
   *[other] { $n_t } plays
  }.
