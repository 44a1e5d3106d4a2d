# The console: the frame.
brand = Lịch phát
skip-to-content = Skip to content
nav-label = Main
other-language = Tiếng Việt
other-language-code = vi
as-of = Figures of { $time }.
as-of-newer = These are the figures of { $time }. Newer ones are being made.
connection-lost = No connection to the server: the figures on this page may be old.
pages-label = Pages of the list
pages = Page { $page_t } of { $of_t }
page-previous = Previous
page-next = Next
tag-sample = sample
tag-simulated = simulated
n-screens = { $n ->
    [one] { $n_t } screen
   *[other] { $n_t } screens
  }
n-units = { $n ->
    [1] { $n_t } unit
   *[other] { $n_t } units
  }

# Today.
overview-title = Today
overview-screens = { $n ->
    [one] { $n_t } screen in the whole city
   *[other] { $n_t } screens in the whole city
  }
start-title = First steps
start-text = There is no screen yet. Do these steps on the server, then load this page again.
start-demo = To look around with sample data:
step-units = Import the units (the 126 wards and communes of Hà Nội are included).
step-venues = Import the hours of each kind of place.
step-calendar = Import public holidays and make-up days.
step-screens = Import your screens (a CSV file).
step-directives = Write an order under Orders, or import it as a file. Plays are planned by themselves.
no-orders-title = No campaign is running
no-orders-text = The city's editor writes an order under Orders. Once it is signed and its content approved, its plays are planned.
verdict-all-met = { $on_duty ->
    [one] The one screen on duty has met the target.
   *[other] All { $on_duty_t } screens have met the target.
  }
verdict-short = { $short ->
    [one] { $short_t } of { $on_duty_t } screens is short of plays.
   *[other] { $short_t } of { $on_duty_t } screens are short of plays.
  }
verdict-waiting = { $met_t } of { $on_duty_t } screens have met the target; the play logs of { $short_t } are awaited.
verdict-some-waiting = { $n ->
    [one] Of these { $n_t } only waits for its play log.
   *[other] Of these { $n_t } only wait for their play logs.
  }
verdict-all-met-units = { $on_duty ->
    [1] The one unit on duty has met the target.
   *[other] All { $on_duty_t } units have met the target.
  }
verdict-short-units = { $short ->
    [one] { $short_t } of { $on_duty_t } units is short of plays.
   *[other] { $short_t } of { $on_duty_t } units are short of plays.
  }
verdict-waiting-units = { $met_t } of { $on_duty_t } units have met the target; the play logs of { $short_t } are awaited.
verdict-some-waiting-units = { $n ->
    [one] Of these { $n_t } only waits for its play log.
   *[other] Of these { $n_t } only wait for their play logs.
  }
verdict-first-day = No day has ended yet: met or short is known from tomorrow on.
verdict-nobody = This campaign is aimed at no screen yet.
today-sum = { $planned ->
    [one] { $planned_t } play is scheduled today: { $parts }.
   *[other] { $planned_t } plays are scheduled today: { $parts }.
  }
today-nothing = No play is scheduled today.
day-sum = { $planned ->
    [one] { $planned_t } play was scheduled: { $parts }.
   *[other] { $planned_t } plays were scheduled: { $parts }.
  }
day-nothing = No play was scheduled.
sum-counted = { $n ->
    [one] { $n_t } counts
   *[other] { $n_t } count
  }
sum-refused = { $n ->
    [one] { $n_t } does not count
   *[other] { $n_t } do not count
  }
sum-unknown = { $n ->
    [one] { $n_t } is unclear
   *[other] { $n_t } are unclear
  }
sum-outside = { $n_t } outside the windows
sum-open = { $n ->
    [one] { $n_t } is not played or not heard of yet
   *[other] { $n_t } are not played or not heard of yet
  }
sum-made-good = Beside the schedule { $n_t } made good: { $all_t } count together.
sum-made-good-refused = { $n_t } made good without counting.
sum-late = { $n ->
    [one] Of those that count, { $n_t } was heard of more than a day late.
   *[other] Of those that count, { $n_t } were heard of more than a day late.
  }
row-made-good = { $today }, { $n_t } made good
day-alone = The result of this day alone.
day-yesterday = Yesterday
causes-title = Causes, and what to do
figure-existing = Existing screens
figure-reporting = Reporting
figure-declared = Declared
figure-silent = Silent
figure-declared-plays = Plays declared by others, not proven
figure-mean = Average plays a day
figure-made-good = Plays made good
rule-average = { $plays_t } times a { $per } on average
rule-at-least = At least { $plays_t } times a { $per }
rule-within-peak = inside the peak hours
rule-within-duty = inside the opening hours
rule-of-unit = by all screens of a unit together
per-day = day
per-iso-week = week
per-month = month
per-quarter = quarter
per-year = year
period = From { $from } to the end of { $to }
units-title = By unit
units-shown-below = The units below are this campaign's
units-show = Show the units
wards-summary = { $n_t } wards and communes: { $met_t } met, { $short_t } short.
wards-summary-waiting = { $n_t } wards and communes: { $met_t } met, { $short_t } short, { $waits_t } before the end of their first day.
wards-without = { $n ->
    [one] { $n_t } ward or commune has no targeted screen yet.
   *[other] { $n_t } wards and communes have no targeted screen yet.
  }
units-summary = { $n ->
    [one] { $n_t } unit
   *[other] { $n_t } units
  }: { $met_t } met, { $short_t } short.
units-summary-waiting = { $n ->
    [one] { $n_t } unit
   *[other] { $n_t } units
  }: { $met_t } met, { $short_t } short, { $waits_t } before the end of the first day.
units-none = No unit in this view.
units-caption = Screens that met the target or are short since the campaign began; units with problems first.
units-caption-day = Screens that met the target or are short on this day alone; units with problems first.
by-link-label = View by
by-link-territory = Territory
by-link-owner = Owner
by-link-sector = Sector
by-link-operator = Operator
col-unit = Unit
col-screens = Screens
col-met = Met
col-short = Short
col-today = Today
col-counted = Counted
col-cause = Main cause
others-title = Other campaigns
order-ended = ended on { $day }
order-upcoming = begins on { $day }
order-paused = between two periods
order-without-number = running, without a number of plays
order-suspending = in force: playing is suspended

# When something is wrong.
error-back-home = Back to Today
error-back-to-today = Show today
error-busy-title = Many reports are being made at once
error-busy = It is not your turn yet.
error-busy-mend = Nothing is needed of you: the page tries again in 10 seconds.
error-busy-again = Try now
error-busy-own-title = You wait for several things at once
error-busy-own = Each account may have 3 long pieces of work at once, and none of your 3 is done.
error-busy-own-mend = Nothing is needed of you: the page tries again in 10 seconds.
error-making-title = The figures are being made
error-making = Today's figures are not there yet for the first time.
error-making-mend = Nothing is needed of you: the page comes by itself, mostly after a few seconds.
error-gone-title = The figures of that page are no longer kept
error-gone = This report has been open for long, so no file of exactly its figures can be had any more.
error-gone-mend = Open the report again and take the files from the new page, so that all of them are of the same figures.
error-gone-again = Open the report again
error-not-found-title = There is no such page
error-not-found = This address leads nowhere.
error-not-found-mend = It may be mistyped or out of date.
error-unknown-unit-title = There is no such unit
error-unknown-unit = No unit has the code “{ $value }”.
error-unknown-unit-mend = Look for the unit in the list of the page Today.
error-unknown-screen-title = There is no such screen
error-unknown-screen = No screen has the code “{ $value }”.
error-unknown-screen-mend = Look for the screen on its unit's page.
error-unknown-order-title = No such order
error-unknown-order = No order has the code “{ $value }”.
error-unknown-order-mend = Look for the order in the list of campaigns on today's page.
error-bad-day-title = Not a day
error-bad-day = “{ $value }” is not a day that exists.
error-bad-day-mend = Write the day as year-month-day, for example 2026-11-20.
error-bad-time-title = Not a time
error-bad-time = “{ $value }” is not a time of the day.
error-bad-time-mend = Write the time as hour:minute, from 00:00 to 23:59, for example 08:30.
error-bad-method-title = This page is for reading only
error-bad-method = Nothing can be sent to this page.
error-bad-method-mend = Open it by its plain address.
error-internal-title = The server failed
error-internal = This page cannot be shown now. Screens go on playing.
error-internal-mend = Try again in a minute; if it fails again, ask the administrator to look at the server's log.

# A unit.
crumbs-label = Path
screens-title = Screens
screens-label = Filter screens
screens-all = All ({ $n_t })
screens-short = Short ({ $n_t })
screens-silent = Silent ({ $n_t })
screens-none = No screen in this view.
screens-caption = Plays today (scheduled: counting/all), and what is missing since the campaign began.
col-screen = Screen
col-made-good = Made good
col-missing = Missing
col-heard = Heard
heard-never = never heard
ago-now = just now
ago-minutes = { $n ->
    [one] { $n_t } minute ago
   *[other] { $n_t } minutes ago
  }
ago-hours = { $n ->
    [one] { $n_t } hour ago
   *[other] { $n_t } hours ago
  }
children-title = Units below ({ $n_t })

# A screen on one day.
days-label = Choose the day
day-previous = Day before
day-next = Day after
fact-place = Kind of place
fact-owner = Owner
fact-territory = Territory
fact-sector = Sector
fact-operator = Operator
fact-kind = Device
fact-heard = Heard
fact-duty = On duty
fact-peak = Peak hours
duty-none = off all day
peak-none = none
about-title = About this screen
note-closure = Closed { $hours }: { $reason } ({ $author }).
note-closure-late = Closed { $hours }: { $reason } ({ $author }). Entered after it had begun: what was owed before stays owed.
note-suspended = Suspended by the order “{ $order }”, { $hours }: { $content } – { $in_place }. Quota: { $days }.
all-day = all day
note-off-duty = The screen is off duty on this day, so nothing is owed.
note-no-plan = There is no plan for this day yet. Plans are made 7 days ahead.
note-declared = { $order }: { $n ->
    [one] { $n_t } play in its hours is declared by others: not proven, and no part of the result.
   *[other] { $n_t } plays in its hours are declared by others: not proven, and no part of the result.
  }
note-declared-refused = { $order }: { $n ->
    [one] { $n_t } play in its hours is declared by others: not proven, and no part of the result; { $refused_t } more would not count ({ $why }).
   *[other] { $n_t } plays in its hours are declared by others: not proven, and no part of the result; { $refused_t } more would not count ({ $why }).
  }
screen-declared = { $n ->
    [one] { $n_t } play declared by others, not proven
   *[other] { $n_t } plays declared by others, not proven
  }
note-no-plan-past = There was no plan for this day.
tier-fixed = fixed event
tier-order = order
tier-contract = contract
tier-local = local content
tier-fallback = safe content
ledger-owed = The day's own share
ledger-asked = Asked of the plan, run-ahead included
ledger-planned = Planned
ledger-counted = Counted
ledger-outside = Outside the windows
ledger-not-counted = Not counted
ledger-unknown = Unclear
ledger-upcoming = To come
ledger-pending = Waiting for the log
ledger-missed = Missed
ledger-made-good = Beside the plan: made good
ledger-made-good-refused = Made good without counting
ledger-late = Records that came late
so-far-first-day = The campaign's first day has not ended yet.
timeline-title = Time line
timeline-hint = Choose an hour to see every play. Scroll sideways for the whole day.
zoom-label = Zoom
zoom-to = Zoom to
zoom-whole-day = Whole day
hour-previous = Hour before
hour-next = Hour after
row-people = People
row-duty = On duty
row-planned = Planned
row-played = Played
legend-label = Legend
legend-good = counted
legend-bad = not counted or missed
legend-made = made good
legend-unknown = unclear
legend-open = waiting for the log
legend-next = to come
legend-peak = peak hours
legend-foot = people
legend-duty = on duty
legend-now = now
plays-title = Every play
plays-caption = { $n ->
    [one] { $n_t } play
   *[other] { $n_t } plays
  }, planned or made good; choose a time to learn why.
plays-none = No order asked for plays on this day.
plays-more = { $n ->
    [one] Show { $n_t } more play of contracts and events
   *[other] Show { $n_t } more plays of contracts and events
  }
plays-fewer = Show only the orders' plays
col-time = Time
col-campaign = Campaign
col-state = Result
state-upcoming = To come
state-counted = Counted
state-counted-late = Counted (the log came late)
state-counted-outside = Played outside the windows, reported apart
state-not-counted = Not counted: { $cause }
state-missed = Missed: { $cause }
state-made-good = made good at { $time }
make-good-of = makes good the slot of { $time }
make-good-of-day = makes good the slot of { $time } on { $day }
record-shown = Log: { $from }–{ $to }, level { $level }, record { $device }
record-not-shown = Log: not played at { $from }, record { $device }

# Why?
why-button = Why does this play?
why-title = Why?
why-at = At
why-campaign = Campaign
why-all = All
why-ask = Ask
why-on-screen = by the plan
why-nothing = Nothing plays
why-off-duty = Off duty. The screen is on { $hours }.
why-no-plan = There is no plan for this day yet ({ $hours }).
why-gap = A gap in the plan ({ $hours }): the device shows its safe content.
why-tier-fixed = A fixed event: it starts at its own second, before anything else.
why-tier-local = Local content, played between the slots in the shares of its items.
why-tier-fallback = Safe content, played when there is nothing else, so that the screen is never black.
why-evidence = What the log says
why-no-record = There is no play log of this moment yet.
why-others = Each campaign at this moment
why-none = No campaign asks for this screen on this day.
why-rule = Rule
record-of-screen = screen
record-of-directive = order
record-of-contract = contract
record-of-closure = closure
record-of-item = item
plan-version = Plan version { $version }, made at { $made } ({ $cause }).
plan-cause-first-plan = first plan
plan-cause-planned-by-hand = planned by hand
plan-cause-new-facts = new facts
plan-cause-simulated-day = simulated day
plan-cause-data-changed = data changed

# Peak windows from counts.
peaks-title = Peak hours from counts
peaks-lead = Each week the peak hours are derived again from the counts of the last complete weeks and proposed here. Only what somebody accepted applies, and no day before its own changes.
peaks-waiting = { $n ->
    [one] One proposal of peak hours waits for a decision
   *[other] { $n_t } proposals of peak hours wait for a decision
  }
peaks-none = Nothing waits for a decision
peaks-follow = To let the peak hours of a screen follow its counts:
peaks-venue = Kind of place: { $name }
peaks-for = If it is accepted, it applies from { $day } on.
peaks-basis = From counts of { $from } to { $to }; the new hours hold { $share } % of the people.
peaks-days = Days
peaks-before = Hours now
peaks-after = Hours proposed
peaks-counted = Days counted
peaks-same = (the same)
peaks-none-before = none
peaks-accept = Accept it (name who answers for it):
peaks-refuse = Refuse it:
peaks-decided = Decided lately
peaks-accepted = Week of { $week }: accepted by { $by }, applies from { $from } on.
peaks-refused = Week of { $week }: refused by { $by }.
peaks-lapsed = Week of { $week }: lapsed, nobody decided.
class-working_day = Working days
class-saturday = Saturdays
class-sunday_holiday = Sundays and days off
# Before an order begins: which screens can carry it.
preflight-link = Look ahead: which screens can carry it
preflight-title = Can it be carried?
preflight-day = { $day }
preflight-days = From { $from } to the end of { $to }
preflight-only-day = There are many screens, so this page looks only at the day of the next seven on which most are on duty; the command lichphat preflight looks at more.
preflight-working = Every screen's days are being planned for a trial.
preflight-busy = Many orders are being tried out at once, so this one has to wait.
preflight-busy-own = Each account may have 3 orders tried out at once, and none of your 3 is done.
preflight-again = The answer appears by itself when it is ready.
preflight-no-number = This order names no number of plays, so there is nothing to look at.
preflight-ended = The order ended on { $day }: there is no day left to look at.
preflight-nobody = No screen of this system has to play the order on the days to come.
preflight-all-can = { $n ->
    [one] The one screen can carry it.
   *[other] All { $n_t } screens can carry it.
  }
preflight-some-cannot = { $cannot ->
    [one] { $cannot_t } of { $n_t } screens lacks room, by { $seconds_t } s a day.
   *[other] { $cannot_t } of { $n_t } screens lack room, by { $seconds_t } s a day.
  }
preflight-targeted = Targeted
preflight-can = Can carry it
preflight-cannot = Lack room
preflight-off-duty = Off duty
preflight-not-managed = Run by others
preflight-no-variant = Without a variant
preflight-no-fallback = Without a safe loop
preflight-nothing-asked = Nothing asked
preflight-smallest = The smallest relaxation
preflight-no-relaxation = No relaxation that was tried helps: gap, plays, windows, contracts.
preflight-other-ways = Other ways
preflight-hours-title = Hours that lack room
preflight-hours = { $n ->
    [one] { $n_t } screen, at most { $seconds_t } s a day
   *[other] { $n_t } screens, at most { $seconds_t } s a day
  }
preflight-contracts-title = Contracts that give way
preflight-contracts-none = No contract loses a play.
preflight-contracts-caption = Plays and seconds a day that contracts lose on all screens together.
preflight-col-contract = Contract
preflight-col-plays = Plays
preflight-col-seconds = Seconds
preflight-col-placed = Placed
preflight-col-lacks = Lacks
preflight-col-displaced = Contracts lose
preflight-screens-caption = Plays that found a place of those asked for on the days looked at; what lacks and what contracts lose in seconds of the worst day. Screens with problems first.
preflight-tab-all = All ({ $n_t })
preflight-tab-cannot = Lack room ({ $n_t })
preflight-result-can = can carry it
preflight-result-cannot = lacks room
preflight-result-off-duty = off duty on these days
preflight-result-no-fallback = no safe loop, so it is not planned
preflight-result-not-managed = run by somebody else
preflight-result-no-variant = no variant it could play
preflight-result-nothing-asked = nothing is asked of it

# the box at a screen
box-title = Player
box-heard = Heard
box-temperature = Temperature
box-disk = Disk
box-memory = Memory of the box
box-player-memory = Memory of the player
box-clock = Clock
box-clock-offset = { $ms } ms off the server
box-display = Display
box-uptime = Box on for
box-running = Player running for
box-data = Network data this month
box-unproven = Records waiting for the proof of the log
box-missing = Files still to fetch
box-versions = Versions
box-room = { $free } free of { $total }
box-faults = The player says
clock-synced = synchronised
clock-holdover = no time service vouches for it
clock-unset = not known
level-dark = dark
level-D0 = level D0, the log alone
level-D1 = level D1, frames rendered
level-D2 = level D2, the connector is on
level-D3 = level D3, the panel answers
span-minutes = { $n ->
    [one] { $n_t } minute
   *[other] { $n_t } minutes
    }
span-hours = { $n ->
    [one] { $n_t } hour
   *[other] { $n_t } hours
    }
span-days = { $n ->
    [one] { $n_t } day
   *[other] { $n_t } days
    }
device-forked = It told two stories for one place in its records: was it cloned, or put back from an old image? None of the second counts. See lichphat check.
device-doubled = Two boxes are running with its identity: was its disk copied? Find the second one, revoke this device and pair the right box by code.
trouble-panel-dark = The panel is off or unplugged: plays do not count. Switch it on, plug the cable in again.
trouble-log-rewritten = The server's log was rewritten after the player had verified it. The player keeps every record. Tell the auditors at once; delete nothing on the server.
trouble-log-foreign = The server's log is not signed by the key that the player was given. The player keeps every record. If a new log was begun, run lichphat-player trust-log on the device (docs/log.md); if not, check keys/log.key and [log] origin.
trouble-log-not-held = The server says that it holds records of the player, and its log does not have them. The player keeps every record. Run lichphat check on the server.
trouble-log-rolled-back = The server's log is shorter than before: was an old backup restored? The player keeps every record. Bring back the newest backup and tell the auditors.
trouble-proof-late = For more than two days the player could not verify that the server's log holds its records. It keeps every record. See the log on the page of today, and the network.
trouble-disk-full = The disk is full: play records may find no room. Remove files that are not the player's or fit another card.
trouble-disk-nearly-full = The disk is nearly full. Remove files that are not the player's or fit a larger card.
trouble-clock-unset = The box does not know the time: plays do not count yet. Check the network, switch time synchronisation on.
trouble-clock-alone = No time service vouches for the clock of the box. Switch time synchronisation on.
trouble-clock-off = The clock of the box disagrees with the server's. Check time synchronisation at both.
trouble-too-hot = The box is too hot. Clear its vents of dust, give it air, keep the sun off it.
trouble-memory-short = The box is nearly out of memory. Stop what else runs on it, or start it again.

# what is asked of a player
ask-title = Ask the player
ask-by = Who asks
ask-percent = Volume, %
ask-screenshot = Take a screenshot
ask-identify = Show the screen's name
ask-challenge = Show an inspection code
ask-volume = Set the volume
ask-log = Fetch its log
ask-restart = Restart the player
ask-hint = The player hears of it within a minute. What is not done within 15 minutes expires.
asked-title = Asked lately
asked-by = { $time }, { $by }
asked-picture-alt = What the screen showed at { $time }
outcome-waiting = Waiting for the player
outcome-done = Done
outcome-picture = Taken
outcome-log = Fetched
outcome-shown = Shown on the screen from { $from } to { $until }
outcome-challenge = Code { $code } on the screen from { $from } to { $until }
outcome-expired = Expired: the player did not hear of it in time
outcome-failed = Not done: { $why }
failed-no-picture = no picture is shown
failed-too-soon = one was taken just now, wait ten seconds
failed-too-large = the picture is too large
failed-not-encoded = the picture could not be encoded
failed-interrupted = it was interrupted, perhaps by a power cut
failed-not-remembered = the disk cannot be written
failed-superseded = the player has done a newer one
error-bad-command-title = Not asked
error-bad-command = It could not be asked: { $value }
error-bad-command-mend = Go back to the screen's page and try again.
error-forbidden-title = Not allowed
error-forbidden = This request does not come from a page of lichphat.
error-forbidden-mend = Open the screen's page and use the button there.

# The log and its witnesses.
log-title = The log and its witnesses
log-unpublished = The log was not published yet.
log-published = The log has { $n_t } entries, published last at { $time }.
log-unasked = No witness is asked. Ask at least one other body, such as the inspectorate: write it into [log] witnesses.
log-vouched = Witnesses cosign it.
log-alone = For more than an hour no witness has cosigned it. Screens and log go on as usual; the reasons stand below.
log-contradicted = A witness says that this log is not what it has cosigned. Delete nothing; read the reason below and tell the auditors.
log-rolled-back = The log has stopped: { $published_t } entries were published and the database holds { $held_t } of that history; it may come from an older backup. Screens go on and keep every record. Bring the newest database back; if it is lost, run lichphat log restart.
log-waits = The log waits, because the data were restored from a backup: it must not publish a second history. Screens go on and keep every record. Give it the newest checkpoint anybody has: lichphat log resume FILE; was more published than is left, run lichphat log restart.
log-renamed = The log has stopped: what was published is of the log { $name }, and the name in [log] origin or keys/log.key is of another one. Put name and key back as they were; a new log is begun by lichphat log restart alone.
witness-cosigned = { $name }: has cosigned { $n_t } entries, last at { $time }.
witness-never = { $name }: has never cosigned.
witness-silent = It gave no answer that holds ({ $detail }). See that the witness runs at { $url }, and to the network between.
witness-unknown-log = It does not know this log. Give its owner the log's public key, as lichphat init prints it.
witness-ahead = It has cosigned { $theirs_t } entries and the server has { $ours_t }: the server was restored from an older backup. Bring the newest database back; if it is lost, run lichphat log restart.
witness-rewritten = The log does not continue the { $n_t } entries it has cosigned: entries were changed, or the server went on from an older backup. Bring the newest database back and tell the auditors; if it is lost, run lichphat log restart.

# signing in, the account
sign-in = Sign in
sign-out = Sign out
sign-account = Account
sign-password = Password
sign-digits = Six digits on the telephone
sign-first = Signing in for the first time, or with a one-time code
sign-lost = Password forgotten or telephone lost: ask an administrator for a new one-time code.
first-title = First sign-in
first-code = One-time code
first-code-hint = Type the one-time code that an administrator has given you.
first-next = Go on
first-account-hint = Small letters without marks, digits, dots, underscores, hyphens. The name stands in the public log: use no identity number.
first-name = Full name
first-password = New password
first-password-hint = At least 12 characters; a short sentence is easiest to remember.
first-again = New password again
first-authenticator = Six digits
first-authenticator-hint = Open an authenticator app on the telephone (Google Authenticator, Microsoft Authenticator or another), scan this picture and type the six digits it shows.
first-picture = QR code that adds the account to the authenticator app
first-secret = It cannot be scanned? Type this key into the app:
first-done = Done, sign in
home-title = My units
home-nothing = This account has no role yet. Ask an administrator.
account-title = My account
account-people = Accounts of others
account-no-grants = No role yet.
account-weak = This session was begun without the six digits or a passkey: no approving, directing, enrolling or administering.
account-password = Change the password
account-old = Present password
account-change = Change the password
account-password-done = The password is changed. Every other session has ended.
sign-passkey = With a passkey: leave the six digits empty.
sign-passkey-at = Passkeys are good at { $address } only.
passkey-show-title = Show the passkey
passkey-show-hint = The password is right. Last step: the passkey of your telephone, computer or security key.
passkey-show = Show the passkey
passkey-digits = Sign in again with the six digits
passkey-failed = The device has shown no passkey. Try again; the page has to be open at the server's own address, under a certificate that the browser trusts.
passkey-script = Passkeys need JavaScript: switch it on in the browser, or use the six digits.
passkeys-title = Passkeys
passkeys-hint = In place of the six digits: opened by finger, face or the screen's lock. No false page can get hold of them.
passkeys-nowhere = Not here yet: this server has not been set up for passkeys. Password and six digits go on working; ask an administrator if you want one.
passkeys-nowhere-setting = Not here: the server has no address by name (address in [web] of its settings).
passkeys-at = Good at { $address } only: open this page at that address.
passkeys-weak = To add a passkey, sign in with the six digits.
passkey-row = { $name }: added { $made }, last used: { $used }
passkey-unused = never
passkey-name = A name to know it by, such as: my telephone
passkey-add = Add a passkey
passkey-make-hint = The browser will ask for finger, face or the screen's lock. Be done within five minutes.
passkey-make = Make the passkey
passkey-remove = Take away
passkey-added = The passkey is added. Next time leave the six digits empty.
passkey-removed = The passkey is taken away.
digits-remove = Do without the six digits
digits-remove-hint = Who has a passkey can do without the six digits, so that nobody can ask for them. Who loses all passkeys asks an administrator for a one-time code.
digits-removed = There are no six digits any more: only passkeys let you in.
whole-city = the whole city
grant = { $role }: { $unit }
grant-days = from { $from } to { $to }
grant-by = passed on by { $by }
error-role-title = No role for this
error-role = This account has no role for that here.
error-role-mend = If it is needed, ask an administrator for the role, or for a delegation.
error-weak-title = Six digits or a passkey are needed
error-weak = This needs a sign-in with password and six digits or a passkey.
error-weak-mend = Sign out, then sign in again with the six digits or a passkey.
error-signed-out-title = The session is over
error-signed-out = Nobody is signed in here, or the session has expired.
error-signed-out-mend = Sign in, then do it again.

# pairing
pairing-title = Pair a box
pairing-enter = Enter the code
pairing-hint = The eight signs that the new screen shows; they hold for ten minutes.
pairing-code = Code on the screen
pairing-screen = Screen
pairing-screen-code = The screen's code in the directory
pairing-next = Continue
pairing-look = Look before you pair
pairing-confirm = Yes, pair this box
screen-now-paired = The code is taken: the box is coming in, mostly within seconds
pairing-replaces = Device { $device } stands at this screen: the new one takes its place; history stays.
pairing-no-code = No box shows this code. It has eight signs and holds for ten minutes; read it from the screen again.
pairing-wait = Too many wrong codes; wait ten minutes.
pairing-no-screen = No screen of this code is yours to pair a box with.
account-pairing = Pair a new box

# accounts: the list, and each of them
people-title = Accounts
people-search = By name or account
people-find = Find
people-caption = The accounts within your reach.
people-state = State
people-roles = Roles
people-add = Add an account
people-role = Role
people-unit = Unit (code or name)
people-unit-hint = The role holds over this unit and every unit below. * stands for everywhere.
people-from = From
people-to = Through
people-decision = Number of the decision
people-code = One-time code of
people-code-hint = Shown this once, good for 3 days. Hand it over in person; it is typed on the page “First sign-in”.
person-active = in use
person-waits = has not signed in yet
person-ended = deactivated
person-done = Done.
person-revoke = Take back
person-grant = Give a role
person-code = New one-time code
person-code-hint = For who has lost password or telephone. The old password is good until the code is used; then every session, passkey and token ends, too.
person-end = Deactivate
person-end-hint = Every session, token, role and delegation of this account ends at once.
person-heir = Who takes over what it left open (account)
account-delegate = Delegate
account-delegate-hint = Passes a role of yours on for some time. It goes no further.
account-delegate-to = To whom (account)
account-delegated = Passed on.
error-unknown-account-title = No such account
error-unknown-account = No account has the name “{ $value }”.
error-unknown-account-mend = Look for it in the list of accounts.
approvals-title = Approvals
approvals-lead = Nothing is shown that was not approved. The city's orders and safe loops take two people of the city; a unit's own content one of it or of a unit above. Nobody approves what he brought himself.
approvals-none = Nothing waits for approval
approvals-needs-city = It takes two people who may approve for the whole city.
approvals-needs-unit = It takes one who may approve for the unit or one above.
approvals-brought = Brought by { $by }, { $time }.
approvals-kept = Brought by { $by }, { $time }; now looked after by { $keeper }.
approvals-everywhere = Every screen
approvals-from = From { $day }
approvals-until = To the end of { $day }
approvals-always = On any day
by-shell = the server's shell
approvals-file = { $length } s, { $size } KiB
approvals-said-yes = { $by } approved it at { $time }: { $words }
approvals-one-hand = Both approvers have their role from { $by }, last given { $days ->
    [0] today
    [one] one day ago
   *[other] { $days_t } days ago
} ({ $time }): they may be one person.
approvals-said-no = { $by } refused it at { $time }: { $words }
approvals-decision = Number of the written decision
approvals-agreed = You have approved this. One more person has to.
approvals-approve = Approve
approvals-reason = Reason
approvals-refuse = Refuse
approvals-decided = Decided
approvals-withdraw = Withdraw…
approvals-withdraw-sure = Every screen with a network stops showing it within seconds, also in the middle of a play. To be shown again it has to be approved anew.
approvals-withdraw-now = Withdraw now
approvals-waiting = { $n ->
    [one] One proposal waits for your word
   *[other] { $n_t } proposals wait for your word
  }
withdrawals-full = { $n_t } % of the room for withdrawals is taken: let whoever looks after the server take back files instead of single decisions
device-doubled-at = Two boxes show the identity of { $screen }: find the copied one and pair it anew
preflight-not-approved = Nothing of it is shown yet: proposal { $number } is { $state }
pairing-new-screen = A screen that is not in the directory yet comes first: an administrator of the city imports it, then come back here.
