# The menu.
nav-menu = Menu
nav-today = Today
nav-approvals = Approvals
nav-reports = Reports
nav-pairing = Pair a device
nav-people = Accounts
nav-screens = Screens
