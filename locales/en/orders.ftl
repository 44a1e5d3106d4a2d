# Orders: the list, each of them, writing and signing.
nav-orders = Orders
orders-title = Orders
orders-lead = The city's orders to play, and to stop playing, on screens.
orders-none = There is no order yet.
orders-caption = Orders that run come first, then those to come, then those that are over.
orders-col-order = Order
orders-col-phase = Stands
orders-col-force = Force
orders-col-quota = Quota
orders-col-approval = Content approved
orders-phase-upcoming = to come
orders-phase-running = running
orders-phase-paused = between two periods
orders-phase-ended = over
orders-phase-suspended = suspended
orders-suspends = Stops playing
orders-no-number = No number of plays
orders-approval-none = nothing to approve
orders-approval-missing = not put up for approval
orders-suspensions = Suspensions that touch it
orders-delivery = On its way to the screens
orders-delivery-working = Counting the screens that have played it.
orders-delivery-nobody = No screen of ours had to play this order on its first day.
orders-delivery-so-far = { $reached_t } of { $n ->
    [one] { $n_t } screen has
   *[other] { $n_t } screens have
} had a first counted play; { $share } % are { $needed_t }.
orders-delivery-done = After { $length }, { $needed_t } of { $n ->
    [one] { $n_t } screen
   *[other] { $n_t } screens
} ({ $share } %) had a first counted play.
orders-delivery-done-within = In less than { $length }, { $needed_t } of { $n ->
    [one] { $n_t } screen
   *[other] { $n_t } screens
} ({ $share } %) had a first counted play.
orders-delivery-since = Counted from 0:00 on { $day }, on the screens that we play on. Only plays whose log was verified count.
orders-length = { $hours_t } h { $minutes_t } min
orders-step-hours = { $hours ->
    [one] After { $hours_t } hour
   *[other] After { $hours_t } hours
}
orders-step-reached = { $n_t } ({ $percent } %)
orders-says = What it says
orders-issuer = Issued by
orders-number = Number
orders-issued = Day of issue
orders-not-printed = left blank where it was published
orders-days = Days
orders-quota = Quota
orders-weight = No number of plays: a share of { $weight } in the local loop
orders-suspension = Suspension
orders-terms = Off: { $content }; in place: { $place }; quotas: { $days }; { $hours }.
orders-all-day = all day
orders-product = Product
orders-product-text = { $title }, { $seconds ->
    [one] { $seconds_t } second
   *[other] { $seconds_t } seconds
}
orders-gap = Gap
orders-gap-text = two plays at least { $gap } apart
orders-source = Source
orders-note = Note
orders-basis = Legal basis
orders-basis-dated = { $number } of { $day }: { $title }
orders-basis-undated = { $number }: { $title }
orders-binds = Whom it binds
orders-binds-nobody = It names no screen.
orders-inferred = { $force }, without a number
orders-variants = Versions
orders-no-file = no file yet
orders-only-at = Only at: { $venues }
orders-lang-vi = Vietnamese
orders-lang-en = English
orders-shape-landscape = landscape
orders-shape-portrait = portrait
orders-shape-any = any screen
orders-form-sound = with sound
orders-form-subtitled = with sound and subtitles
orders-form-silent = silent
orders-form-audio = sound alone
orders-changes = Amendments and raises
orders-extended = { $number }: extended to the end of { $to }
orders-raised = { $number }: raised to { $plays_t } plays from { $from }
orders-ended = { $number }: ends on { $to }
orders-override = { $unit }: { $rule }, from { $from } to { $to } ({ $number })
orders-to-the-end = the end of the order
orders-declared = What no screen plays
orders-links = Go on
orders-figures = How it is carried out
