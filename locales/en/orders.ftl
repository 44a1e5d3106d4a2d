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
orders-delivery-chart = Screens with a counted play after so many hours; a whole bar is every screen.
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
orders-episode = Episode { $number }, from { $from }
orders-asked = { $unit } has asked for it, from { $from } to { $to } ({ $number })
orders-only-asked = only at screens of units that have asked for it
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

# Writing, putting and signing.
orders-drafts = Drafts
orders-untitled = (no title yet)
orders-written = written by { $by } at { $time }, revision { $revision_t }
orders-draft-writing = being written
orders-draft-put = waits to be signed
orders-draft-published = published
orders-draft-refused = sent back
orders-draft-dropped = dropped
orders-decide = Putting and signing
orders-two-people = An order is in force when two people have said yes, of whom at most one has written it. Who puts it says yes first. A draft that is changed has to be put anew.
orders-wrong = Still to be mended before it is put:
orders-to-order = Open the order
orders-edit = Change the draft
orders-put = Put it to be signed
orders-approve = Agree and publish
orders-refuse = Send it back
orders-weak = Who may sign has to sign in with six digits or a passkey.
orders-drop = Drop the draft
orders-drop-now = Drop this draft for good
orders-document = Download the order as a file (TOML)
orders-new-title = Write an order
orders-new-suspension = Write a suspension
orders-edit-title = Change the draft of an order
orders-edit-suspension = Change the draft of a suspension
orders-form-lead = Save as far as you have come: a draft is not in force before two people have signed it.
orders-needed = needed
orders-save = Save the draft
orders-more = Add a row
orders-look = Look ahead
orders-look-title = If it is published
orders-look-empty = Fill in what is needed, then look ahead: how many screens it binds, and whether there is room.
orders-look-wrong = { $n ->
    [one] One place has to be filled in or mended.
   *[other] { $n_t } places have to be filled in or mended.
}
orders-look-screens = { $n ->
    [one] It binds one screen.
   *[other] It binds { $n_t } screens.
}
orders-look-good = It asks for no number of plays, so no room has to be worked out.
orders-reaches = { $n ->
    [one] { $n_t } screen
   *[other] { $n_t } screens
}
orders-file = { $name } ({ $seconds ->
    [one] { $seconds_t } second
   *[other] { $seconds_t } seconds
})
orders-meanwhile = While you were writing, somebody else saved. What they changed is in the form below{ $n ->
    [0] .
    [one] ; in one place you both wrote something else: yours stands there, and theirs is told below it.
   *[other] ; in { $n_t } places you both wrote something else: yours stands there, and theirs is told below it.
} Look at it, then save.
orders-theirs = They wrote: { $text }
orders-theirs-empty = They emptied this field.
orders-s-head = The order
orders-s-days = Days
orders-s-basis = Legal basis { $n }
orders-s-target = Whom it binds, line { $n }
orders-s-target-hint = Where several lines fit a screen, the one that names its nearest unit decides.
orders-s-quota = Quota
orders-s-product = Product
orders-s-variant = Version { $n }
orders-s-suspend = Suspension
orders-s-more = More
orders-f-code = Code
orders-f-code-hint = Plain letters, digits, dashes: for-example-2026
orders-f-title = Title
orders-f-title-en = English title
orders-f-kind = Kind
orders-f-sample = Made up to show something
orders-f-issuer = Issued by
orders-f-issuer-hint = Name or code of the unit
orders-f-number = Number
orders-f-issued = Day of issue
orders-f-from = First day
orders-from-tomorrow = Tomorrow at the earliest
orders-f-to = Last day, included
orders-f-source = Source
orders-f-source-hint = Where this text comes from
orders-f-note = Note
orders-f-quota = Quota
orders-f-quota-plays = Plays
orders-f-quota-per = In each
orders-f-quota-rule = Meant as
orders-f-quota-within = Counted within
orders-f-quota-of = Counted for
orders-f-quota-over = Shared by
orders-f-min-gap-s = Least seconds between two plays
orders-f-weight = No number of plays: its share in the local loop
orders-f-weight-hint = Only where the number of plays is left empty
orders-f-priority = Priority, 1 to 3
orders-f-category = Category
orders-f-product = Product
orders-f-product-title = Title of the product
orders-f-product-length-s = Length (seconds)
orders-f-product-min-display = Least display level
orders-f-product-volume-percent = Loudness (per cent)
orders-f-product-fades = Fades
orders-f-product-fades-in-ms = Sound fades in (milliseconds)
orders-f-product-fades-out-ms = Sound fades out (milliseconds)
orders-f-product-variant = Versions
orders-f-product-variant-media = File of the library
orders-f-product-variant-media-hint = Its name or SHA-256. A new file is uploaded under Own content
orders-f-product-variant-lang = Language
orders-f-product-variant-shape = Shape of the screen
orders-f-product-variant-form = Sound and subtitles
orders-f-product-variant-venue-types = Only at some kinds of place
orders-f-suspend = Suspension
orders-f-suspend-content = What is kept off
orders-f-suspend-in-place = In its place
orders-f-suspend-days = Quotas of these days
orders-f-suspend-hours = Within hours
orders-f-suspend-hours-hint = 18:00-22:00; empty: all day
orders-f-legal-basis-number = Number
orders-f-legal-basis-date = Date
orders-f-legal-basis-title = About
orders-f-target = Whom it binds
orders-f-target-unit = Unit, and those below it
orders-f-target-unit-hint = Name or code of the unit
orders-f-target-link = Screens by
orders-f-target-force = Force
orders-f-target-reason = The order's own words, or the place in it
orders-f-target-inferred = The order names no number for these
orders-f-target-video = Devices
orders-f-target-venue-types = Only at some kinds of place
orders-per-day = day
orders-per-iso-week = week
orders-per-month = month
orders-per-quarter = quarter
orders-per-year = year
orders-rule-average = average
orders-rule-at-least = at least, in each of them
orders-within-peak = peak hours
orders-within-duty = all hours of duty
orders-of-screen = each screen
orders-of-unit = the screens of a unit together
orders-over-operating-days = days of duty
orders-over-calendar-days = all days
orders-output-video = screens
orders-output-none = loudspeakers
orders-raise-link = Raise it for a unit
orders-raise-title = Decide a raise
orders-raise-lead = The head of a unit may decide that an order is played more often on the screens of the unit and those below it; never less.
orders-raise-no-unit = You are the head of no unit.
orders-raise-unit = Unit
orders-raise-plays = New number of plays
orders-raise-to = Last day, included (empty: the order's end)
orders-raise-number = Number of the decision
orders-raise-look = Look ahead
orders-raise-save = Decide the raise
orders-raise-shows = If it is raised
orders-raise-effect = { $n_t } of { $all ->
    [one] the unit's one screen
   *[other] the unit's { $all_t } screens
} will owe more: { $after_t } plays in place of { $before_t }.
orders-raise-fits = { $can ->
    [one] One screen can carry it.
   *[other] { $can_t } screens can carry it.
}
orders-raise-lacks = { $can_t } can carry it; { $lacks ->
    [one] one lacks
   *[other] { $lacks_t } lack
} room, by { $seconds_t } s a day.
orders-raise-others = { $n ->
    [one] Nothing can be said ahead of { $n_t } other screen: it is not played by us, nothing fits it, or it is off on the days looked at.
   *[other] Nothing can be said ahead of { $n_t } other screens: they are not played by us, nothing fits them, or they are off on the days looked at.
}
orders-said-before = The order has changed since: this yes has to be said again.
orders-raise-days = Reckoned over the days from { $from } to { $to }.
orders-raise-working = The room is being worked out; press Look ahead once more, then you can decide.
orders-raise-look-first = Press Look ahead to see what it does; the button to decide is here then.
orders-ends-title = Bring the end of a raise forward
orders-ends-lead = A raise ends sooner by a new decision. Days that were played stay as they were.
orders-end = End it sooner
orders-end-to = New last day
orders-end-save = Decide the sooner end
orders-override-ended = ends sooner, with { $to } ({ $number })
orders-override-never = given up before its first day ({ $number })
orders-extended-anew = { $number }: played again from { $from } to { $to }
orders-amend-link = Write an amendment
orders-amend-title = Write an amendment
orders-amends-title = Amendment: { $title }
orders-amends = It amends the order
orders-s-amendment = Amendment
orders-s-amendment-hint = Each amendment changes one thing. Days that are over do not change.
orders-s-declared = What no screen plays, line { $n }
orders-s-declared-hint = Press, radio, web pages …: units declare what they did, and reports keep it apart.
orders-amend-extend = extend it, or add a period
orders-amend-raise = raise the number
orders-amend-end = end it sooner
orders-f-amends = The order that is amended
orders-f-amendment = Amendment
orders-f-amendment-kind = What changes
orders-f-amendment-number = Number of the amending document
orders-f-amendment-date = Day of issue
orders-f-amendment-from = In force from
orders-f-amendment-from-hint = A raise: its first day. A further period: its first day. To extend without a gap, or to end sooner: leave it empty.
orders-f-amendment-to = Last day, included
orders-f-amendment-to-hint = To extend or to end sooner: the new last day. A raise: leave it empty.
orders-f-amendment-plays = New number of plays
orders-f-amendment-plays-hint = Only of a raise
orders-f-declared = What no screen plays
orders-f-declared-channel = Channel
orders-f-declared-channel-hint = Web pages, press, radio …
orders-f-declared-obliged = Who is bound
orders-f-declared-reason = The order's words, or the place in it
orders-f-declared-quota-plays = Number, when the order names one
orders-f-declared-quota-per = In each
orders-f-declared-quota-rule = How it is held
orders-look-over = The order is over: no day is left on which it is played.

# Refusals over HTTP.
problem-unknown-draft = There is no such draft
problem-unknown-draft-mend = check its number
problem-changed-meanwhile = Somebody else has written since you read it
problem-changed-meanwhile-mend = read it again and write over that
problem-bad-order = The draft has mistakes
problem-bad-order-mend = mend them and send it again
problem-closure-clash = Another closure begins at the same time
problem-closure-clash-mend = look at the list, then begin at another time
problem-not-seen = What it does was not looked at
problem-not-seen-mend = look (dry_run), then send it again with seen
problem-unknown-raise = There is no such raise
problem-unknown-raise-mend = check its number
problem-no-delivery = There is nothing to follow yet
problem-no-delivery-mend = only an order to play whose first day has come is followed
orders-waiting = { $n ->
    [one] One draft of an order waits for your signature
   *[other] { $n_t } drafts of orders wait for your signature
}
orders-minutes = { $n ->
    [one] { $n_t } minute
   *[other] { $n_t } minutes
}
orders-seconds = { $n ->
    [one] { $n_t } second
   *[other] { $n_t } seconds
}
orders-report = Report
