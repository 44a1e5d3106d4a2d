# Bringing a list of screens.
import-title = Bring a list of screens
import-hint = A CSV file in the columns of the one that the page of screens gives; fields divided by commas or semicolons. Nothing changes before you confirm it in the next step.
import-file = Choose a CSV file (UTF-8)
import-text = Or paste the file here, with its header line
import-look = See what would change
import-refused = The file has mistakes, so no line of it was taken. Mend these and send it again:
import-more = … and { $n_t } more.
import-not-utf-8 = The file is not UTF-8. In the spreadsheet choose “Save as… CSV UTF-8”.
import-preview = What would change
import-summary = { $new_t } new, { $changed_t } changed, { $same_t } as they are.
import-confirm = Take exactly these changes
import-new = new
import-changed = Something has changed since you looked, so nothing was taken. Look again and press once more.
import-done = It is taken in.
import-link = Bring a list of screens (CSV)
