# What an open page says of itself.
live-over = Your session is over. Sign in again to see newer figures.
