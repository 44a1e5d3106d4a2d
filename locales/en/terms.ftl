# Words of the closed lists.
weekday-0 = Monday
weekday-1 = Tuesday
weekday-2 = Wednesday
weekday-3 = Thursday
weekday-4 = Friday
weekday-5 = Saturday
weekday-6 = Sunday

kind-managed = device of this system
kind-third-party = run by somebody else
kind-none = no device yet

link-owner = owner
link-territory = territory
link-sector = sector
link-operator = operator

force-required = required
force-assigned = assigned
force-requested = requested
force-encouraged = encouraged
force-contract = contract

standing-reporting = reporting
standing-declared = declared
standing-silent = silent

content-contract = contracts
content-local = local content
content-order = other orders

in-place-blank = nothing plays instead
in-place-mute = plays without sound
in-place-solemn-loop = a solemn loop plays instead

suspended-leave-quota = these days leave it
suspended-make-good = made good on other days

role-viewer = Viewer
role-operator = Operator
role-approver = Approver
role-unit-head = Head of unit
role-city-editor = City editor
role-auditor = Auditor
role-administrator = Administrator
