# The auditor's room.
audit-title = Audit
audit-lead = Which plays do not count, and why: each with its signed record. Here one looks; no figure can be changed.
audit-campaign = Campaign
audit-from = From
audit-to = To the end of
audit-unit = Unit (code or name; empty: all)
audit-reason = Reason (code)
audit-log = Entries of the log
audit-after = Page
audit-ask = Ask
audit-summary = { $n ->
    [one] { $n_t } play that does not count, or is unclear
   *[other] { $n_t } plays that do not count, or are unclear
}
audit-none = There is none in this part of the log.
audit-caption = The time is that of the first frame; the record: device, epoch, number.
audit-when = When
audit-why = Why
audit-record = Record
audit-entry = entry
audit-csv = Download the whole answer (CSV)
audit-again = This address always gives this answer, whatever comes in later:
audit-checkpoint = { $n ->
    [one] In the first { $n_t } entry of the log. Checkpoint:
   *[other] In the first { $n_t } entries of the log. Checkpoint:
}
audit-bad-campaign = choose a campaign of the list
audit-bad-day = write the day as 2026-11-20, a day that exists
audit-bad-days = the first day comes before the last, at most 366 days
audit-bad-after = open it again from the first page
audit-bad-log = the log has not come so far
audit-bad-field = look at this value again
audit-draws-title = Random samples
audit-draws-open = Draw, and hand findings in
audit-draw-title = Draw a sample
audit-draw-hint = Take something public that nobody can choose beforehand, tonight's lottery for example. Days that are over: of counted plays; from tomorrow on: of planned ones.
audit-confidence = Confidence
audit-max_bad = Most bad plays
audit-seed = Public number
audit-draw-button = Draw
audit-no-seed = Public number: is missing. For example: XSMB 2026-11-26: 48213
audit-no-draw = Cannot draw: { $why }
audit-draw-what = { $campaign }, { $from } – { $to }: look at { $n_t } of { $of_t } plays.
audit-draw-found = Looked at: { $looked_t }, bad: { $bad_t }, could not look: { $not_t }, open: { $open_t }.
audit-proves-met = With a confidence of { $confidence } % fewer than { $max } % are bad.
audit-proves-met-of-looked = With a confidence of { $confidence } %, of what could be looked at, fewer than { $max } % are bad.
audit-proves-not = Not shown yet that fewer than { $max } % are bad.
audit-list = Download the list to take along (CSV)
audit-findings = Hand findings in
audit-findings-hint = Fill the columns result (as-expected, other-picture, dark, could-not-look), by and at of the list, and paste it here. It is taken whole or not at all; findings go into the log and are never changed.
audit-findings-button = Hand in
audit-refused = The list has mistakes, so no line of it was taken:
audit-done-drawn = Drawn, and stated in the log.
audit-done-found = The findings are in the log.
audit-bundle = Bundle of evidence and verifier
audit-step-1 = Download the bundle of a campaign and of the days to be checked (or ask an auditor of the whole city):
audit-bundle-get = Download (ZIP)
audit-bundle-none = The log has no checkpoint yet, so there is nothing for a bundle to stand on. The server makes one within minutes.
audit-bundle-busy = Another bundle is being made. Try again in some minutes.
audit-step-2 = Take the program lichphat-verify from a source of your own (a release, or built from the source, directory verify), not from the server that is audited. It runs without a network.
audit-step-3 = Check the bundle with the policy of whoever supervises and the checkpoint that you kept last time:
