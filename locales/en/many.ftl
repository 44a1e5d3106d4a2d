# Something done to many screens; groups of screens.
many-act-title = Do something to many screens
many-which = Which screens
many-pick = Choose
many-picked = Those ticked on this page
many-all = { $n ->
    [one] The { $n_t } screen of this filter
   *[other] All { $n_t } screens of this filter
}
many-none-picked = No screen is ticked. Go back to the page of screens and tick some, or take all of the filter.
many-what = What to do
many-next = Continue
many-next-hint = Nothing changes yet: the next step shows it screen by screen.
many-do-identify = Show names on screens
many-do-screenshot = Take pictures
many-do-restart = Restart players
many-do-volume = Set the volume
many-do-close = Closure or repair
many-do-move = Move to another unit
many-do-group = Keep as a group
many-chosen = { $n ->
    [one] { $n_t } screen chosen.
   *[other] { $n_t } screens chosen.
}
many-will-identify = { $n ->
    [one] Show the name on { $n_t } screen.
   *[other] Show names on { $n_t } screens.
}
many-will-screenshot = { $n ->
    [one] Take a picture of { $n_t } screen.
   *[other] Take pictures of { $n_t } screens.
}
many-will-restart = { $n ->
    [one] Restart the player of { $n_t } screen.
   *[other] Restart the players of { $n_t } screens.
}
many-will-volume = { $n ->
    [one] Set the volume of { $n_t } screen to { $percent } % of what is allowed.
   *[other] Set the volume of { $n_t } screens to { $percent } % of what is allowed.
}
many-will-close = { $n ->
    [one] Close { $n_t } screen from { $from } to { $to }: { $reason }
   *[other] Close { $n_t } screens from { $from } to { $to }: { $reason }
}
many-will-move = { $n ->
    [one] Move { $n_t } screen to { $unit } ({ $link }) from { $from }.
   *[other] Move { $n_t } screens to { $unit } ({ $link }) from { $from }.
}
many-left-out = { $n ->
    [one] { $n_t } screen is left out: { $why }.
   *[other] { $n_t } screens are left out: { $why }.
}
many-refused-not-yours = you have no role there
many-refused-no-player = no player of ours is there
many-refused-too-many = too many commands wait for its player
many-refused-clash = another closure begins at the same time
many-refused-same = it is so already
many-refused-changed = gone, or changed by somebody since
many-can-undo = Can be undone for 60 minutes.
many-can-reopen = Can be opened again at any time until the closure is over. What was closed until then stays closed.
many-reopen-until = Can be opened again until { $time }. What was closed until then stays closed.
many-means-title = What this means for orders
many-means-none = No order asks a number of plays in these days.
many-means-too-many = Too many days and screens to reckon ahead; reports will tell.
many-means-less = { $order }: { $n ->
    [one] { $n_t } screen owes
   *[other] { $n_t } screens owe
} { $after_t } plays to the order's end in place of { $before_t }. A day that is closed as a whole owes nothing.
many-means-same = { $order }: { $n ->
    [one] { $n_t } screen still owes
   *[other] { $n_t } screens still owe
} all { $before_t } plays to the order's end, in the hours that are left.
many-means-unit = { $order }: its number is one of a whole unit, so what { $n ->
    [one] this { $n_t } screen does not play, others have to
   *[other] these { $n_t } screens do not play, others have to
}.
unit-close-title = Close the whole unit
unit-close = { $n ->
    [one] Close the unit's { $n_t } screen
   *[other] Close the unit's { $n_t } screens
}
many-cannot-undo = This cannot be undone.
many-confirm = Do it
many-cancel = Cancel
many-peak = { $n ->
    [one] { $n_t } screen is in its peak hours and will stop for some seconds. Restart all of them now nevertheless.
   *[other] { $n_t } screens are in their peak hours and will stop for some seconds. Restart all of them now nevertheless.
}
many-peak-needed = These are peak hours: tick the box to confirm, or do it later.
many-changed = The list has changed since you looked, so nothing was done. Look again and press once more.
many-nothing = There is no screen left to do it to.
many-list = The screens
many-list-csv = Download exactly this list (CSV)
many-more = { $n ->
    [one] { $n_t } more screen is in the CSV file.
   *[other] { $n_t } more screens are in the CSV file.
}
many-hash = The list's hash:
many-done-title = Done to many screens
many-done-one = Result
many-done-none = Nothing yet. Tick screens on the page of screens to begin.
many-receipts = What the players answered
many-answers = { $said }: { $n_t }
many-line-done = entered
many-undo = Undo
many-undo-until = Can be undone until { $time }.
many-undo-over = It cannot be undone any more: 60 minutes have passed, or it was undone already.
many-undo-nothing = There is nothing left to undo: the screens were changed since, or you have no role there.
many-undo-busy = Somebody has just changed something, so nothing was undone. Press once more.
many-taken-back = Undone: { $what }
many-undoes = See what was undone
many-undone = Undone: see the result
screens-by-percent = Volume, % of what is allowed (0–100)
screens-by-close_from = From (day)
screens-by-close_from_time = From (time; empty: the whole day; today: from now on)
screens-by-close_to = To the end of (day)
screens-by-close_to_time = To (time; empty: the end of the day)
screens-by-reason = Reason
screens-by-move_link = Link
screens-by-move_unit = New unit (code or name)
screens-by-move_from = From (day)
screens-by-name = Name of the group
screens-by-share = Shared with the unit (empty: you alone)
groups-title = Groups of screens
groups-all = All screens
groups-hint = A group keeps a filter, asked anew each time, or a fixed list.
groups-keep = Keep this filter as a group
groups-keep-button = Keep the group
groups-filter = by a filter
groups-own = your own
groups-rename = Rename
groups-remove = Remove the group
groups-typed = You wrote:
groups-changed = Somebody has just changed or removed this group, so nothing was kept. This is the newest state.
groups-full = An account may have { $n_t } groups. Remove some.
error-unknown-draft-title = The list is gone
error-unknown-draft = What was chosen is not kept any more: 30 minutes have passed, it is done, or the server was started again. Nothing more has changed.
error-unknown-draft-mend = Choose again on the page of screens.
