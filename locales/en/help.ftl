# Help.
help-title = Help
help-here = Help for this page
help-lead = One short page for each role. The ? at the head of each page leads to the part that is about it.
help-yours = For your roles
help-all = All
help-parts = On this page
help-others = Other guides
help-first-steps = First steps, one by one
