# Today: what to do, whether orders will be met, how screens are, the map of the last days.
today-do = To do now
today-calm = Nothing has to be done now.
today-more = { $n ->
    [one] One more thing
   *[other] { $n_t } more things
}
today-states = Screens right now
today-orders = Will the orders be met?
today-decide = Decide
today-see = { $n ->
    [one] See the screen
   *[other] See { $n_t } screens
}
today-see-one = See the screen
today-look-ahead = Look ahead
today-look = Look
today-see-order = See the order
today-see-approvals = See approvals
today-nobody = a place nobody answers for
today-since = since { $at }
today-since-day = since { $at }
today-thing-panel-off = { $n ->
    [one] One screen at { $place } is off in its hours.
   *[other] { $n_t } screens at { $place } are off in their hours.
}
today-mend-panel-off = Switch the screen on; look after its power and its signal cable.
today-thing-nothing-shown = { $n ->
    [one] One screen at { $place } has played nothing { $since }.
   *[other] { $n_t } screens at { $place } have played nothing { $since }.
}
today-mend-nothing-shown = Look at the screen's page for faults, then let its player start again.
today-thing-unheard = { $n ->
    [one] One screen at { $place } is offline { $since }.
   *[other] { $n_t } screens at { $place } are offline { $since }.
}
today-mend-unheard = Look after power and network there; the play log comes by itself once the network is back.
today-thing-no-records = { $n ->
    [one] One screen at { $place } has sent no play log { $since }.
   *[other] { $n_t } screens at { $place } have sent no play log { $since }.
}
today-mend-no-records = Have somebody look at the box; if the screen is gone, correct the list of screens.
today-thing-no-device = { $n ->
    [one] One screen at { $place } has no player registered yet.
   *[other] { $n_t } screens at { $place } have no player registered yet.
}
today-mend-no-device = Install a box and pair it with the screen.
today-thing-short = { $n ->
    [one] One screen at { $place } will be short of { $plays_t } plays today.
   *[other] { $n_t } screens at { $place } will be short of { $plays_t } plays today.
}
today-mend-short = Look at each screen: which plays do not count, and why.
today-thing-not-approved = { $n ->
    [one] { $n_t } screen at { $place } will lack { $plays_t } plays today: nobody has approved what is to be shown.
   *[other] { $n_t } screens at { $place } will lack { $plays_t } plays today: nobody has approved what is to be shown.
}
today-mend-not-approved = Approve it, or remind who may: once it is approved the day is planned anew at once.
today-thing-unapproved = { $order }: { $n ->
    [one] nobody has approved it for one screen, which lacks { $plays_t } plays today.
   *[other] nobody has approved it for { $n_t } screens, which lack { $plays_t } plays today.
}
today-thing-no-room = { $n ->
    [one] { $order }: one screen has no room in its hours today and lacks { $plays_t } plays.
   *[other] { $order }: { $n_t } screens have no room in their hours today and lack { $plays_t } plays.
}
today-mend-no-room = Take other content out of the peak hours, or change the number.
today-when-day = Today
today-when-week = This week
today-when-end = Until { $day }
state-dark = dark
state-offline = offline
today-count-silent = no news
state-silent = silent for days
state-behind = short today
state-ok = playing well
state-off-duty = outside their hours
state-unmanaged = not managed by this system
fate-none = Nothing has to be played.
fate-met = { $due ->
    [one] The one screen will meet it.
   *[other] All { $due_t } screens will meet it.
}
fate-met-units = { $due ->
    [one] The one unit will meet it.
   *[other] All { $due_t } units will meet it.
}
fate-open = { $open ->
    [one] { $met_t } of { $due_t } screens will meet it. One is offline, so nobody can tell.
   *[other] { $met_t } of { $due_t } screens will meet it. { $open_t } are offline, so nobody can tell.
}
fate-open-units = { $open ->
    [one] { $met_t } of { $due_t } units will meet it. One has screens offline, so nobody can tell.
   *[other] { $met_t } of { $due_t } units will meet it. { $open_t } have screens offline, so nobody can tell.
}
fate-short = { $short_t } of { $due_t } screens will be short, by { $plays_t } plays in all.
fate-short-units = { $short_t } of { $due_t } units will be short, by { $plays_t } plays in all.
fate-short-open = { $short_t } of { $due_t } screens will be short, by { $plays_t } plays in all. { $open_t } offline, so nobody can tell.
fate-short-open-units = { $short_t } of { $due_t } units will be short, by { $plays_t } plays in all. { $open_t } with screens offline, so nobody can tell.
heat-title = The last days: { $order }
heat-caption = Per cent of the day's number that counted: ✓ all, ! nearly, ✗ far from it, … logs awaited, – nothing to play. The largest gaps come first; a square leads to its day.
heat-days = { $order }: { $counted_t } of { $owed_t } plays owed on these days, today included, have counted. Each bar is a day: the dark part counted, the whole bar was owed.
heat-unit = Unit
heat-screen = Screen
heat-pages = Pages of the map
unit-day-today = Back to today
screens-of-state = Only screens: { $state }
