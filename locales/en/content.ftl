# A unit's own content.
content-title = Own content
content-screens = { $n ->
    [one] Plays on the unit's one screen, between the city's campaigns.
   *[other] Plays on { $n_t } screens of the unit, between the city's campaigns.
  }
content-drafts = { $n ->
    [one] One draft was not sent for approval
   *[other] { $n_t } drafts were not sent for approval
  }
content-send-about = Once it is sent, the approver looks at the picture and decides. Nothing plays before.
content-send = Send for approval
content-add = Add a file
content-file = Film, picture or sound
content-upload = Upload
content-progress = How much of the file was sent
content-limits = At most { $most } MiB a file. Film: MP4 (H.264, AAC); an odd length is cut to whole seconds. Picture: PNG, JPEG or WebP.
content-too-large = The file is too large: export it smaller or shorter, and send it again.
content-cutting = { $n ->
    [one] { $n_t } film is being cut to whole seconds
   *[other] { $n_t } films are being cut to whole seconds
}, one at a time. Other files can be sent meanwhile.
content-upload-lost = The connection was lost while the file was sent: the server kept nothing. Send it again.
content-checking = Sent. The server is checking the file …
content-cut = The film had { $was } s; plans reckon in whole seconds, so it was cut to { $length }. Look at it before you send it.
content-loop = Loop
content-empty = There is nothing yet. Add a film or a picture above.
content-round = { $n ->
    [one] A round: one item, { $length }.
   *[other] A round: { $n_t } items, { $length }.
  }
content-preview = Preview what a screen will show
content-moved = Moved, and not saved.
content-save-order = Save the order
content-up = Move up
content-down = Move down
content-edit = Edit
content-over = Over
content-back = Back to the content
content-choose = For which unit do you want to bring content?
content-choose-unit = Name or code of the unit
content-choose-go = Open
content-choose-denied = You may not bring content for this unit.
content-seconds = { $s_t } s
content-minutes = { $m_t } min
content-minutes-seconds = { $m_t } min { $s_t } s
content-kind-video = film
content-kind-still = picture
content-kind-audio = sound
content-what = { $plays ->
    [one] { $kind } · { $length }
   *[other] { $kind } · { $length } · { $plays_t } times a round
  }
content-always = Every day
content-everywhere = Every screen of the unit
content-state-draft = Draft
content-state-draft-note = not sent for approval
content-state-over = Over
content-state-no-file = File missing
content-state-no-file-note = upload it again
content-state-approved = Approved
content-state-later = plays from { $day }
content-state-waits = Waits for approval (proposal { $number })
content-state-refused = Refused
content-state-refused-note = { $by }: { $words }
content-state-withdrawn = Withdrawn
content-state-withdrawn-note = to play it again, change it and send it for approval
content-state-unasked = Not approved
content-state-unasked-note = open and save it to send it for approval
content-name = Name
content-length = Seconds for which the picture is shown
content-plays = Times in each round
content-days = Days
content-from = From
content-to = Until the end of
content-days-hint = Leave empty to play without limit.
content-week = Days of the week
content-hours = Hours
content-hours-from = From
content-hours-to = to
content-hours-hint = Leave all three empty to play whenever the screen is on.
content-kinds = Kinds of place
content-again = This was sent for approval. More days or more places must be approved again; other hours or another order need not. A change holds from tomorrow on.
content-save = Save
content-drop = Throw the draft away
content-drop-about = This draft will be gone from the list.
content-take-off = Take it off the loop
content-take-off-about = From tomorrow on it is in no plan. To stop it today, the approver withdraws it on the approvals page.
content-changed = Somebody else has just changed this, so nothing was saved. Look at the newest, and save again.
content-gone = It is no longer in the list.
content-full = The list is full: take an item off before you add one.
content-preview-title = What a screen will show
content-preview-screen = Screen
content-preview-day = Day
content-preview-at = From
content-preview-look = Look
content-preview-duty = Duty hours:
content-preview-in-force = This is the plan that the screen was sent.
content-preview-as-if = This is the plan of the day if the unit's content is all approved.
content-preview-nothing = There is no plan for this day, or the screen is off.
content-preview-no-screen = The unit has no screen yet.
content-preview-empty = Nothing in this hour.
content-preview-waits = not approved
content-step = Item { $n_t } of { $of_t }
content-step-label = One after the other
content-step-list = The whole hour
content-step-open = Look at it large
content-hours-label = Hours of the day
content-hour-before = Hour before
content-hour-after = Hour after
error-upload-large-title = The file is too large
error-upload-large = The server takes files of up to { $value } MiB.
error-upload-large-mend = Export it smaller or shorter, and send it again.
error-upload-length-title = Nobody knows how long the file is
error-upload-length = The browser does not say how long the file is.
error-upload-length-mend = Try another browser.
error-upload-room-title = The server is nearly full
error-upload-room = The server's disk has no room for this file.
error-upload-room-mend = Tell the administrator to clear it, and send the file again. The server kept nothing.
error-upload-busy-title = Another file is coming
error-upload-busy = You, or many others, are sending a file already.
error-upload-busy-mend = Wait until that one is done, and send it again.
