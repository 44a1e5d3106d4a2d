# The menu.
nav-menu = Menu
nav-today = Today
nav-content = Own content
nav-approvals = Approvals
nav-reports = Reports
nav-pairing = Pair a box
nav-people = Accounts
nav-screens = Screens
nav-audit = Audit
