# Search.
search-title = Search
search-field = Find screens, units, campaigns, contracts, accounts
search-button = Search
search-hint = With Vietnamese marks or without, in capitals or not, words in any order.
search-none = Nothing found for “{ $text }”. Try fewer words, or a code.
search-found = { $n ->
    [one] { $n_t } result for “{ $text }”
   *[other] { $n_t } results for “{ $text }”
}
search-n-screen = { $n ->
    [one] { $n_t } screen
   *[other] { $n_t } screens
}
search-n-unit = { $n ->
    [one] { $n_t } unit
   *[other] { $n_t } units
}
search-n-order = { $n ->
    [one] { $n_t } campaign
   *[other] { $n_t } campaigns
}
search-n-contract = { $n ->
    [one] { $n_t } contract
   *[other] { $n_t } contracts
}
search-n-item = { $n ->
    [one] { $n_t } local item
   *[other] { $n_t } local items
}
search-n-account = { $n ->
    [one] { $n_t } account
   *[other] { $n_t } accounts
}
search-all-screens = See all screens that were found
