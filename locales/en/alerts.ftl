# Alerts: who is told of what, and when.
nav-alerts = Alerts
alerts-title = Alerts
alerts-lead = Screens that are dark or offline in their hours are told once for each place: after some minutes, on a metered line after 25 minutes, on vehicles after 4 hours; one that is heard and plays nothing, after 45 minutes.
alerts-open = Happening now
alerts-none = No place is dark or offline.
alerts-over = Over, in the last 24 hours
alerts-see = See the screens
alerts-take = I take it
alerts-taken = { $by } took it at { $at }.
alerts-over-at = Over at { $at }.
alerts-taken-already = Somebody has taken it already, or it is over. The list below is the newest.
alerts-mine = Tell me
alerts-unset = This server is connected to no mail server yet, so nothing can be sent. Ask an administrator (docs/alerts.md); what you choose is kept.
alerts-email = E-mail
alerts-webhook = Address of a program (webhook)
alerts-dark = Screens that are dark or offline
alerts-digest = The morning's digest: what to do, which orders are short, what waits for approval
alerts-at = Time of the digest
alerts-keep = Save
alerts-kept = Saved.
alerts-bad-email = This is no e-mail address. Write one, for example: lan@phuong.example.vn
alerts-bad-webhook = The webhook's address is below none of those that the server allows. Ask an administrator (webhooks in [alerts]).
alerts-bad-time = This is no time. Write hours:minutes, for example: 07:30
alerts-no-way = Write an e-mail address, or nobody can tell you.
alert-subject = { $n ->
    [one] One screen is not well: { $place }
   *[other] { $n_t } screens are not well: { $place }
}
alert-subject-many = { $n_t } screens are not well: { $place } and { $more ->
    [one] one more place
   *[other] { $more_t } more places
}
alert-subject-over = Well again: { $place }
alert-new = NEW
alert-again = STILL SO, AND NOBODY HAS TAKEN IT
alert-over = WELL AGAIN
alert-more = { $n ->
    [one] … and one more place.
   *[other] … and { $n_t } more places.
}
alert-screens = { $screens }{ $n ->
    [0] .
    [one] {" "}and one more screen.
   *[other] {" "}and { $n_t } more screens.
}
alert-link = See it and take it: { $link }
alert-foot = Change alerts, or switch them off, on the page "Alerts" of the playout system.
alert-digest-subject = Playout on { $day }: what to do
alert-digest-do = TO DO
alert-digest-orders = ORDERS BY THE END OF YESTERDAY
alert-order-met = { $order }: { $due ->
    [one] the one screen has met it.
   *[other] all { $due_t } screens have met it.
}
alert-order-short = { $order }: { $short_t } of { $due_t } screens are short.
